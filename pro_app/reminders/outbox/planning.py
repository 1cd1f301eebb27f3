"""Writing the outbox in the transaction of a change: what should go out, and what no longer should."""

import secrets
from collections.abc import Container, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from pro_app.reminders.outbox.plan import NewMessage, OutboxPlan, plan_outbox
from pro_app.reminders.outbox.rows import enqueue_rows, plan_again, withdraw_row
from pro_app.reminders.pin_codes import PIN_CODE, PIN_CODE_LIFE
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
_PIN_CODES = select(OutboxMessage.planned_at).where(
    OutboxMessage.participant_id == bindparam("participant_id"),
    OutboxMessage.rule_code == PIN_CODE,
    OutboxMessage.planned_at > bindparam("since"),
)
TEST_MESSAGE = "test"
TEST_MESSAGE_LIFE = timedelta(hours=2)
AT_ONCE = frozenset({TEST_MESSAGE, PIN_CODE})
"""The rules of messages that somebody has just asked for, which go out at any hour."""
PIN_CODE_REST = timedelta(minutes=1)
MOST_PIN_CODES = 6
PIN_CODES_SINCE = timedelta(hours=24)
"""Nobody's telephone is flooded by somebody who found a card: six codes within a day, a minute apart."""


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
    key = f"{participant.id}:-:{TEST_MESSAGE}:{now:%Y%m%d%H%M}:{channel}"
    row = _row_at_once(key, TEST_MESSAGE, participant=participant, channel=channel, now=now)
    enqueue_rows(session, [row | {"expires_at": now + TEST_MESSAGE_LIFE}])
    return True


def enqueue_pin_code(
    session: Session,
    *,
    participant: Participant,
    reachable: Container[str],
    asked_at: datetime,
    now: datetime,
) -> str | None:
    """Enqueue the code by which a person who forgot the PIN chooses another one; gives its channel.

    It goes out at once, whatever the hour, by the first channel of the person that is `reachable`, and loses
    its sense ten minutes after `asked_at` (aware UTC). Gives None, and enqueues nothing, where no channel
    leads there, the person left, or a code was enqueued too shortly before or too often.
    """
    session.flush()
    situation = load_situation(session, participant, now=now)
    channel = next((code for code in situation.main_channels if code in reachable), None)
    before = session.scalars(_PIN_CODES, {"participant_id": participant.id, "since": now - PIN_CODES_SINCE})
    planned = before.all()
    too_often = len(planned) >= MOST_PIN_CODES or any(at > now - PIN_CODE_REST for at in planned)
    if channel is None or situation.stopped_by is not None or too_often:
        return None
    key = f"{participant.id}:-:{PIN_CODE}:{secrets.token_hex(16)}:{channel}"
    row = _row_at_once(key, PIN_CODE, participant=participant, channel=channel, now=now)
    enqueue_rows(session, [row | {"expires_at": asked_at + PIN_CODE_LIFE}])
    return channel


def _row_at_once(
    key: str, rule_code: str, *, participant: Participant, channel: str, now: datetime
) -> dict[str, Any]:
    """Give the row of a message that is about no visit and was just asked for."""
    return {
        "message_key": key,
        "rule_code": rule_code,
        "template_code": rule_code,
        "assessment_id": None,
        "planned_visit_id": None,
        "due_at": now,
        "attempt_at": now,
        **_same_for_all(participant, channel, now=now),
    }


def _apply(session: Session, plan: OutboxPlan, *, participant: Participant, now: datetime) -> None:
    """Store what was planned."""
    for row, reason in plan.withdrawn:
        withdraw_row(row, reason, now=now)
    for row, reminder in plan.renewed:
        if row.state == "planned" and row.attempts:
            row.attempt_at = reminder.attempt_at
            continue
        plan_again(
            row,
            site_id=participant.site_id,
            due_at=reminder.due_at,
            attempt_at=reminder.attempt_at,
            expires_at=reminder.expires_at,
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
