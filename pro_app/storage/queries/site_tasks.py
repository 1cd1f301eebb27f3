"""Reading what site tasks follow from, for many participants at once: one query a subject."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Result, Row, Select, bindparam, select
from sqlalchemy.orm import Session

from pro_app.protocol.events import Event
from pro_app.storage.seldom import seldom
from pro_app.storage.tables.channel_reports import ChannelStop
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.site_tasks import SiteTaskRecord
from pro_app.storage.tables.sites import Site

S = TypeVar("S", bound=Select[*tuple[Any, ...]])


ASKED_ABOUT_AT_ONCE = 5_000
"""So many people are read in one query, since a database takes only so many values at once."""


@dataclass(frozen=True, slots=True)
class TaskPerson:
    """What the list of tasks needs to know of a participant; before `goes_live_on` the site is not live."""

    id: int
    site_id: int
    participant_code: str
    zone: str
    protocol_sha256: str
    telephone_changed_at: datetime | None
    goes_live_on: date | None


@dataclass(frozen=True, slots=True)
class TaskScope:
    """Whose tasks are asked for: those of a study, of some of its sites, of one participant."""

    study_id: int
    site_ids: frozenset[int] | None = None
    participant_id: int | None = None


_PEOPLE = (
    select(
        Participant.id,
        Participant.site_id,
        Participant.participant_code,
        Participant.zone,
        Participant.protocol_sha256,
        Participant.telephone_changed_at,
        Site.goes_live_on,
    )
    .join(Site, Site.id == Participant.site_id)
    .where(Participant.id.in_(bindparam("participant_ids", expanding=True)))
    .order_by(Participant.participant_code, Participant.id)
)
_EVENTS = (
    select(
        ParticipantEvent.id,
        ParticipantEvent.participant_id,
        ParticipantEvent.kind,
        ParticipantEvent.occurred_on,
        ParticipantEvent.recorded_at,
        ParticipantEvent.details,
        ParticipantEvent.supersedes_id,
        ParticipantEvent.retracts,
    )
    .where(ParticipantEvent.participant_id.in_(bindparam("participant_ids", expanding=True)))
    .order_by(ParticipantEvent.id)
)
_RECORDS = (
    select(
        SiteTaskRecord.participant_id,
        SiteTaskRecord.task_key,
        SiteTaskRecord.outcome,
        SiteTaskRecord.note,
        SiteTaskRecord.recorded_at,
        SiteTaskRecord.recorded_by_id,
        SiteTaskRecord.again_on,
    )
    .where(SiteTaskRecord.participant_id.in_(bindparam("participant_ids", expanding=True)))
    .order_by(SiteTaskRecord.id)
)
_CURRENT_STOPS = (
    select(ChannelStop)
    .join(Participant, Participant.id == ChannelStop.participant_id)
    .where(ChannelStop.lifted_at.is_(None))
    .order_by(ChannelStop.id)
)
_TASK_RECORDS = (
    select(SiteTaskRecord)
    .join(Participant, Participant.id == SiteTaskRecord.participant_id)
    .order_by(SiteTaskRecord.id)
)


def list_people(session: Session, participant_ids: Iterable[int]) -> list[TaskPerson]:
    """List some participants by code, with the day on which their site goes live."""
    return [TaskPerson(*row) for row in _read_parts(session, _PEOPLE, participant_ids)]


def list_events_of(session: Session, participant_ids: Iterable[int]) -> dict[int, list[Event]]:
    """List every event of some participants in the order of recording, by participant."""
    found: dict[int, list[Event]] = {}
    for row in _read_parts(session, _EVENTS, participant_ids):
        event_id, participant_id, kind, occurred_on, recorded_at, details, supersedes_id, retracts = row
        event = Event(
            event_id, kind, occurred_on, recorded_at, details, supersedes_id, retracts=bool(retracts)
        )
        found.setdefault(participant_id, []).append(event)
    return found


def list_records_of(
    session: Session, participant_ids: Iterable[int]
) -> Iterator[Row[int, str, str, str | None, datetime, int | None, date | None]]:
    """List what sites did about tasks of some participants, in the order of recording: whose, then what."""
    return _read_parts(session, _RECORDS, participant_ids)


def _read_parts(session: Session, statement: S, participant_ids: Iterable[int]) -> Iterator[Any]:
    """Ask about many participants in parts: a database takes only so many values at once."""
    ids = sorted(participant_ids)
    for start in range(0, len(ids), ASKED_ABOUT_AT_ONCE):
        yield from session.execute(statement, {"participant_ids": ids[start : start + ASKED_ABOUT_AT_ONCE]})


def list_current_stops(session: Session, scope: TaskScope) -> list[ChannelStop]:
    """List the channels that rest for the participants in scope."""
    return list(session.scalars(_within(_CURRENT_STOPS, scope), _read_scope(scope)))


def list_task_records(session: Session, scope: TaskScope) -> list[SiteTaskRecord]:
    """List what sites did about tasks of the participants in scope, in the order of recording."""
    return list(session.scalars(_within(_TASK_RECORDS, scope), _read_scope(scope)))


def find_channel_stop(session: Session, stop_id: int) -> ChannelStop | None:
    """Find one stop of a channel, lifted or not."""
    return session.get(ChannelStop, stop_id, populate_existing=True)


def run_within(
    session: Session, statement: Select[*tuple[Any, ...]], scope: TaskScope, **values: object
) -> Result[*tuple[Any, ...]]:
    """Ask a statement that joins `Participant` about the participants in scope only; `values` are its own."""
    return session.execute(_within(statement, scope), _read_scope(scope) | values)


def _read_scope(scope: TaskScope) -> dict[str, object]:
    """Give what narrows the participants down, by the name of the parameter."""
    said = {
        "study_id": scope.study_id,
        "site_ids": None if scope.site_ids is None else list(scope.site_ids),
        "one_id": scope.participant_id,
    }
    return {name: value for name, value in said.items() if value is not None}


def _within(statement: S, scope: TaskScope) -> S:
    """Give the statement that asks about the participants in scope only."""
    narrowed: S = _narrow(statement, *_read_scope(scope))
    return narrowed


@cache
def _narrow(statement: S, *names: str) -> S:
    """Make the statement of one kind of scope, once: making it takes longer than asking it."""
    conditions = {
        "study_id": Participant.study_id == bindparam("study_id"),
        # SQLite would begin with all failed messages of the trial, say, rather than with the site.
        "site_ids": seldom(Participant.site_id.in_(bindparam("site_ids", expanding=True))),
        "one_id": Participant.id == bindparam("one_id"),
    }
    return statement.where(*(conditions[name] for name in names))
