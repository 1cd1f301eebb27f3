"""Reading what site tasks follow from, for many participants at once: one query a subject."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from pro_app.protocol.protocol import UNSCHEDULED
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.channel_reports import ChannelStop
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.site_tasks import SiteTaskRecord


@dataclass(frozen=True, slots=True)
class TaskScope:
    """Whose tasks are asked for: those of a study, of some of its sites, of one participant."""

    study_id: int
    site_ids: frozenset[int] | None = None
    participant_id: int | None = None


def list_participants_in(session: Session, scope: TaskScope) -> list[Participant]:
    """List the participants in scope by code."""
    statement = select(Participant).where(*_conditions(scope))
    return list(session.scalars(statement.order_by(Participant.participant_code, Participant.id)))


def list_events_in(session: Session, scope: TaskScope) -> list[ParticipantEvent]:
    """List every event of the participants in scope in the order of recording."""
    statement = select(ParticipantEvent).join(Participant, Participant.id == ParticipantEvent.participant_id)
    return list(session.scalars(statement.where(*_conditions(scope)).order_by(ParticipantEvent.id)))


def list_waiting_visits(
    session: Session, scope: TaskScope, *, opened_by: date, closing_from: date
) -> Sequence[tuple[PlannedVisit, Assessment]]:
    """List the current visits that were not sent, open by one day and do not close before another."""
    statement = (
        select(PlannedVisit, Assessment)
        .join(Assessment, Assessment.planned_visit_id == PlannedVisit.id)
        .join(Participant, Participant.id == PlannedVisit.participant_id)
        .where(
            PlannedVisit.replaced_at.is_(None),
            PlannedVisit.opens_on <= opened_by,
            or_(PlannedVisit.closes_on.is_(None), PlannedVisit.closes_on >= closing_from),
            Assessment.submitted_at.is_(None),
            Assessment.visit_code != UNSCHEDULED,
        )
    )
    rows = session.execute(
        statement.where(*_conditions(scope)).order_by(PlannedVisit.opens_on, PlannedVisit.id)
    )
    return [(row[0], row[1]) for row in rows]


def list_current_stops(session: Session, scope: TaskScope) -> list[ChannelStop]:
    """List the channels that rest for the participants in scope."""
    statement = (
        select(ChannelStop)
        .join(Participant, Participant.id == ChannelStop.participant_id)
        .where(ChannelStop.lifted_at.is_(None))
    )
    return list(session.scalars(statement.where(*_conditions(scope)).order_by(ChannelStop.id)))


def list_task_records(session: Session, scope: TaskScope) -> list[SiteTaskRecord]:
    """List what sites did about tasks of the participants in scope, in the order of recording."""
    statement = select(SiteTaskRecord).join(Participant, Participant.id == SiteTaskRecord.participant_id)
    return list(session.scalars(statement.where(*_conditions(scope)).order_by(SiteTaskRecord.id)))


def find_channel_stop(session: Session, stop_id: int) -> ChannelStop | None:
    """Find one stop of a channel, lifted or not."""
    return session.get(ChannelStop, stop_id, populate_existing=True)


def _conditions(scope: TaskScope) -> list[ColumnElement[bool]]:
    wanted = [Participant.study_id == scope.study_id]
    if scope.site_ids is not None:
        wanted.append(Participant.site_id.in_(list(scope.site_ids)))
    if scope.participant_id is not None:
        wanted.append(Participant.id == scope.participant_id)
    return wanted
