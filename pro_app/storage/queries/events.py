"""Reading the events of participants, in the order in which they were recorded."""

from collections.abc import Iterable

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from pro_app.protocol.events import Event
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.participants import Participant


def find_event(session: Session, event_id: int) -> ParticipantEvent | None:
    """Find one event by its key."""
    return session.get(ParticipantEvent, event_id)


_EVENTS_OF_ONE = (
    select(ParticipantEvent)
    .where(ParticipantEvent.participant_id == bindparam("participant_id"))
    .order_by(ParticipantEvent.id)
)


def list_events(session: Session, participant_id: int) -> list[ParticipantEvent]:
    """List every event of one participant, superseded ones too, in the order of recording."""
    return list(session.scalars(_EVENTS_OF_ONE, {"participant_id": participant_id}))


def list_events_by_participant(
    session: Session, *, study_id: int, site_ids: Iterable[int] | None = None
) -> dict[int, list[ParticipantEvent]]:
    """List the events of all participants of a study (or of some sites) in one query, by participant."""
    statement = (
        select(ParticipantEvent)
        .join(Participant, Participant.id == ParticipantEvent.participant_id)
        .where(Participant.study_id == study_id)
        .order_by(ParticipantEvent.id)
    )
    if site_ids is not None:
        statement = statement.where(Participant.site_id.in_(list(site_ids)))
    found: dict[int, list[ParticipantEvent]] = {}
    for event in session.scalars(statement):
        found.setdefault(event.participant_id, []).append(event)
    return found


_EVENTS_OF_SOME = (
    select(ParticipantEvent)
    .where(ParticipantEvent.participant_id.in_(bindparam("participant_ids", expanding=True)))
    .order_by(ParticipantEvent.id)
)


def list_events_of(session: Session, participant_ids: Iterable[int]) -> dict[int, list[ParticipantEvent]]:
    """List the events of some participants, a page of them at most, by participant."""
    found: dict[int, list[ParticipantEvent]] = {}
    for event in session.scalars(_EVENTS_OF_SOME, {"participant_ids": list(participant_ids)}):
        found.setdefault(event.participant_id, []).append(event)
    return found


def read_event(row: ParticipantEvent) -> Event:
    """Give a row as the protocol's own event; a row that is not yet stored has the id 0."""
    return Event(
        id=row.id or 0,
        kind=row.kind,
        occurred_on=row.occurred_on,
        recorded_at=row.recorded_at,
        details=dict(row.details),
        supersedes_id=row.supersedes_id,
        retracts=bool(row.retracts),
    )


def read_events(rows: Iterable[ParticipantEvent]) -> list[Event]:
    """Give the rows as the protocol's own events, to be folded into facts."""
    return [read_event(row) for row in rows]
