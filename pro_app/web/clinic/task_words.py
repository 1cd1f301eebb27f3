"""What a site is asked to do, in sentences: who, why, what to do, what was done."""

import hashlib
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext, lazy_gettext, ngettext
from markupsafe import Markup

from pro_app.reminders.task_outcomes import CALL, MISSING_REASON, RECORD_DATE, TRANSFER, Outcome
from pro_app.services.site_tasks import SiteTaskLine
from pro_app.services.task_history import RecordedTask
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.matter_words import find_matter
from pro_app.web.clinic.words import day, known_word, moment
from pro_app.web.message_words import CHANNELS, MESSAGE_KINDS, MESSAGE_STATES, MESSAGE_TONES

KINDS = {
    "call": lazy_gettext("Call"),
    "check_status_and_contacts": lazy_gettext("Check status and contact details"),
    "message": lazy_gettext("Message that did not arrive"),
    "channel": lazy_gettext("Messages that rest"),
    "contact": lazy_gettext("Number to correct"),
    "record_date": lazy_gettext("Date to record"),
    "missing_reason": lazy_gettext("Reason to record"),
    "paper_awaited": lazy_gettext("Sheet awaited"),
    "unsent_answers": lazy_gettext("Answers still on a phone"),
}
OUTCOMES = {
    "reached": lazy_gettext("Reached: will answer"),
    "answers_now": lazy_gettext("Reached: answers now by telephone"),
    "prefers_paper": lazy_gettext("Prefers paper"),
    "wrong_number": lazy_gettext("Wrong number"),
    "not_this_time": lazy_gettext("Reached: will not answer this time"),
    "number_is_right": lazy_gettext("Checked: the number is right"),
    "not_found": lazy_gettext("No other number found yet"),
    "not_known_yet": lazy_gettext("Not known yet"),
    "declined": lazy_gettext("Reached: does not wish to answer this time"),
    "message_left": lazy_gettext("A word was left"),
    "not_reached": lazy_gettext("Not reached"),
    "confirmed": lazy_gettext("Checked: the contact details are right"),
    "contacts_corrected": lazy_gettext("Contact details corrected"),
    "nothing_to_do": lazy_gettext("Nothing needs to be done"),
    "ways_back": lazy_gettext("Agreed with the patient: these messages go out again"),
    "stays_off": lazy_gettext("No more of these messages, as the patient wishes"),
    "not_yet": lazy_gettext("Not the case yet"),
    "sheet_on_its_way": lazy_gettext("Asked: the sheet is on its way"),
    "sheet_sent_again": lazy_gettext("Another sheet was given or sent"),
    "told": lazy_gettext("Told to open the app with a network"),
    "phone_lost": lazy_gettext("The phone is lost or was cleared"),
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
    "contact": lazy_gettext(
        "Look for the right number in the hospital's record or on the site's list, and correct the contact: "
        "the calls come back by themselves."
    ),
    "missing_reason": lazy_gettext(
        "Say for each questionnaire why it is missing, and who said it. Nobody needs to be called for it."
    ),
    "paper_awaited": lazy_gettext(
        "The patient preferred paper ten days ago or more, and no sheet has been typed in. Ask for it, or "
        "type it in from the patient's record."
    ),
    "unsent_answers": lazy_gettext(
        "Ask the patient to open the app on that phone where there is a network and to stay signed in: the "
        "answers go by themselves. Nothing is lost until the phone is cleared."
    ),
    "record_date": lazy_gettext(
        "Record the event with its date. Until then the later questionnaires follow the expected date."
    ),
}


ONE_CLICK = ("reached", "prefers_paper", "not_reached", "message_left", "wrong_number")
"""What can be recorded about a call from the list; whatever needs more words is on the task's own page."""
SHORT_OUTCOMES = {
    "reached": lazy_gettext("Will answer"),
    "not_reached": lazy_gettext("Not reached"),
    "message_left": lazy_gettext("Word left"),
    "prefers_paper": lazy_gettext("Paper"),
    "wrong_number": lazy_gettext("Wrong number"),
}
SHORT_REASONS = {
    "TOO_ILL": lazy_gettext("Says: too ill"),
    "REFUSED": lazy_gettext("Says: no"),
}
"""Why the person on the telephone will not answer this time, where the protocol knows the reason.

What somebody else says, and any other reason, is recorded on the task's own page.
"""
WITHOUT_TELEPHONE = frozenset({RECORD_DATE, MISSING_REASON})


def task_mark(task_key: str) -> str:
    """Give the part of an address that names a task and tells nothing about it."""
    return hashlib.sha256(task_key.encode()).hexdigest()[:16]


def task_url(line: SiteTaskLine) -> str:
    """Give the address where a task is done: its own page, or that of what asks for it."""
    matter = find_matter(line.task.kind)
    if matter is not None:
        return matter.url(line.task)
    mark = task_mark(line.task.task_key)
    return url_for("clinic.task", participant_id=line.task.participant_id, mark=mark)


def record_url(line: SiteTaskLine) -> str:
    """Give the address of the record that a task is about; that of the request before there is one here."""
    if line.task.kind == TRANSFER:
        return task_url(line)
    return url_for("clinic.participant", participant_id=line.task.participant_id)


def list_one_click(line: SiteTaskLine) -> list[tuple[str, str]]:
    """List what can be recorded about a task from the list itself, as code and words."""
    if line.task.kind != CALL:
        return []
    return [(code, str(SHORT_OUTCOMES[code])) for code in ONE_CLICK]


def list_spoken_reasons(line: SiteTaskLine) -> list[tuple[str, str]]:
    """List the reasons that the person who is called gives most, as code and words."""
    if line.task.kind != CALL:
        return []
    return [(code, str(words)) for code, words in SHORT_REASONS.items() if code in line.reasons]


def has_telephone(line: SiteTaskLine) -> bool:
    """Say whether a task is done by telephone."""
    return line.task.kind not in WITHOUT_TELEPHONE


def interview_url(line: SiteTaskLine) -> str | None:
    """Give the address where the questionnaire of a call is asked by telephone; None for any other task."""
    if line.task.kind != CALL:
        return None
    return url_for("clinic.interview", participant_id=line.task.participant_id, visit=line.task.visit_code)


def kind_words(kind: str, label: str = "") -> str:
    """Name a kind of task; one that only the protocol knows by its words there."""
    matter = find_matter(kind)
    return str(matter.title if matter else KINDS.get(kind) or label or kind)


def outcome_words(kind: str, outcome: str) -> str:
    """Say what was done."""
    return str(OWN_OUTCOMES.get((kind, outcome)) or OUTCOMES.get(outcome) or outcome)


def choice_words(line: SiteTaskLine, outcome: Outcome, *, today: date) -> str:
    """Say what may be recorded, and when the task comes back if it does."""
    words = outcome_words(line.task.kind, outcome.code)
    if outcome.rests_days is None:
        return words
    if outcome.day_is_chosen:
        return str(gettext("%(outcome)s: try again tomorrow or on the day below", outcome=words))
    back_on = today + timedelta(days=outcome.rests_days)
    return str(gettext("%(outcome)s (back on %(date)s)", outcome=words, date=day(back_on)))


def to_do_words(kind: str) -> str:
    """Say what to do about a kind of task."""
    if (matter := find_matter(kind)) is not None:
        return str(matter.to_do)
    return str(TO_DO.get(kind) or TO_DO["check_status_and_contacts"])


def messages_words(line: SiteTaskLine) -> str | None:
    """Say where the patient stands with messages, if they do not go out as usual."""
    if line.messages == "stopped":
        return str(gettext("The patient wants no more messages. A call is still possible."))
    if line.messages == "held":
        return str(gettext("The patient asked for a pause until %(date)s.", date=day(line.held_until)))
    return None


def may_be_written_to(line: SiteTaskLine) -> bool:
    """Say whether planned messages go out to the patient, now or after a pause."""
    return line.messages != "stopped"


def silenced_words(participant_id: int) -> Markup:
    """Say that nothing more is sent about this one, and where that is taken back."""
    record = url_for("clinic.participant", participant_id=participant_id)
    said = gettext("No more messages go out about this questionnaire.")
    offer = gettext("If it is answered after all, take the reason back in the patient's record")
    return Markup('{} <a href="{}">{}</a>').format(said, record, offer)


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
        "detail": " · ".join(filter(None, [*_said(record), record.note])),
        "who": record.by,
    }


def recorded_words(record: RecordedTask, zone: str) -> str:
    """Say who did what about a task and when, to somebody who came second."""
    said = " · ".join(_said(record))
    when = moment(record.at, zone)
    if record.by is None:
        return str(gettext("It is done: %(outcome)s (%(date)s).", outcome=said, date=when))
    return str(
        gettext("%(name)s has done it: %(outcome)s (%(date)s).", name=record.by, outcome=said, date=when)
    )


def _said(record: RecordedTask) -> list[str]:
    """List what was recorded: the outcome, the protocol's reason, the day of the next try."""
    again = gettext("again on %(date)s", date=day(record.again_on)) if record.again_on else None
    said = [outcome_words(record.kind, record.outcome), record.reason, again]
    return [str(words) for words in said if words]


@blueprint.context_processor
def give_task_words() -> dict[str, Callable[..., Any]]:
    """Give the pages of the clinic their ways of speaking about tasks."""
    return {
        "task_mark": task_mark,
        "task_kind_words": kind_words,
        "task_outcome_words": outcome_words,
        "task_to_do_words": to_do_words,
        "task_url": task_url,
        "task_record_url": record_url,
        "one_click_outcomes": list_one_click,
        "one_click_reasons": list_spoken_reasons,
        "task_has_telephone": has_telephone,
        "task_interview_url": interview_url,
        "task_messages": messages_words,
        "task_may_be_written_to": may_be_written_to,
        "task_sent": sent_words,
        "task_sent_entries": sent_entries,
        "task_tried": tried_words,
    }
