"""Reading requests for corrections, with the form and the participant that each is about."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.clarifications import Clarification, ClarificationItem
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.responses import Response

OF_PEOPLE = (
    select(Clarification, Assessment, Participant)
    .join(Assessment, Assessment.id == Clarification.assessment_id)
    .join(Participant, Participant.id == Assessment.participant_id)
)
PENDING = (Clarification.decided_at.is_(None), Clarification.withdrawn_at.is_(None))


def find_clarification(
    session: Session, clarification_id: int, *, lock: bool = False
) -> Clarification | None:
    """Find one request; `lock` reads it anew and keeps others from changing it.

    Lock the assessment before: everybody who changes a request takes that lock first.
    """
    statement = select(Clarification).where(Clarification.id == clarification_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return session.scalars(statement).one_or_none()


def list_pending_of(session: Session, assessment_id: int) -> list[Clarification]:
    """List the requests about one form that wait for a decision."""
    statement = select(Clarification).where(Clarification.assessment_id == assessment_id, *PENDING)
    return list(session.scalars(statement.order_by(Clarification.id)))


def list_decided_of(session: Session, assessment_id: int) -> dict[int, datetime]:
    """Give when each request about one form was decided, by request, of those that were."""
    statement = select(Clarification.id, Clarification.decided_at)
    rows = session.execute(statement.where(Clarification.assessment_id == assessment_id))
    return {key: decided_at for key, decided_at in rows if decided_at is not None}


def list_clarification_items(session: Session, ids: Collection[int]) -> dict[int, list[ClarificationItem]]:
    """List what was asked of the items, by request, in the order of the questions."""
    statement = select(ClarificationItem).where(ClarificationItem.clarification_id.in_(ids))
    found: dict[int, list[ClarificationItem]] = {}
    for item in session.scalars(statement.order_by(ClarificationItem.id)):
        found.setdefault(item.clarification_id, []).append(item)
    return found


def list_requests(
    session: Session, *, study_id: int, site_ids: Collection[int] | None, limit: int
) -> list[tuple[Clarification, Assessment, Participant]]:
    """List the requests of a study or of some of its sites, those that wait first, then the newest."""
    statement: Select[Clarification, Assessment, Participant] = OF_PEOPLE.where(
        Participant.study_id == study_id
    )
    if site_ids is not None:
        statement = statement.where(Participant.site_id.in_(site_ids))
    rows = session.execute(statement.order_by(and_(*PENDING).desc(), Clarification.id.desc()).limit(limit))
    return [(row[0], row[1], row[2]) for row in rows]


def list_corrections_of(session: Session, participant_id: int) -> dict[int, datetime]:
    """Give when answers of a participant's forms were last corrected, by assessment, of those that were."""
    rows = session.execute(
        select(Assessment.id, func.max(Clarification.decided_at))
        .join(Clarification, Clarification.assessment_id == Assessment.id)
        .where(
            Assessment.participant_id == participant_id,
            Clarification.kind == "answer",
            Clarification.decision == "accepted",
        )
        .group_by(Assessment.id)
    )
    return {row[0]: row[1] for row in rows if row[1] is not None}


def list_response_versions_of(session: Session, assessment_ids: Collection[int]) -> list[Response]:
    """List every version of the answers of some forms, version by version."""
    statement = select(Response).where(Response.assessment_id.in_(assessment_ids))
    ordered = statement.order_by(Response.assessment_id, Response.instrument_code, Response.version)
    return list(session.scalars(ordered))
