"""Why a task is there and stands where it stands on the list, in one sentence."""

from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import format_date, gettext, ngettext

from pro_app.reminders.task_outcomes import CALL, MESSAGE, MISSING_REASON
from pro_app.reminders.task_ranking import APPOINTMENT, NOTHING_ARRIVED, list_telling_messages
from pro_app.services.site_tasks import SiteTaskLine
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.matter_words import find_matter
from pro_app.web.clinic.words import day, known_word
from pro_app.web.message_words import CHANNELS


def why_words(line: SiteTaskLine) -> str:
    """Say in one sentence why a task is there."""
    matter = find_matter(line.task.kind)
    if matter is not None:
        return str(matter.whys.get(line.task.why, line.task.why)) % {"visit": line.visit_label}
    if line.task.kind == CALL:
        return str(gettext("“%(visit)s”: %(sentence)s.", visit=line.visit_label, sentence=_join(line)))
    said = _say_why(line)
    if line.visit_label and line.task.kind == MESSAGE:
        return str(gettext("“%(visit)s”: %(sentence)s", visit=line.visit_label, sentence=said))
    return said


def days_left_words(line: SiteTaskLine) -> str | None:
    """Say how much time is left: `closes in 2 days`; None where there is no last day."""
    left = line.days_left
    if left is None:
        return None
    if left < 0:
        return str(gettext("closed on %(date)s", date=day(line.task.until_on)))
    words = {0: gettext("closes today"), 1: gettext("closes tomorrow")}
    return str(words.get(left) or ngettext("closes in %(num)s day", "closes in %(num)s days", left))


def misses_words(line: SiteTaskLine) -> str | None:
    """Count the visits that were missed before; None if none was."""
    if not line.task.misses:
        return None
    words = ngettext("%(num)s missed before", "%(num)s missed before", line.task.misses)
    return str(words)


def _join(line: SiteTaskLine) -> str:
    """Put the reasons of a call together, in the order in which they weigh."""
    # The space before the semicolon is that of the language.
    separator = gettext("%(first)s; %(more)s")
    first, *more = _list_reasons(line)
    for reason in more:
        first = separator % {"first": first, "more": reason}
    return first


def _list_reasons(line: SiteTaskLine) -> Iterator[str]:
    if APPOINTMENT in line.steps:
        yield gettext("to be tried again today")
    if (left := days_left_words(line)) is not None:
        yield left
    yield _progress_words(line)
    if (failed := _failed_words(line)) is not None:
        yield failed
    if NOTHING_ARRIVED in line.steps:
        yield _nothing_arrived_words(line)
    if (missed := misses_words(line)) is not None:
        yield missed


def _progress_words(line: SiteTaskLine) -> str:
    task = line.task
    if task.why != "started":
        return str(gettext("not started"))
    if not task.questions:
        return str(gettext("started, not sent"))
    return str(
        ngettext(
            "started, %(num)s question out of %(total)s",
            "started, %(num)s questions out of %(total)s",
            task.passed,
            total=task.questions,
        )
    )


def _failed_words(line: SiteTaskLine) -> str | None:
    """Say which message was the last one and did not arrive, or only perhaps did; None if it did."""
    last = next(reversed(list_telling_messages(line.task)), None)
    if last is None or last.state not in {"failed", "unknown"}:
        return None
    on = last.at.astimezone(ZoneInfo(line.zone)).date()
    words = {"channel": known_word(CHANNELS, last.channel), "date": format_date(on, "d MMMM")}
    if last.state == "unknown":
        return str(gettext("%(channel)s of %(date)s perhaps not arrived", **words))
    return str(gettext("%(channel)s refused on %(date)s", **words))


def _nothing_arrived_words(line: SiteTaskLine) -> str:
    """Say that nothing arrived, or perhaps did not where of a message nobody knows it."""
    if any(message.state == "unknown" for message in list_telling_messages(line.task)):
        return str(gettext("perhaps no message arrived"))
    return str(gettext("no message arrived"))


def _say_why(line: SiteTaskLine) -> str:
    """Say why a task is there that is no call."""
    task = line.task
    reason = gettext(line.failure) if line.failure else gettext("the reason is not known")
    channel, visit = known_word(CHANNELS, task.channel), line.visit_label
    sentences: dict[str, Callable[[], str]] = {
        "check": lambda: gettext("Before “%(visit)s”. The invitation waits for it.", visit=visit),
        "failed": lambda: gettext("The message did not go out: %(reason)s.", reason=reason),
        "perhaps_sent": lambda: gettext("The message perhaps did not arrive: %(reason)s.", reason=reason),
        "unsubscribed": lambda: gettext(
            "The patient wants no more messages by %(channel)s.", channel=channel
        ),
        "bounced": lambda: gettext(
            "Messages by %(channel)s come back: the address does not work.", channel=channel
        ),
        "complained": lambda: gettext("Messages by %(channel)s were reported as unwanted.", channel=channel),
        "date_past": lambda: gettext(
            "“%(event)s” was to be expected on %(date)s and is not recorded.",
            event=line.event_label,
            date=day(task.since_on),
        ),
        "wrong_number": lambda: gettext(
            "The number was wrong on %(date)s. Nobody is called until it is corrected.",
            date=day(task.since_on),
        ),
        "no_reason": lambda: _unexplained_words(line),
        "no_sheet": lambda: gettext(
            "“%(visit)s”: the patient preferred paper, no sheet has come.", visit=visit
        ),
        "unsent": lambda: _unsent_words(line),
    }
    return sentences[task.why]() if task.why in sentences else task.why


def _unsent_words(line: SiteTaskLine) -> str:
    return str(
        ngettext(
            "A phone still holds %(num)s answer, since %(date)s.",
            "A phone still holds %(num)s answers, the oldest since %(date)s.",
            line.task.held,
            date=day(line.task.since_on),
        )
    )


def _unexplained_words(line: SiteTaskLine) -> str:
    labels = ", ".join(visit.label for visit in line.unexplained)
    return str(
        ngettext(
            "%(visits)s is missing, and nobody has said why.",
            "%(num)s questionnaires are missing, and nobody has said why: %(visits)s.",
            len(line.unexplained),
            visits=labels,
        )
    )


@blueprint.context_processor
def give_task_reasons() -> dict[str, Callable[..., Any] | str]:
    """Give the pages of the clinic the reasons of tasks."""
    return {
        "task_why": why_words,
        "task_days_left": days_left_words,
        "task_misses": misses_words,
        "MISSING_REASON": MISSING_REASON,
    }
