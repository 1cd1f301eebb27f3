"""Recording what happened to a participant, correcting it, and planning anew in the same transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.clock import civil_date
from pro_app.errors import InputRejected, NotFound, Problem
from pro_app.language import LANGUAGES, mark
from pro_app.protocol.event_check import check_event
from pro_app.protocol.events import Event, fold_events, list_valid_events
from pro_app.services.participants import load_participant
from pro_app.services.planning import plan_participant
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.events import find_event, list_events, read_event, read_events
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.participants import Participant

SENT_TWICE_WITHIN = timedelta(minutes=10)
LONGEST_REASON = 500
ENROLLED = "enrolled"


@dataclass(frozen=True, slots=True)
class Correction:
    """What an event should have said, and why; without `occurred_on` it never happened."""

    reason: str
    occurred_on: date | None = None
    details: Mapping[str, str] | None = None


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
    participant = load_participant(session, participant_id, actor=actor, lock=True)
    rows = list_events(session, participant.id)
    row = ParticipantEvent(
        participant_id=participant.id,
        kind=kind,
        occurred_on=occurred_on,
        details=dict(details),
        recorded_at=now,
        recorded_by_id=actor.account_id,
    )
    if _is_sent_twice(rows, row):
        return rows[-1]
    _check(session, participant, row, others=read_events(rows), language=language, now=now)
    return _save(session, participant, row, actor=actor, now=now)


def correct_event(
    session: Session,
    event_id: int,
    correction: Correction,
    *,
    actor: Actor,
    now: datetime,
    language: str = LANGUAGES[0],
) -> ParticipantEvent:
    """Replace an event by what is right, or take it back, with a reason, and plan anew.

    Raises as `record_event` does.
    """
    known = find_event(session, event_id)
    if known is None:
        raise NotFound("event")
    participant = load_participant(session, known.participant_id, actor=actor, lock=True)
    rows = list_events(session, participant.id)
    events = read_events(rows)
    row = _correcting_row(known, correction, actor=actor, now=now)
    if rows[-1].supersedes_id == known.id and _says_the_same(rows[-1], row):
        return rows[-1]
    if known.id not in {event.id for event in list_valid_events(events)}:
        raise InputRejected(
            (Problem(mark("This entry was corrected in the meantime. Load the page again.")),)
        )
    others = [event for event in events if event.id != known.id]
    _check(session, participant, row, others=others, language=language, now=now)
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


def _correcting_row(
    known: ParticipantEvent, correction: Correction, *, actor: Actor, now: datetime
) -> ParticipantEvent:
    reason = correction.reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise InputRejected((Problem(mark("Say why, in at most 500 characters."), place="reason"),))
    retracts = correction.occurred_on is None
    if retracts and known.kind == ENROLLED:
        raise InputRejected((Problem(mark("The enrolment cannot be taken back; correct its date.")),))
    return ParticipantEvent(
        participant_id=known.participant_id,
        kind=known.kind,
        occurred_on=correction.occurred_on or known.occurred_on,
        details=dict(known.details if correction.details is None else correction.details),
        recorded_at=now,
        recorded_by_id=actor.account_id,
        supersedes_id=known.id,
        retracts=retracts,
        correction_reason=reason,
    )


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


def _check(
    session: Session,
    participant: Participant,
    row: ParticipantEvent,
    *,
    others: Sequence[Event],
    language: str,
    now: datetime,
) -> None:
    """Raise InputRejected with everything that speaks against the event."""
    problems = check_event(
        load_protocol(session, participant.protocol_sha256),
        fold_events(others),
        read_event(row),
        today=civil_date(now, participant.zone),
        language=language,
    )
    if problems:
        raise InputRejected(tuple(problems))


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
