"""What waits for the investigator: requests to be decided, and readings without a word of what was done."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.clock import civil_date
from pro_app.reminders.task_outcomes import CLARIFICATION, READING
from pro_app.reminders.task_situation import Matter
from pro_app.storage.queries.clarifications import PENDING
from pro_app.storage.queries.site_tasks import TaskScope, run_within
from pro_app.storage.tables.answer_readings import AnswerReading
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.clarifications import Clarification
from pro_app.storage.tables.participants import Participant

FOR_ROLES = frozenset({"investigator"})
_REQUESTS = (
    select(Clarification, Assessment.visit_code, Participant)
    .join(Assessment, Assessment.id == Clarification.assessment_id)
    .join(Participant, Participant.id == Assessment.participant_id)
    .where(*PENDING)
    .order_by(Clarification.id)
)
_READINGS = (
    select(AnswerReading, Participant)
    .join(Participant, Participant.id == AnswerReading.participant_id)
    .where(AnswerReading.follow_up_at.is_(None))
    .order_by(AnswerReading.id)
)


def list_matters(session: Session, scope: TaskScope, *, now: datetime) -> list[Matter]:  # noqa: ARG001 -- a source of tasks is asked with the time
    """List the requests and the readings that wait for an investigator of the sites in scope."""
    requests = [
        Matter(
            participant_id=person.id,
            kind=CLARIFICATION,
            about=str(row.id),
            why="asked",
            since_on=civil_date(row.requested_at, person.zone),
            visit_code=visit_code,
            for_roles=FOR_ROLES,
        )
        for row, visit_code, person in run_within(session, _REQUESTS, scope)
    ]
    readings = [
        Matter(
            participant_id=person.id,
            kind=READING,
            about=str(row.id),
            why="read",
            since_on=civil_date(row.opened_at, person.zone),
            for_roles=FOR_ROLES,
        )
        for row, person in run_within(session, _READINGS, scope)
    ]
    return requests + readings
