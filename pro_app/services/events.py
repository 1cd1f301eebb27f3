"""Recording what happened to a participant, correcting it, and planning anew in the same transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import InputRejected, NotFound, ProAppError, Problem
from pro_app.language import LANGUAGES, mark
from pro_app.reminders.outbox import list_rows
from pro_app.services.considered_events import (
    ENROLLED,
    ConsideredEvent,
    Correction,
    NewEvent,
    consider_row,
    make_correcting_row,
    make_new_row,
)
from pro_app.services.participants import load_participant
from pro_app.services.plan_previews.model import PlanPreview
from pro_app.services.plan_previews.preview import make_preview
from pro_app.services.planning import plan_participant
from pro_app.storage.queries.events import find_event, list_events
from pro_app.storage.queries.plans import list_current_plan
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.participants import Participant

__all__ = [
    "Correction",
    "NewEvent",
    "ParticipantEvent",
    "PreviewOutdated",
    "confirm_event",
    "correct_event",
    "load_event",
    "record_event",
]

SENT_TWICE_WITHIN = timedelta(minutes=10)
LONGEST_REASON = 500


@dataclass(eq=False)
class PreviewOutdated(ProAppError):
    """What is stored changed since a preview was seen: nothing was done, `preview` says how it stands."""

    preview: PlanPreview


def record_event(
    session: Session,
    *,
    participant_id: int,
    kind: str,
    occurred_on: date,
    details: Mapping[str, str],
    actor: Actor,
    now: datetime,
    language: str = LANGUAGES[0],
) -> ParticipantEvent:
    """Record an event and plan anew; the same form sent twice records it once.

    Raises InputRejected with what the protocol's rules say against it, in words of `language`, NotFound
    for another site.
    """
    new = NewEvent(kind, occurred_on, details)
    return _record(session, participant_id, new, seen=None, actor=actor, now=now, language=language)


def confirm_event(
    session: Session,
    participant_id: int,
    new: NewEvent,
    *,
    seen: str,
    actor: Actor,
    now: datetime,
    language: str = LANGUAGES[0],
) -> ParticipantEvent:
    """Record an event whose preview somebody has seen; `seen` is the fingerprint of that preview.

    Raises PreviewOutdated where it would do something else by now, and as `record_event` does.
    """
    return _record(session, participant_id, new, seen=seen, actor=actor, now=now, language=language)


def correct_event(
    session: Session,
    event_id: int,
    correction: Correction,
    *,
    seen: str | None = None,
    actor: Actor,
    now: datetime,
    language: str = LANGUAGES[0],
) -> ParticipantEvent:
    """Replace an event by what is right, or take it back, with a reason, and plan anew.

    With `seen`, the fingerprint of a preview, only if it still holds. Raises as `confirm_event` does.
    """
    known = find_event(session, event_id)
    if known is None:
        raise NotFound("event")
    participant = load_participant(session, known.participant_id, actor=actor, lock=True)
    rows = list_events(session, participant.id)
    _check_reason(correction)
    row = make_correcting_row(known, correction, account_id=actor.account_id, now=now)
    if rows[-1].supersedes_id == known.id and _says_the_same(rows[-1], row):
        return rows[-1]
    considered = consider_row(
        session, participant, row, rows=rows, replaces=known, language=language, now=now
    )
    _check_seen(session, considered, seen, language=language, now=now)
    if known.kind == ENROLLED:
        participant.consented_on = row.occurred_on
    return _save(session, participant, row, before=known, actor=actor, now=now)


def load_event(session: Session, event_id: int, *, participant_id: int, actor: Actor) -> ParticipantEvent:
    """Give an event of a participant whom the actor may reach."""
    participant = load_participant(session, participant_id, actor=actor)
    known = find_event(session, event_id)
    if known is None or known.participant_id != participant.id:
        raise NotFound("event")
    return known


def _record(
    session: Session,
    participant_id: int,
    new: NewEvent,
    *,
    seen: str | None,
    actor: Actor,
    now: datetime,
    language: str,
) -> ParticipantEvent:
    participant = load_participant(session, participant_id, actor=actor, lock=True)
    rows = list_events(session, participant.id)
    row = make_new_row(participant.id, new, account_id=actor.account_id, now=now)
    if _is_sent_twice(rows, row):
        return rows[-1]
    considered = consider_row(session, participant, row, rows=rows, language=language, now=now)
    _check_seen(session, considered, seen, language=language, now=now)
    return _save(session, participant, row, actor=actor, now=now)


def _check_reason(correction: Correction) -> None:
    reason = correction.reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise InputRejected((Problem(mark("Say why, in at most 500 characters."), place="reason"),))


def _check_seen(
    session: Session, considered: ConsideredEvent, seen: str | None, *, language: str, now: datetime
) -> None:
    """Raise PreviewOutdated unless the act does what was seen; without `seen` nobody looked before."""
    if seen is None:
        return
    participant_id = considered.participant.id
    # Nobody may answer or send between this look and the act; the act takes the same locks in this order.
    list_current_plan(session, participant_id, lock=True)
    list_rows(session, participant_id, lock=True)
    preview = make_preview(session, considered, language=language, now=now)
    if preview.fingerprint != seen:
        raise PreviewOutdated(preview)


def _is_sent_twice(rows: Sequence[ParticipantEvent], row: ParticipantEvent) -> bool:
    """Tell whether the last entry says the same, by the same person, a moment ago."""
    return bool(rows) and not rows[-1].retracts and _says_the_same(rows[-1], row)


def _says_the_same(last: ParticipantEvent, row: ParticipantEvent) -> bool:
    return (last.kind, last.occurred_on, last.details, last.retracts, last.recorded_by_id) == (
        row.kind,
        row.occurred_on,
        row.details,
        bool(row.retracts),
        row.recorded_by_id,
    ) and row.recorded_at - last.recorded_at <= SENT_TWICE_WITHIN


def _save(
    session: Session,
    participant: Participant,
    row: ParticipantEvent,
    *,
    before: ParticipantEvent | None = None,
    actor: Actor,
    now: datetime,
) -> ParticipantEvent:
    """Write the event and its audit entry, and plan anew."""
    session.add(row)
    session.flush()
    # The audit chain is locked last, as by those who answer: nobody waits for each other in a circle.
    outcome = plan_participant(session, participant, now=now)
    change = Change(
        "event.record" if before is None else "event.correct",
        f"participant:{participant.id}",
        [{"field": row.kind, "before": _said(before), "after": _said(row)}, *outcome.list_audit_items()],
        reason=row.correction_reason,
    )
    record_change(session, change, actor=actor, site_id=participant.site_id, now=now)
    return row


def _said(row: ParticipantEvent | None) -> dict[str, object] | None:
    """Give what an entry says, for the audit trail; None for one that says that nothing happened."""
    if row is None or row.retracts:
        return None
    return {"occurred_on": row.occurred_on.isoformat(), **row.details}
