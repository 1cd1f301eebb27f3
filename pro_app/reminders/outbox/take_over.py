"""Handing a message that cannot be delivered to the person's next channel."""

from collections.abc import Container
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.reminders.outbox.plan import has_gone_out
from pro_app.reminders.outbox.rows import check_row, enqueue_rows, find_attempt, finish_row, plan_again
from pro_app.reminders.situation import PUSH, load_situation
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant

RETURNABLE = frozenset({"claimed", "sent", "unknown", "planned"})


def hand_over(
    session: Session, row: OutboxMessage, *, usable_channels: Container[str], now: datetime
) -> str | None:
    """Plan a failed message on the person's next channel and give its key; None if none is left, or too late.

    It goes at the next allowed moment of the same window, after a pause, if what it says still holds. A push
    message and a test message have no successor. Lock the person first.
    """
    if row.planned_visit_id is None or row.channel == PUSH:
        return None
    participant = session.get_one(Participant, row.participant_id)
    situation = load_situation(session, participant, now=now)
    attempt_at = find_attempt(row.expires_at, situation, now=now)
    if attempt_at is None or check_row(row, situation, now=now):
        return None
    slot = row.message_key.rpartition(":")[0]
    for channel in situation.main_channels:
        if channel not in usable_channels or channel == row.channel:
            continue
        key = f"{slot}:{channel}"
        successor = session.scalars(
            select(OutboxMessage).where(OutboxMessage.message_key == key).with_for_update(key_share=True)
        ).one_or_none()
        if successor is None:
            copy = _copy(row, key, channel, attempt_at=attempt_at, now=now)
            # What came back may have gone out before the person went to another site.
            enqueue_rows(session, [copy | {"site_id": participant.site_id}])
            return key
        if has_gone_out(successor) or successor.state == "planned":
            return key
        if successor.state == "cancelled":
            plan_again(
                successor,
                site_id=participant.site_id,
                due_at=row.due_at,
                attempt_at=attempt_at,
                expires_at=row.expires_at,
            )
            return key
    return None


def record_return(
    session: Session, message_id: int, *, reason: str, usable_channels: Container[str], now: datetime
) -> str | None:
    """Record that a message which went out came back: it has failed, and the next channel takes over.

    Gives the new state, None where the message does not count as gone out. One that is just being tried has
    come back before its outcome was known, and its outcome counts no more. Lock the person first, and record
    before that the channel rests, if it does.
    """
    row = session.scalars(
        select(OutboxMessage)
        .where(OutboxMessage.id == message_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None or row.state not in RETURNABLE or (row.state == "planned" and not row.doubts):
        return None
    row.doubts = 0
    finish_row(row, "failed", reason=reason, now=now)
    row.taken_over_by = hand_over(session, row, usable_channels=usable_channels, now=now)
    return row.state


def _copy(
    row: OutboxMessage, key: str, channel: str, *, attempt_at: datetime, now: datetime
) -> dict[str, object]:
    """Give the same message on another channel, not tried yet; it is due since the first one was."""
    same = (
        *("study_id", "participant_id", "assessment_id", "planned_visit_id", "contact_ref"),
        *("rule_code", "template_code", "due_at", "expires_at"),
    )
    return {
        **{name: getattr(row, name) for name in same},
        "message_key": key,
        "channel": channel,
        "planned_at": now,
        "attempt_at": attempt_at,
        "state": "planned",
        "attempts": 0,
        "doubts": 0,
    }
