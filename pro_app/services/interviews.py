"""A questionnaire that a member of staff asks by telephone, on the participant's own screens.

It goes on in the browser of who asks, as a loan (loans.py) under which the member of staff is the actor:
every answer and the sending say who wrote it down. It ends at the next request after the session, the account
or the role of who asks no longer opens anything; what was kept until then is kept.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.reminders.task_outcomes import ANSWERS_NOW, CALL
from pro_app.services.interviewers import INTERVIEW
from pro_app.services.loans import begin_loan
from pro_app.services.participants import load_participant
from pro_app.services.site_tasks import list_due_tasks
from pro_app.services.task_records import TaskSaid, record_task
from pro_app.storage.queries.accounts import STAFF_IDLE
from pro_app.storage.queries.assessments import load_assessment

IDLE_MINUTES = int(STAFF_IDLE.total_seconds() // 60)
"""Whoever asks may wait for an answer as long as the own session waits."""


def begin_interview(
    session: Session,
    *,
    assessment_id: int,
    participant_id: int,
    staff_session_id: int,
    actor: Actor,
    now: datetime,
) -> str:
    """Begin to ask a participant's questionnaire by telephone; gives the token of the new session.

    A call that was due for this visit rests until tomorrow: sending the form settles it, and what broke off
    comes back. An interview or a tablet that goes on for the same participant elsewhere ends.

    Raises NotFound, AlreadySubmitted or WindowClosed.
    """
    token = begin_loan(
        session,
        assessment_id=assessment_id,
        participant_id=participant_id,
        staff_session_id=staff_session_id,
        mode=INTERVIEW,
        idle_minutes=IDLE_MINUTES,
        actor=actor,
        now=now,
    )
    participant = load_participant(session, participant_id, actor=actor)
    visit_code = load_assessment(session, assessment_id).visit_code
    for task in list_due_tasks(session, participant, actor=actor, now=now):
        if task.kind == CALL and task.visit_code == visit_code:
            record_task(session, task.task_key, said=TaskSaid(ANSWERS_NOW), actor=actor, now=now)
    return token
