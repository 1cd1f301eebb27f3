"""Reading which forms were moved to another visit or another participant, and where they stood before."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.orm import Session

from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.clarifications import Clarification
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.responses import Response
from pro_app.storage.tables.set_aside_answers import SetAsideAnswer

_IDS: BindParameter[list[str]] = bindparam("operation_ids", expanding=True)
_ACCEPTED = (Clarification.decision == "accepted", Clarification.kind.in_(("visit", "participant")))
_MOVES = (
    select(
        Clarification.assessment_id,
        Clarification.kind,
        Clarification.before,
        Clarification.after,
        Clarification.decided_at,
    )
    .join(Assessment, Assessment.id == Clarification.assessment_id)
    .where(*_ACCEPTED, Assessment.participant_id.in_(bindparam("participant_ids", expanding=True)))
    .order_by(Clarification.id)
)
_IN_FORM = (
    select(Answer.operation_id)
    .join(Response, Response.id == Answer.response_id)
    .where(Response.assessment_id == bindparam("assessment_id"), Answer.operation_id.in_(_IDS))
)
_BESIDE = select(SetAsideAnswer.operation_id).where(
    SetAsideAnswer.assessment_id == bindparam("assessment_id"), SetAsideAnswer.operation_id.in_(_IDS)
)
_EARLIER_CODES = (
    select(Answer.operation_id, Clarification.before)
    .join(Response, Response.id == Answer.response_id)
    .join(Clarification, Clarification.assessment_id == Response.assessment_id)
    .where(*_ACCEPTED, Clarification.kind == "participant", Answer.operation_id.in_(_IDS))
)
_CODE = select(Participant.participant_code).where(Participant.id == bindparam("participant_id"))
_IN_PLACE = select(Assessment.id).where(
    Assessment.participant_id == bindparam("participant_id"),
    Assessment.visit_code == bindparam("visit_code"),
    Assessment.ordinal == 0,
)


@dataclass(frozen=True, slots=True)
class MovedForm:
    """One form that was moved: of which kind the move was, from where, to where, and when."""

    assessment_id: int
    kind: str
    before: str
    after: str
    moved_at: datetime


def list_moved_forms(session: Session, participant_ids: Collection[int]) -> list[MovedForm]:
    """List the moves of forms that some participants have now, in the order of asking."""
    rows = session.execute(_MOVES, {"participant_ids": list(participant_ids)})
    return [
        MovedForm(assessment_id, kind, (before or {}).get(kind, ""), (after or {}).get(kind, ""), moved_at)
        for assessment_id, kind, before, after, moved_at in rows
        if moved_at is not None
    ]


def list_operations_of(
    session: Session, assessment_id: int, operation_ids: Collection[str]
) -> frozenset[str]:
    """List those of some operations that are kept in a form, or beside it."""
    values = {"assessment_id": assessment_id, "operation_ids": list(operation_ids)}
    return frozenset({*session.scalars(_IN_FORM, values), *session.scalars(_BESIDE, values)})


def list_earlier_codes(session: Session, operation_ids: Collection[str]) -> dict[str, set[str]]:
    """Give the inclusion numbers under which operations stood before their form was moved, by operation."""
    found: dict[str, set[str]] = {}
    for operation_id, before in session.execute(_EARLIER_CODES, {"operation_ids": list(operation_ids)}):
        found.setdefault(operation_id, set()).add((before or {}).get("participant", ""))
    return found


def find_form_in_place(session: Session, participant_id: int, visit_code: str) -> int | None:
    """Find the form that stands in a visit of a participant's plan."""
    values = {"participant_id": participant_id, "visit_code": visit_code}
    return session.scalars(_IN_PLACE, values).one_or_none()


def load_participant_code(session: Session, participant_id: int) -> str:
    """Give the inclusion number of a participant."""
    return session.scalars(_CODE, {"participant_id": participant_id}).one()
