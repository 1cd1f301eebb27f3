"""What a site is asked to do, in sentences: who, why, what to do, what was done."""

import hashlib
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext

from pro_app.reminders.task_outcomes import Outcome
from pro_app.services.site_tasks import SiteTaskLine
from pro_app.services.task_history import RecordedTask
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.words import day, known_word, moment
from pro_app.web.message_words import CHANNELS, MESSAGE_KINDS, MESSAGE_STATES, MESSAGE_TONES

KINDS = {
    "call": lazy_gettext("Call"),
    "check_status_and_contacts": lazy_gettext("Check status and contact details"),
    "message": lazy_gettext("Message that did not arrive"),
    "channel": lazy_gettext("Messages that rest"),
    "record_date": lazy_gettext("Date to record"),
}
OUTCOMES = {
    "reached": lazy_gettext("Reached: will answer"),
    "declined": lazy_gettext("Reached: does not wish to answer this time"),
    "message_left": lazy_gettext("A word was left"),
    "not_reached": lazy_gettext("Not reached"),
    "confirmed": lazy_gettext("Checked: the contact details are right"),
    "contacts_corrected": lazy_gettext("Contact details corrected"),
    "nothing_to_do": lazy_gettext("Nothing needs to be done"),
    "ways_back": lazy_gettext("Agreed with the patient: these messages go out again"),
    "stays_off": lazy_gettext("No more of these messages, as the patient wishes"),
    "not_yet": lazy_gettext("Not the case yet"),
}
OWN_OUTCOMES = {
    ("message", "reached"): lazy_gettext("Told by telephone"),
    ("check_status_and_contacts", "not_reached"): lazy_gettext("Could not be checked"),
}
TO_DO = {
    "call": lazy_gettext(
        "Call and ask what stands in the way. Link, tablet, paper, or filling it in together: all are fine."
    ),
    "check_status_and_contacts": lazy_gettext(
        "Check in the hospital's record or by a call that the patient is alive and the contact details are "
        "right. After a death or a departure, record the event instead: nothing is sent any more."
    ),
    "message": lazy_gettext("Check the contact details, or tell the patient by telephone."),
    "channel": lazy_gettext(
        "Ask which way suits better, and correct the address if it is wrong. This is no withdrawal: "
        "the questionnaires go on."
    ),
    "record_date": lazy_gettext(
        "Record the event with its date. Until then the later questionnaires follow the expected date."
    ),
}


def task_mark(task_key: str) -> str:
    """Give the part of an address that names a task and tells nothing about it."""
    return hashlib.sha256(task_key.encode()).hexdigest()[:16]


def kind_words(kind: str, label: str = "") -> str:
    """Name a kind of task; one that only the protocol knows by its words there."""
    return str(KINDS.get(kind) or label or kind)


def outcome_words(kind: str, outcome: str) -> str:
    """Say what was done."""
    return str(OWN_OUTCOMES.get((kind, outcome)) or OUTCOMES.get(outcome) or outcome)


def choice_words(line: SiteTaskLine, outcome: Outcome, *, today: date) -> str:
    """Say what may be recorded, and when the task comes back if it does."""
    words = outcome_words(line.task.kind, outcome.code)
    if outcome.rests_days is None:
        return words
    back_on = today + timedelta(days=outcome.rests_days)
    return str(gettext("%(outcome)s (back on %(date)s)", outcome=words, date=day(back_on)))


def to_do_words(kind: str) -> str:
    """Say what to do about a kind of task."""
    return str(TO_DO.get(kind) or TO_DO["check_status_and_contacts"])


def why_words(line: SiteTaskLine) -> str:
    """Say in one sentence why a task is there."""
    task = line.task
    reason = gettext(line.failure) if line.failure else gettext("the reason is not known")
    channel, visit = known_word(CHANNELS, task.channel), line.visit_label
    sentences: dict[str, Callable[[], str]] = {
        "not_started": lambda: gettext("“%(visit)s” has not been started.", visit=visit),
        "started": lambda: gettext("“%(visit)s” was started and not sent.", visit=visit),
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
    }
    said = sentences[task.why]() if task.why in sentences else task.why
    if visit and task.kind == "message":
        return str(gettext("“%(visit)s”: %(sentence)s", visit=visit, sentence=said))
    return said


def messages_words(line: SiteTaskLine) -> str | None:
    """Say where the patient stands with messages, if they do not go out as usual."""
    if line.messages == "stopped":
        return str(gettext("The patient wants no more messages. A call is still possible."))
    if line.messages == "held":
        return str(gettext("The patient asked for a pause until %(date)s.", date=day(line.held_until)))
    return None


def sent_words(line: SiteTaskLine) -> list[str]:
    """Count what went out about the visit, with the last time, and what did not or only perhaps."""
    sent = [message for message in line.task.sent if message.state == "sent"]
    missing = len(line.task.sent) - len(sent)
    said = []
    if sent:
        last = moment(sent[-1].at, line.zone)
        said.append(
            ngettext(
                "%(num)s message, on %(date)s", "%(num)s messages, the last on %(date)s", len(sent), date=last
            )
        )
    if missing:
        said.append(ngettext("%(num)s not arrived", "%(num)s not arrived", missing))
    return said


def sent_entries(line: SiteTaskLine) -> list[dict[str, Any]]:
    """Give what went out, perhaps did or did not about the visit as entries of a timeline."""
    return [
        {
            "when": moment(message.at, line.zone),
            "title": known_word(MESSAGE_KINDS, message.template_code),
            "detail": f"{known_word(CHANNELS, message.channel)}, {known_word(MESSAGE_STATES, message.state)}",
            "kind": MESSAGE_TONES.get(message.state, "plain"),
        }
        for message in line.task.sent
    ]


def tried_words(line: SiteTaskLine) -> str | None:
    """Say what the site tried before; None if it did not."""
    if line.task.tried is None:
        return None
    return str(
        gettext(
            "Tried on %(date)s: %(outcome)s.",
            date=moment(line.task.tried.recorded_at, line.zone),
            outcome=outcome_words(line.task.kind, line.task.tried.outcome),
        )
    )


def record_entry(record: RecordedTask, zone: str) -> dict[str, Any]:
    """Give what was done about a task as an entry of a timeline."""
    kind = kind_words(record.kind)
    return {
        "when": moment(record.at, zone),
        "title": f"{kind} · {record.visit_label}" if record.visit_label else kind,
        "detail": " · ".join(filter(None, [outcome_words(record.kind, record.outcome), record.note])),
        "who": record.by,
    }


@blueprint.context_processor
def give_task_words() -> dict[str, Callable[..., Any]]:
    """Give the pages of the clinic their ways of speaking about tasks."""
    return {
        "task_mark": task_mark,
        "task_kind_words": kind_words,
        "task_outcome_words": outcome_words,
        "task_to_do_words": to_do_words,
        "task_why": why_words,
        "task_messages": messages_words,
        "task_sent": sent_words,
        "task_sent_entries": sent_entries,
        "task_tried": tried_words,
    }
