"""Reading the plan of one participant as it is stored."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased

from pro_app.protocol.protocol import UNSCHEDULED
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.responses import Response

_KEPT, _GIVEN_TO = aliased(PlannedVisit), aliased(PlannedVisit)
"""The row that answers without a visit hold, and the one before it; made once, since it is slow."""


@dataclass(frozen=True, slots=True)
class StoredVisit:
    """One current row of the plan, its assessment, and when the last answer to it was given."""

    row: PlannedVisit
    assessment: Assessment
    answered_at: datetime | None


def list_current_plan(session: Session, participant_id: int, *, lock: bool) -> list[StoredVisit]:
    """List the current rows of a participant's plan by opening day; `lock` keeps their assessments."""
    statement = (
        select(PlannedVisit, Assessment)
        .join(Assessment, Assessment.planned_visit_id == PlannedVisit.id)
        .where(PlannedVisit.participant_id == participant_id, PlannedVisit.replaced_at.is_(None))
        .order_by(PlannedVisit.opens_on, PlannedVisit.id)
    )
    if lock:
        statement = statement.with_for_update(of=Assessment, key_share=True).execution_options(
            populate_existing=True
        )
    rows = session.execute(statement).all()
    answered = _list_last_answers(session, participant_id)
    return [StoredVisit(row, assessment, answered.get(assessment.id)) for row, assessment in rows]


def list_unscheduled(session: Session, participant_id: int, *, lock: bool) -> list[StoredVisit]:
    """List the answers that left their visits, in the order of their numbers; `lock` keeps the assessments.

    The row of each is that of the visit they were given to, as it stood before it left them: the one before
    the revision that the assessment keeps.
    """
    statement = (
        select(_GIVEN_TO, Assessment)
        .join(_KEPT, _KEPT.id == Assessment.planned_visit_id)
        .join(
            _GIVEN_TO,
            and_(
                _GIVEN_TO.participant_id == _KEPT.participant_id,
                _GIVEN_TO.visit_code == _KEPT.visit_code,
                _GIVEN_TO.revision == _KEPT.revision - 1,
            ),
        )
        .where(Assessment.participant_id == participant_id, Assessment.visit_code == UNSCHEDULED)
        .order_by(Assessment.ordinal)
    )
    if lock:
        statement = statement.with_for_update(of=Assessment, key_share=True).execution_options(
            populate_existing=True
        )
    rows = session.execute(statement).all()
    answered = _list_last_answers(session, participant_id) if rows else {}
    return [StoredVisit(row, assessment, answered.get(assessment.id)) for row, assessment in rows]


def _list_last_answers(session: Session, participant_id: int) -> dict[int, datetime]:
    """Give when the last answer to each assessment was given."""
    rows = session.execute(
        select(Response.assessment_id, func.max(Answer.answered_at))
        .join(Answer, Answer.response_id == Response.id)
        .join(Assessment, Assessment.id == Response.assessment_id)
        .where(Assessment.participant_id == participant_id)
        .group_by(Response.assessment_id)
    )
    return {row[0]: row[1] for row in rows}


def list_revisions(session: Session, participant_id: int) -> list[PlannedVisit]:
    """List every row that a participant's plan ever had, replaced ones included, in the order of planning."""
    return list(
        session.scalars(
            select(PlannedVisit)
            .where(PlannedVisit.participant_id == participant_id)
            .order_by(PlannedVisit.id)
        )
    )


def last_revisions(session: Session, participant_id: int) -> dict[str, int]:
    """Give the highest revision of each visit of a participant, replaced ones included."""
    rows = session.execute(
        select(PlannedVisit.visit_code, func.max(PlannedVisit.revision))
        .where(PlannedVisit.participant_id == participant_id)
        .group_by(PlannedVisit.visit_code)
    )
    return {row[0]: row[1] for row in rows}


def last_ordinal(session: Session, *, participant_id: int, visit_code: str) -> int:
    """Give the highest ordinal among a participant's assessments under one visit code, 0 without any."""
    highest = session.scalar(
        select(func.max(Assessment.ordinal)).where(
            Assessment.participant_id == participant_id, Assessment.visit_code == visit_code
        )
    )
    return highest or 0
