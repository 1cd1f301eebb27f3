"""A participant's record: questionnaires, events, messages; states and counts, never answers."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext, lazy_gettext

from pro_app.services.amendments.apply import ROLES
from pro_app.services.amendments.left_behind import find_left_behind
from pro_app.services.answer_readings import READER
from pro_app.services.consent_records import list_consent_lines
from pro_app.services.messages import MessageLine, list_messages, send_test_message
from pro_app.services.participant_list import STATES as STATE_ORDER
from pro_app.services.read_log import ReadRecord, list_reads, record_read
from pro_app.services.site_tasks import list_tasks_of_participant
from pro_app.services.task_history import RecordedTask, list_recorded_tasks
from pro_app.services.timeline import EventLine, ParticipantRecord, VisitLine, load_record
from pro_app.services.transfers.views import list_transfers_of
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.beside_words import list_beside_notes, list_beside_notices
from pro_app.web.clinic.consent_forms import KIND_WORDS
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.task_words import record_entry
from pro_app.web.clinic.trail import list_newest
from pro_app.web.clinic.transfer_words import STATES
from pro_app.web.clinic.words import (
    FLAGS,
    MODES,
    day,
    full_day,
    is_site_staff,
    known_word,
    moment,
)
from pro_app.web.message_words import CHANNELS, MESSAGE_KINDS, MESSAGE_STATES, MESSAGE_TONES
from pro_app.web.zone_names import zone_name

READS_SHOWN = 8
TRAIL_SHOWN = 6
USUAL_MODE = "own_device"
MESSAGES_GONE = 6
MESSAGES_TO_COME = 3
DONE_SHOWN = 8
TELL_WHY = frozenset({"failed", "unknown"})
READ_WORDS = {
    "record": lazy_gettext("record"),
    "contact": lazy_gettext("contact"),
    "telephone": lazy_gettext("telephone number"),
    "answers": lazy_gettext("answers"),
    "clarification": lazy_gettext("answers of a correction"),
    "trail": lazy_gettext("what was done"),
}


@blueprint.get("/clinic/participants/<int:participant_id>")
@access.staff("nurse", "investigator", "monitor", "inspector", "coordinator")
def participant(participant_id: int) -> ResponseReturnValue:
    """Show a participant's record; the look is written into the read log."""
    language = str(get_locale())
    record = load_record(
        this.session(), participant_id, actor=this.actor(), language=language, now=this.now()
    )
    record_read(
        this.parts().database,
        participant_id=participant_id,
        what="record",
        actor=this.actor(),
        now=this.now(),
    )
    zone = record.participant.zone
    messages = list_messages(this.session(), participant_id, actor=this.actor(), language=language)
    shown, earlier, later = _choose_messages(messages)
    reads = list_reads(this.session(), participant_id=participant_id, limit=READS_SHOWN)
    return render_template(
        "clinic/participant.html",
        record=record,
        left_behind=find_left_behind(this.session(), record.participant, now=this.now(), language=language),
        applies_versions=this.staff().role in ROLES,
        reads_answers=this.staff().role == READER,
        visit_columns=_visit_columns(),
        visit_notes=_visit_notes,
        beside_notices=list_beside_notices(record),
        event_entries=[event_entry(record, event) for event in reversed(record.events)],
        message_entries=[message_entry(message, zone) for message in shown],
        earlier_messages=earlier,
        later_messages=later,
        facts=_facts(record),
        task_lines=list_tasks_of_participant(
            this.session(), participant_id, actor=this.actor(), language=language, now=this.now()
        ),
        task_entries=[record_entry(done, zone) for done in _list_done(participant_id, language)],
        state_entries=_count_states(record),
        lines=list_newest(participant_id, most=TRAIL_SHOWN),
        read_pairs=[(moment(read.at, zone), read_words(read)) for read in reads],
        consents=list_consent_lines(this.session(), participant_id, actor=this.actor()),
        consent_kinds=KIND_WORDS,
        transfers=list_transfers_of(this.session(), participant_id, actor=this.actor(), now=this.now()),
        transfer_states=STATES,
    )


@blueprint.post("/clinic/participants/<int:participant_id>/test-message")
@access.staff("nurse", "investigator")
def test_message(participant_id: int) -> ResponseReturnValue:
    """Send a message by which the person sees that messages arrive."""
    if send_test_message(
        this.session(),
        participant_id,
        channel=request.form.get("channel") or None,
        vault=this.parts().vault,
        actor=this.actor(),
        now=this.now(),
    ):
        flash(gettext("The test message is on its way. Received? Look among the unwanted e-mails."), "good")
    else:
        flash(gettext("No test message can go out this way: no address is known, or it rests."), "attention")
    return redirect(url_for("clinic.participant", participant_id=participant_id))


def _list_done(participant_id: int, language: str) -> list[RecordedTask]:
    return list_recorded_tasks(
        this.session(), participant_id, actor=this.actor(), language=language, most=DONE_SHOWN
    )


def _count_states(record: ParticipantRecord) -> list[dict[str, Any]]:
    """Count the forms by state; each state leads to where they stand in the order of time."""
    counts = Counter(visit.state for visit in record.visits)
    address = url_for("clinic.history", participant_id=record.participant.id, show="form")
    return [
        {"state": state, "count": counts[state], "url": address} for state in STATE_ORDER if counts[state]
    ]


def _visit_columns() -> list[dict[str, Any]]:
    labels = [
        gettext("Questionnaire"),
        gettext("State"),
        gettext("Period"),
        gettext("Planned for"),
        gettext("Received on"),
        gettext("Notes"),
    ]
    to_do = [{"label": gettext("To do"), "hidden_label": True}] if is_site_staff() else []
    return [*({"label": label} for label in labels), *to_do]


def _visit_notes(visit: VisitLine) -> list[str]:
    """Give what else is to be said about a visit: how it was answered, why it is missing, until when."""
    notes = [known_word(MODES, visit.mode)] if visit.mode and visit.mode != USUAL_MODE else []
    notes += [gettext("asked by %(name)s", name=visit.asked_by)] if visit.asked_by else []
    notes += [known_word(FLAGS, visit.flag)] if visit.flag else []
    if visit.reason:
        notes.append(f"{visit.reason} ({visit.reason_said_by})" if visit.reason_said_by else visit.reason)
    if visit.reopened_until and not visit.received_at:
        notes.append(gettext("reopened until %(date)s", date=day(visit.reopened_until)))
    return notes + list_beside_notes(visit)


def event_entry(record: ParticipantRecord, event: EventLine) -> dict[str, Any]:
    """Give an event as an entry of a timeline."""
    details = list(event.details)
    if event.until_on:
        details.append(gettext("until %(date)s", date=day(event.until_on)))
    if event.corrected_because:
        details.append(gettext("corrected: %(reason)s", reason=event.corrected_because))
    address = url_for("clinic.event", participant_id=record.participant.id, event_id=event.event_id)
    return {
        "when": day(event.occurred_on),
        "title": event.label,
        "detail": " · ".join(details),
        "who": gettext(
            "recorded on %(date)s by %(name)s",
            date=moment(event.recorded_at, record.participant.zone),
            name=event.recorded_by or _say_without_account(event),
        ),
        "url": address if is_site_staff() else None,
    }


def _say_without_account(event: EventLine) -> str:
    return str(gettext("the patient") if event.by_participant else gettext("the application"))


def _choose_messages(messages: Sequence[MessageLine]) -> tuple[list[MessageLine], int, int]:
    """Choose the last messages that went out or should have, and the next ones; counts those around them."""
    past = [m for m in messages if m.state not in {"planned", "cancelled"}]
    planned = [m for m in messages if m.state == "planned"]
    shown = [*past[-MESSAGES_GONE:], *planned[:MESSAGES_TO_COME]]
    return shown, len(past[:-MESSAGES_GONE]), len(planned[MESSAGES_TO_COME:])


def message_entry(message: MessageLine, zone: str) -> dict[str, Any]:
    """Give a message as an entry of a timeline."""
    kind = known_word(MESSAGE_KINDS, message.template_code)
    reason = gettext(message.outcome) if message.outcome and message.state in TELL_WHY else None
    said = [known_word(CHANNELS, message.channel), known_word(MESSAGE_STATES, message.state)]
    return {
        "when": moment(message.finished_at or message.due_at, zone),
        "title": f"{kind} · {message.visit}" if message.visit else kind,
        "detail": ", ".join(said),
        "who": reason,
        "kind": MESSAGE_TONES.get(message.state, "plain"),
        "planned": message.state == "planned",
    }


def _facts(record: ParticipantRecord) -> list[tuple[str, str]]:
    person, card, zone = record.participant, record.card, record.participant.zone
    return [
        (gettext("Date of consent"), full_day(person.consented_on)),
        (gettext("Version of the information notice"), person.notice_version),
        (gettext("Hour of the messages"), gettext("%(hour)s o'clock", hour=person.reminder_hour)),
        (gettext("Time zone"), zone_name(zone)),
        (gettext("Card printed"), moment(card.printed_at, zone)),
        (gettext("Card activated"), moment(card.used_at, zone)),
        (gettext("PIN chosen"), moment(card.pin_set_at, zone)),
    ]


def read_words(read: ReadRecord) -> str:
    """Say who looked at what."""
    return f"{read.by} · {known_word(READ_WORDS, read.what)}"
