"""What a virtual site records of a virtual life, and puts right later, through the real services."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.errors import InputRejected
from pro_app.services.events import Correction, correct_event, record_event
from pro_app.simulation.lives import VirtualEvent
from pro_app.simulation.world import World
from pro_app.storage.tables.events import ParticipantEvent


def record_virtual_event(world: World, what: tuple[int, VirtualEvent], *, now: datetime) -> bool:
    """Record an event of a participant unless it is there; tells whether it was recorded now.

    A drawn life can contradict the protocol (an infusion after a recorded death); the site then records
    nothing, as it would for a real person.
    """
    participant_id, event = what
    try:
        with world.database.writing() as session:
            if _find_entry(session, participant_id, event) is not None:
                return False
            record_event(
                session,
                participant_id=participant_id,
                kind=event.kind,
                occurred_on=event.occurred_on,
                details=dict(event.details),
                actor=world.find_nurse(session, participant_id),
                now=now,
            )
    except InputRejected:
        return False
    return True


def correct_virtual_event(world: World, what: tuple[int, VirtualEvent], *, now: datetime) -> bool:
    """Put an entry right as drawn, unless that was done or contradicts others; tells whether it was done."""
    participant_id, event = what
    if event.correction is None:
        return False
    correction = Correction(event.correction.reason, event.correction.occurred_on)
    try:
        with world.database.writing() as session:
            entry = _find_entry(session, participant_id, event)
            if entry is None or _is_corrected(session, entry.id):
                return False
            correct_event(
                session, entry.id, correction, actor=world.find_nurse(session, participant_id), now=now
            )
    except InputRejected:
        return False
    return True


def _find_entry(session: Session, participant_id: int, event: VirtualEvent) -> ParticipantEvent | None:
    """Find the entry that was made of an event, also where it was corrected since."""
    return session.scalars(
        select(ParticipantEvent)
        .where(
            ParticipantEvent.participant_id == participant_id,
            ParticipantEvent.kind == event.kind,
            ParticipantEvent.occurred_on == event.occurred_on,
            ParticipantEvent.supersedes_id.is_(None),
        )
        .order_by(ParticipantEvent.id)
    ).first()


def _is_corrected(session: Session, event_id: int) -> bool:
    followers = select(ParticipantEvent.id).where(ParticipantEvent.supersedes_id == event_id)
    return session.scalars(followers).first() is not None
