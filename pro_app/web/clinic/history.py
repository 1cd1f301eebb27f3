"""Everything that happened with a participant in the order of time, or one kind of it; never an answer."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext, lazy_gettext

from pro_app.protocol.windows import civil_window
from pro_app.services.devices import list_devices_of
from pro_app.services.messages import list_messages
from pro_app.services.read_log import record_read
from pro_app.services.task_history import list_recorded_tasks
from pro_app.services.timeline import ParticipantRecord, VisitLine, load_record
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.record import event_entry, message_entry
from pro_app.web.clinic.task_words import record_entry
from pro_app.web.clinic.words import MODES, day, known_word, moment

PAGE_SIZE = 50
MOST_TASKS = 1000
KINDS = {
    "form": lazy_gettext("Questionnaires"),
    "event": lazy_gettext("Events"),
    "message": lazy_gettext("Messages"),
    "task": lazy_gettext("Calls and tasks"),
    "device": lazy_gettext("Devices"),
}
OUTCOMES = {
    "submitted": lazy_gettext("Questionnaire received"),
    "late": lazy_gettext("Questionnaire received late"),
    "missed": lazy_gettext("Period over, no questionnaire"),
    "incomplete": lazy_gettext("Period over, questionnaire begun and not sent"),
}
TONES = {"submitted": "good", "late": "attention", "missed": "alert", "incomplete": "alert"}
NOT_YET = frozenset({"planned", "cancelled"})
"""Messages in these states have not happened; what is to come stands on the record."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of the history with its moment (aware UTC) and its kind."""

    at: datetime
    kind: str
    entry: dict[str, Any]


@blueprint.get("/clinic/participants/<int:participant_id>/history")
@access.staff("nurse", "investigator", "monitor", "inspector", "coordinator")
def history(participant_id: int) -> ResponseReturnValue:
    """Show what happened, the newest first; the look is written into the read log."""
    record = load_record(
        this.session(), participant_id, actor=this.actor(), language=str(get_locale()), now=this.now()
    )
    record_read(
        this.parts().database,
        participant_id=participant_id,
        what="record",
        actor=this.actor(),
        now=this.now(),
    )
    happened = sorted(_list_happenings(record), key=lambda each: each.at, reverse=True)
    chosen = request.args.get("show", "")
    shown = [each for each in happened if chosen in {"", each.kind}]
    page_count = max(1, -(-len(shown) // PAGE_SIZE))
    page = min(max(request.args.get("page", 1, type=int), 1), page_count)
    return render_template(
        "clinic/history.html",
        participant=record.participant,
        entries=[each.entry for each in shown[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]],
        tabs=_list_tabs(happened, participant_id, chosen),
        shown=len(shown),
        page=page,
        page_count=page_count,
        chosen=chosen,
    )


def _list_tabs(happened: list[Happening], participant_id: int, chosen: str) -> list[dict[str, Any]]:
    """Give the kinds with their numbers, everything first."""
    counts = Counter(each.kind for each in happened)
    kinds = [("", gettext("Everything"), len(happened)), *((c, str(w), counts[c]) for c, w in KINDS.items())]
    return [
        {
            "label": label,
            "count": count,
            "url": url_for("clinic.history", participant_id=participant_id, show=code or None),
            "current": code == chosen,
        }
        for code, label, count in kinds
    ]


def _list_happenings(record: ParticipantRecord) -> Iterator[Happening]:
    person, language, actor = record.participant, str(get_locale()), this.actor()
    for visit in record.visits:
        yield from _list_of_form(visit, person.zone)
    for event in record.events:
        # An event happened on a day: it stands where that day begins, with the moment of its recording.
        at = civil_window(event.occurred_on, None, person.zone).opens_at
        yield Happening(at, "event", event_entry(record, event))
    for message in list_messages(this.session(), person.id, actor=actor, language=language):
        if message.state not in NOT_YET:
            at = message.finished_at or message.due_at
            yield Happening(at, "message", message_entry(message, person.zone))
    tasks = list_recorded_tasks(this.session(), person.id, actor=actor, language=language, most=MOST_TASKS)
    for task in tasks:
        yield Happening(task.at, "task", record_entry(task, person.zone))
    for device in list_devices_of(this.session(), person.id, actor=actor):
        yield Happening(
            device.remembered_at,
            "device",
            _device_entry(device.remembered_at, device.last_used_at, person.zone),
        )


def _device_entry(remembered_at: datetime, used_at: datetime, zone: str) -> dict[str, Any]:
    return {
        "when": moment(remembered_at, zone),
        "title": gettext("A device is remembered"),
        "detail": gettext("last used on %(date)s", date=moment(used_at, zone)),
    }


def _list_of_form(visit: VisitLine, zone: str) -> Iterator[Happening]:
    """Give when a form was received, or when its period ended without it."""
    if visit.state not in OUTCOMES:
        return
    ended_at = civil_window(visit.opens_on, visit.closes_on, zone).closes_at
    at = visit.received_at or ended_at
    if at is None:
        return
    details = [known_word(MODES, visit.mode) if visit.mode else "", visit.reason or ""]
    entry = {
        "when": moment(at, zone) if visit.received_at else day(visit.closes_on),
        "title": f"{OUTCOMES[visit.state]} · {visit.label}",
        "detail": " · ".join(filter(None, details)),
        "kind": TONES[visit.state],
    }
    yield Happening(at, "form", entry)
