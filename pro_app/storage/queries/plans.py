"""Reading the plan of one participant as it is stored."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, Select, and_, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from pro_app.protocol.protocol import UNSCHEDULED
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.responses import Response

_KEPT, _GIVEN_TO = aliased(PlannedVisit), aliased(PlannedVisit)
"""The row that answers without a visit hold, and the one before it."""
_OF_ONE: BindParameter[int] = bindparam("participant_id")
_CURRENT_PLAN = (
    select(PlannedVisit, Assessment)
    .join(Assessment, Assessment.planned_visit_id == PlannedVisit.id)
    .where(PlannedVisit.participant_id == _OF_ONE, PlannedVisit.replaced_at.is_(None))
    .order_by(PlannedVisit.opens_on, PlannedVisit.id)
)
_UNSCHEDULED = (
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
    .where(Assessment.participant_id == _OF_ONE, Assessment.visit_code == UNSCHEDULED)
    .order_by(Assessment.ordinal)
)
_LAST_ANSWERS = (
    select(Response.assessment_id, func.max(Answer.answered_at))
    .join(Answer, Answer.response_id == Response.id)
    .join(Assessment, Assessment.id == Response.assessment_id)
    # A correction says later what was meant on that day.
    .where(Assessment.participant_id == _OF_ONE, Response.clarification_id.is_(None))
    .group_by(Response.assessment_id)
)
_REVISIONS = select(PlannedVisit).where(PlannedVisit.participant_id == _OF_ONE).order_by(PlannedVisit.id)
_LAST_REVISIONS = (
    select(PlannedVisit.visit_code, func.max(PlannedVisit.revision))
    .where(PlannedVisit.participant_id == _OF_ONE)
    .group_by(PlannedVisit.visit_code)
)


def _lock_assessments(
    statement: Select[PlannedVisit, Assessment],
) -> Select[PlannedVisit, Assessment]:
    return statement.with_for_update(of=Assessment, key_share=True).execution_options(populate_existing=True)


_LOCKED_PLAN, _LOCKED_UNSCHEDULED = _lock_assessments(_CURRENT_PLAN), _lock_assessments(_UNSCHEDULED)
"""All statements are made once: each planning asks them, and making them takes as long as asking them."""


@dataclass(frozen=True, slots=True)
class StoredVisit:
    """One current row of the plan, its assessment, and when the last answer to it was given."""

    row: PlannedVisit
    assessment: Assessment
    answered_at: datetime | None


def list_current_plan(session: Session, participant_id: int, *, lock: bool) -> list[StoredVisit]:
    """List the current rows of a participant's plan by opening day; `lock` keeps their assessments."""
    statement = _LOCKED_PLAN if lock else _CURRENT_PLAN
    rows = session.execute(statement, {"participant_id": participant_id}).all()
    answered = _list_last_answers(session, participant_id)
    return [StoredVisit(row, assessment, _find_given_at(assessment, answered)) for row, assessment in rows]


def list_unscheduled(session: Session, participant_id: int, *, lock: bool) -> list[StoredVisit]:
    """List the answers that left their visits, in the order of their numbers; `lock` keeps the assessments.

    The row of each is that of the visit they were given to, as it stood before it left them: the one before
    the revision that the assessment keeps.
    """
    statement = _LOCKED_UNSCHEDULED if lock else _UNSCHEDULED
    rows = session.execute(statement, {"participant_id": participant_id}).all()
    answered = _list_last_answers(session, participant_id) if rows else {}
    return [StoredVisit(row, assessment, _find_given_at(assessment, answered)) for row, assessment in rows]


def _list_last_answers(session: Session, participant_id: int) -> dict[int, datetime]:
    """Give when the last answer to each assessment was given."""
    rows = session.execute(_LAST_ANSWERS, {"participant_id": participant_id})
    return {row[0]: row[1] for row in rows}


def _find_given_at(assessment: Assessment, answered: dict[int, datetime]) -> datetime | None:
    """Find when a form was filled in: the day on its sheet is that of all its answers."""
    return answered.get(assessment.id) if assessment.source_on is None else assessment.completed_at


def list_revisions(session: Session, participant_id: int) -> list[PlannedVisit]:
    """List every row that a participant's plan ever had, replaced ones included, in the order of planning."""
    return list(session.scalars(_REVISIONS, {"participant_id": participant_id}))


def last_revisions(session: Session, participant_id: int) -> dict[str, int]:
    """Give the highest revision of each visit of a participant, replaced ones included."""
    rows = session.execute(_LAST_REVISIONS, {"participant_id": participant_id})
    return {row[0]: row[1] for row in rows}


def last_ordinal(session: Session, *, participant_id: int, visit_code: str) -> int:
    """Give the highest ordinal among a participant's assessments under one visit code, 0 without any."""
    highest = session.scalar(
        select(func.max(Assessment.ordinal)).where(
            Assessment.participant_id == participant_id, Assessment.visit_code == visit_code
        )
    )
    return highest or 0


def list_visit_codes(session: Session, assessment_ids: Collection[int]) -> dict[int, str]:
    """Give the visit in which each of some forms stands, by the key of the form."""
    rows = session.execute(
        select(Assessment.id, Assessment.visit_code).where(Assessment.id.in_(assessment_ids))
    )
    return {row[0]: row[1] for row in rows}


def list_visit_codes_of_forms(session: Session, participant_id: int) -> dict[int, str]:
    """Give the visit of each form of a participant by its key, those that stood in for others included."""
    rows = session.execute(
        select(Assessment.id, Assessment.visit_code).where(Assessment.participant_id == participant_id)
    )
    return {row[0]: row[1] for row in rows}
