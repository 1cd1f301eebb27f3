"""Recording what became of a claimed message, in a transaction of its own after it was sent.

An outcome counts only under the token of its claim. What definitely cannot be delivered is handed to the
person's next channel in the same transaction.
"""

from collections.abc import Container
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from pro_app.reminders.outbox.attempts import MOST_DOUBTS, ClaimedMessage, Outcome, find_back_off
from pro_app.reminders.outbox.rows import finish_row
from pro_app.reminders.outbox.take_over import hand_over
from pro_app.reminders.sending_hours import find_allowed_moment
from pro_app.storage.queries.participants import find_participant
from pro_app.storage.tables.outbox import OutboxMessage

GIVEN_UP_AFTER = timedelta(hours=72)

_CLAIMED = (
    select(OutboxMessage)
    .where(
        OutboxMessage.id == bindparam("message_id"),
        OutboxMessage.state == "claimed",
        OutboxMessage.claimed_by == bindparam("claim_token"),
    )
    .with_for_update(key_share=True)
)
_SENT = (
    update(OutboxMessage)
    .where(
        OutboxMessage.id == bindparam("message_id"),
        OutboxMessage.state == "claimed",
        OutboxMessage.claimed_by == bindparam("claim_token"),
    )
    .values(
        state="sent",
        outcome_reason=None,
        finished_at=bindparam("now"),
        claimed_by=None,
        lease_until=None,
        provider_ref=func.coalesce(bindparam("new_ref"), OutboxMessage.provider_ref),
    )
)
"""What nearly every message ends with, in one statement."""


def record_outcome(
    session: Session,
    claimed: ClaimedMessage,
    outcome: Outcome,
    *,
    usable_channels: Container[str],
    now: datetime,
) -> str | None:
    """Record what became of a claimed message; gives its new state, None if the claim is lost.

    `usable_channels` are those that the installation has, which the next channel must be one of.
    """
    about = {"message_id": claimed.message_id, "claim_token": claimed.claim_token}
    if outcome.kind == "sent":
        session.flush()
        said = about | {"now": now, "new_ref": outcome.provider_ref}
        return "sent" if session.connection().execute(_SENT, said).rowcount else None
    # Whoever changes a person's messages locks the person first, or two would wait for each other.
    find_participant(session, claimed.participant_id, lock=True)
    row = session.scalars(_CLAIMED, about).one_or_none()
    if row is None:
        return None
    row.provider_ref = outcome.provider_ref or row.provider_ref
    if outcome.kind == "undeliverable":
        give_up(session, row, reason=outcome.reason, usable_channels=usable_channels, now=now)
    else:
        next_at = (
            _defer(row, outcome, now=now) if outcome.kind == "deferred" else _back_off(row, outcome, now)
        )
        if claimed.hours is not None:
            next_at = find_allowed_moment(next_at, claimed.hours)
        if row.doubts >= MOST_DOUBTS or _is_too_late(row, next_at, now=now):
            give_up(session, row, reason=outcome.reason, usable_channels=usable_channels, now=now)
        else:
            row.state, row.attempt_at, row.outcome_reason = "planned", next_at, outcome.reason
            row.claimed_by = row.lease_until = None
    return row.state


def give_up(
    session: Session,
    row: OutboxMessage,
    *,
    reason: str | None,
    usable_channels: Container[str],
    now: datetime,
) -> None:
    """Finish a message that is not tried again: failed, and handed to the next channel, or unknown.

    A message is called failed only if every attempt is known to have failed.
    """
    finish_row(row, "unknown" if row.doubts else "failed", reason=reason, now=now)
    if row.state == "failed":
        row.taken_over_by = hand_over(session, row, usable_channels=usable_channels, now=now)


def _back_off(row: OutboxMessage, outcome: Outcome, now: datetime) -> datetime:
    """Count a failed attempt and give when to try again, at growing distances."""
    row.doubts += outcome.kind == "doubtful"
    return now + find_back_off(row.attempts)


def _defer(row: OutboxMessage, outcome: Outcome, *, now: datetime) -> datetime:
    """Take back the count of an attempt that was none, and give when to try."""
    row.attempts -= 1
    if row.attempts == 0:
        row.first_attempt_at = None
    return max(outcome.until or now, now)


def _is_too_late(row: OutboxMessage, next_at: datetime, *, now: datetime) -> bool:
    """Say whether a next attempt would come more than 72 hours after the first, or after the window."""
    if row.expires_at is not None and next_at >= row.expires_at:
        return True
    return next_at >= (row.first_attempt_at or now) + GIVEN_UP_AFTER
