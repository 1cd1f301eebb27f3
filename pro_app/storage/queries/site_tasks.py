"""Reading what site tasks follow from, for many participants at once: one query a subject."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.orm import Session

from pro_app.protocol.protocol import UNSCHEDULED
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.channel_reports import ChannelStop
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.site_tasks import SiteTaskRecord

S = TypeVar("S", bound=Select[*tuple[Any, ...]])


@dataclass(frozen=True, slots=True)
class TaskScope:
    """Whose tasks are asked for: those of a study, of some of its sites, of one participant."""

    study_id: int
    site_ids: frozenset[int] | None = None
    participant_id: int | None = None


_PARTICIPANTS = select(Participant).order_by(Participant.participant_code, Participant.id)
_EVENTS = (
    select(ParticipantEvent)
    .join(Participant, Participant.id == ParticipantEvent.participant_id)
    .order_by(ParticipantEvent.id)
)
_WAITING_VISITS = (
    select(PlannedVisit, Assessment)
    .join(Assessment, Assessment.planned_visit_id == PlannedVisit.id)
    .join(Participant, Participant.id == PlannedVisit.participant_id)
    .where(
        PlannedVisit.replaced_at.is_(None),
        PlannedVisit.opens_on <= bindparam("opened_by"),
        or_(PlannedVisit.closes_on.is_(None), PlannedVisit.closes_on >= bindparam("closing_from")),
        Assessment.submitted_at.is_(None),
        Assessment.visit_code != UNSCHEDULED,
    )
    .order_by(PlannedVisit.opens_on, PlannedVisit.id)
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


def list_participants_in(session: Session, scope: TaskScope) -> list[Participant]:
    """List the participants in scope by code."""
    return list(session.scalars(_within(_PARTICIPANTS, scope), _read_scope(scope)))


def list_events_in(session: Session, scope: TaskScope) -> list[ParticipantEvent]:
    """List every event of the participants in scope in the order of recording."""
    return list(session.scalars(_within(_EVENTS, scope), _read_scope(scope)))


def list_waiting_visits(
    session: Session, scope: TaskScope, *, opened_by: date, closing_from: date
) -> Sequence[tuple[PlannedVisit, Assessment]]:
    """List the current visits that were not sent, open by one day and do not close before another."""
    days = {"opened_by": opened_by, "closing_from": closing_from}
    rows = session.execute(_within(_WAITING_VISITS, scope), _read_scope(scope) | days)
    return [(row[0], row[1]) for row in rows]


def list_current_stops(session: Session, scope: TaskScope) -> list[ChannelStop]:
    """List the channels that rest for the participants in scope."""
    return list(session.scalars(_within(_CURRENT_STOPS, scope), _read_scope(scope)))


def list_task_records(session: Session, scope: TaskScope) -> list[SiteTaskRecord]:
    """List what sites did about tasks of the participants in scope, in the order of recording."""
    return list(session.scalars(_within(_TASK_RECORDS, scope), _read_scope(scope)))


def find_channel_stop(session: Session, stop_id: int) -> ChannelStop | None:
    """Find one stop of a channel, lifted or not."""
    return session.get(ChannelStop, stop_id, populate_existing=True)


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
        "site_ids": Participant.site_id.in_(bindparam("site_ids", expanding=True)),
        "one_id": Participant.id == bindparam("one_id"),
    }
    return statement.where(*(conditions[name] for name in names))
