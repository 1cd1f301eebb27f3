"""Writing the outbox in the transaction of a change: what should go out, and what no longer should."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from pro_app.reminders.outbox.plan import NewMessage, OutboxPlan, plan_outbox
from pro_app.reminders.outbox.rows import enqueue_rows, plan_again, withdraw_row
from pro_app.reminders.situation import load_situation
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant

_ROWS = (
    select(OutboxMessage)
    .where(
        OutboxMessage.participant_id == bindparam("participant_id"),
        OutboxMessage.planned_visit_id.is_not(None),
    )
    .order_by(OutboxMessage.id)
)
_LOCKED_ROWS = _ROWS.with_for_update().execution_options(populate_existing=True)
_PLANNED = (
    select(OutboxMessage)
    .where(OutboxMessage.state == "planned")
    .order_by(OutboxMessage.id)
    .with_for_update()
    .execution_options(populate_existing=True)
)
TEST_MESSAGE = "test"
TEST_MESSAGE_LIFE = timedelta(hours=2)


def replan_reminders(session: Session, *, participant: Participant, now: datetime) -> None:
    """Make the outbox equal to what the policy says for the participant's current plan.

    What that means stands in `plan_outbox`. Doing it twice changes nothing more.
    """
    session.flush()
    situation = load_situation(session, participant, now=now)
    rows = list_rows(session, participant.id, lock=True)
    plan = plan_outbox(situation, rows, participant=participant, now=now)
    _apply(session, plan, participant=participant, now=now)


def list_rows(session: Session, participant_id: int, *, lock: bool) -> Sequence[OutboxMessage]:
    """List the messages about visits that the participant has, of every revision of the plan.

    `lock` keeps others from changing them and reads them anew.
    """
    statement = _LOCKED_ROWS if lock else _ROWS
    return session.scalars(statement, {"participant_id": participant_id}).all()


def cancel_reminders(
    session: Session,
    *,
    reason: str,
    now: datetime,
    assessment_id: int | None = None,
    participant_id: int | None = None,
) -> None:
    """Withdraw every planned message of an assessment or of a participant, test messages included.

    Lock the person first, as everybody does who changes more than one of a person's messages; the messages
    are locked in the order of their keys, as in `list_rows`.
    """
    if assessment_id is None and participant_id is None:
        raise ValueError("cancel_reminders needs an assessment or a participant")
    session.flush()
    statement = _PLANNED
    if assessment_id is not None:
        statement = statement.where(OutboxMessage.assessment_id == assessment_id)
    if participant_id is not None:
        statement = statement.where(OutboxMessage.participant_id == participant_id)
    for row in session.scalars(statement).all():
        withdraw_row(row, reason, now=now)
    session.flush()


def enqueue_test_message(
    session: Session, *, participant: Participant, now: datetime, channel: str | None = None
) -> bool:
    """Enqueue the message by which a person sees that messages arrive; asked twice in a minute, it is one.

    It goes out at once, whatever the hour: somebody has just asked for it. After two hours it is given up.
    Gives False, and enqueues nothing, where every channel of the person rests, or the one asked for.
    """
    session.flush()
    usable = load_situation(session, participant, now=now).main_channels
    channel = next((code for code in usable if channel in {None, code}), None)
    if channel is None:
        return False
    enqueue_rows(
        session,
        [
            {
                "message_key": f"{participant.id}:-:{TEST_MESSAGE}:{now:%Y%m%d%H%M}:{channel}",
                "rule_code": TEST_MESSAGE,
                "template_code": TEST_MESSAGE,
                "assessment_id": None,
                "planned_visit_id": None,
                "due_at": now,
                "attempt_at": now,
                "expires_at": now + TEST_MESSAGE_LIFE,
                **_same_for_all(participant, channel, now=now),
            }
        ],
    )
    return True


def _apply(session: Session, plan: OutboxPlan, *, participant: Participant, now: datetime) -> None:
    """Store what was planned."""
    for row, reason in plan.withdrawn:
        withdraw_row(row, reason, now=now)
    for row, reminder in plan.renewed:
        if row.state == "planned" and row.attempts:
            row.attempt_at = reminder.attempt_at
            continue
        plan_again(
            row, due_at=reminder.due_at, attempt_at=reminder.attempt_at, expires_at=reminder.expires_at
        )
    session.flush()
    enqueue_rows(session, [_new_row(message, participant=participant, now=now) for message in plan.added])


def _new_row(message: NewMessage, *, participant: Participant, now: datetime) -> dict[str, Any]:
    """Give a new row; a refused message is written too, as cancelled, so that it is seen not to go."""
    reminder = message.reminder
    row = {
        "message_key": message.message_key,
        "rule_code": reminder.rule.code,
        "template_code": reminder.template_code,
        "assessment_id": message.visit.assessment_id,
        "planned_visit_id": message.visit.planned_visit_id,
        "due_at": reminder.due_at,
        "attempt_at": reminder.attempt_at,
        "expires_at": reminder.expires_at,
        **_same_for_all(participant, message.channel, now=now),
    }
    if reminder.refused is not None:
        row |= {"state": "cancelled", "outcome_reason": reminder.refused, "finished_at": now}
    return row


def _same_for_all(participant: Participant, channel: str, *, now: datetime) -> dict[str, Any]:
    return {
        "study_id": participant.study_id,
        "site_id": participant.site_id,
        "participant_id": participant.id,
        "contact_ref": participant.contact_ref,
        "channel": channel,
        "planned_at": now,
        "state": "planned",
        "outcome_reason": None,
        "finished_at": None,
        "attempts": 0,
        "doubts": 0,
    }
