"""Claiming one due message in a short transaction, and recording in another what became of it.

A stop that was committed before the claim always wins: everything that decides is read again here. A claim
carries a token and a lease; an outcome counts only under the token, and a claim whose lease ran out is
taken over once at most, since nobody knows whether its message arrived.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from pro_app.clock import civil_date
from pro_app.reminders.outbox.planning import TEST_MESSAGE
from pro_app.reminders.outbox.rows import finish_row, withdraw_row
from pro_app.reminders.policy import (
    ALWAYS,
    MessageSituation,
    SendingHours,
    check_eligibility,
    find_allowed_moment,
    find_condition,
)
from pro_app.reminders.situation import Situation, load_situation
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sites import Site

LEASE = timedelta(minutes=10)
MOST_DOUBTS = 2
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
GIVEN_UP_AFTER = timedelta(hours=72)
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    """One message that this claim may send, with all that its text needs; the address is in the vault.

    `hours` is None where the message may go out at any hour.
    """

    message_id: int
    message_key: str
    claim_token: str
    channel: str
    contact_ref: str
    template_code: str
    language: str
    sender_label: str
    site_telephone: str
    closes_on: date | None
    today: date
    hours: SendingHours | None


@dataclass(frozen=True, slots=True)
class Settled:
    """A due message that may not go out (now): `cancelled`, `unknown`, or `planned` for later."""

    state: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt. `doubtful`: the message may have been accepted; `reason` is a code."""

    kind: Literal["sent", "retryable", "doubtful", "undeliverable"]
    reason: str | None = None


def claim_next(session: Session, *, claim_token: str, now: datetime) -> ClaimedMessage | Settled | None:
    """Claim the message that has been due longest, or settle it if it may not go out; None if none is due."""
    row = _find_claimable(session, now)
    if row is None:
        return None
    participant = session.get_one(Participant, row.participant_id)
    situation = load_situation(session, participant, now=now)
    if _settle(session, row, situation, now=now):
        return Settled(row.state)
    row.state, row.claimed_by, row.lease_until = "claimed", claim_token, now + LEASE
    row.attempts += 1
    row.first_attempt_at = row.first_attempt_at or now
    site = session.get_one(Site, row.site_id)
    visit = situation.find_visit(row.planned_visit_id, row.assessment_id)
    return ClaimedMessage(
        message_id=row.id,
        message_key=row.message_key,
        claim_token=claim_token,
        channel=row.channel,
        contact_ref=row.contact_ref,
        template_code=row.template_code,
        language=participant.language,
        sender_label=site.sender_label,
        site_telephone=site.telephone,
        closes_on=visit.closes_on if visit else None,
        today=civil_date(now, participant.zone),
        hours=None if row.rule_code == TEST_MESSAGE else situation.hours,
    )


def record_outcome(
    session: Session, claimed: ClaimedMessage, outcome: Outcome, *, now: datetime
) -> str | None:
    """Record what became of a claimed message; gives its new state, None if the claim is lost."""
    row = session.scalars(
        select(OutboxMessage)
        .where(
            OutboxMessage.id == claimed.message_id,
            OutboxMessage.state == "claimed",
            OutboxMessage.claimed_by == claimed.claim_token,
        )
        .with_for_update()
    ).one_or_none()
    if row is None:
        return None
    if outcome.kind == "sent":
        finish_row(row, "sent", reason=None, now=now)
    elif outcome.kind == "undeliverable":
        finish_row(row, _failed_state(row), reason=outcome.reason, now=now)
    else:
        row.doubts += outcome.kind == "doubtful"
        _try_later(row, outcome.reason, hours=claimed.hours, now=now)
    return row.state


def _find_claimable(session: Session, now: datetime) -> OutboxMessage | None:
    """Lock the oldest claim whose lease ran out, else the oldest message to be tried; others are skipped."""
    expired = (
        select(OutboxMessage)
        .where(OutboxMessage.state == "claimed", OutboxMessage.lease_until <= now)
        .order_by(OutboxMessage.lease_until)
    )
    due = (
        select(OutboxMessage)
        .where(OutboxMessage.state == "planned", OutboxMessage.attempt_at <= now)
        .order_by(OutboxMessage.attempt_at)
    )
    return _find_first(session, expired) or _find_first(session, due)


def _find_first(session: Session, statement: Select[OutboxMessage]) -> OutboxMessage | None:
    return session.scalars(statement.limit(1).with_for_update(skip_locked=True)).one_or_none()


def _settle(session: Session, row: OutboxMessage, situation: Situation, *, now: datetime) -> bool:
    """Cancel the message, give it up or put it off where it may not go out now; tell whether it did."""
    if row.state == "claimed":
        row.doubts += 1
        row.state, row.claimed_by, row.lease_until = "planned", None, None
        if row.doubts >= MOST_DOUBTS:
            finish_row(row, "unknown", reason="claim_ran_out", now=now)
            return True
    reason = _check_row(row, situation, now=now)
    if reason is None and _is_overtaken(session, row, situation, now=now):
        reason = "overtaken"
    if reason is not None:
        withdraw_row(row, reason, now=now)
        return True
    allowed_at = _find_allowed(row, situation, now=now)
    if allowed_at <= now:
        return False
    if row.expires_at is not None and allowed_at >= row.expires_at:
        withdraw_row(row, "window_closed", now=now)
    else:
        row.attempt_at = allowed_at
    return True


def _check_row(row: OutboxMessage, situation: Situation, *, now: datetime) -> str | None:
    """Say why the message may no longer go out."""
    visit = situation.find_visit(row.planned_visit_id, row.assessment_id)
    condition: str | None = ALWAYS
    if row.planned_visit_id is not None:
        condition = find_condition(row.rule_code, visit.rules if visit else ())
        if condition is None:
            return "plan_replaced"
    message = MessageSituation(condition or ALWAYS, row.planned_visit_id, row.expires_at)
    return check_eligibility(message, visit, stopped_by=situation.stopped_by, now=now)


def _is_overtaken(session: Session, row: OutboxMessage, situation: Situation, *, now: datetime) -> bool:
    """Tell whether another message makes this one superfluous, so that one person gets one at a time.

    After an outage several are due at once: the one whose window closes first goes, of one visit the
    latest; and none goes after a later one about the same visit.
    """
    if row.planned_visit_id is None:
        return False
    others = session.scalars(
        select(OutboxMessage).where(
            OutboxMessage.participant_id == row.participant_id,
            OutboxMessage.state.in_(("planned", "claimed", "sent")),
            OutboxMessage.channel == row.channel,
            OutboxMessage.planned_visit_id.is_not(None),
            OutboxMessage.due_at <= now,
            OutboxMessage.id != row.id,
        )
    ).all()
    return _has_later(row, others) or any(
        other.state == "planned"
        and other.attempt_at <= now
        and _urgency(other) < _urgency(row)
        and _check_row(other, situation, now=now) is None
        for other in others
    )


def _has_later(row: OutboxMessage, others: Sequence[OutboxMessage]) -> bool:
    return any(
        other.state != "planned" and other.assessment_id == row.assessment_id and other.due_at > row.due_at
        for other in others
    )


def _urgency(row: OutboxMessage) -> tuple[datetime, float, int]:
    return (row.expires_at or NEVER, -row.due_at.timestamp(), -row.id)


def _find_allowed(row: OutboxMessage, situation: Situation, *, now: datetime) -> datetime:
    """Give the moment from which the message may go out: after a pause, outside the quiet hours."""
    if row.planned_visit_id is None:
        return now
    return find_allowed_moment(max(now, situation.held_until or now), situation.hours)


def _try_later(row: OutboxMessage, reason: str | None, *, hours: SendingHours | None, now: datetime) -> None:
    """Plan the next attempt, at growing distances, or give up: after 72 hours or with the window."""
    next_at = now + BACK_OFF[min(row.attempts, len(BACK_OFF)) - 1]
    if hours is not None:
        next_at = find_allowed_moment(next_at, hours)
    too_late = next_at >= (row.first_attempt_at or now) + GIVEN_UP_AFTER
    expired = row.expires_at is not None and next_at >= row.expires_at
    if row.doubts >= MOST_DOUBTS or too_late or expired:
        finish_row(row, _failed_state(row), reason=reason, now=now)
        return
    row.state, row.attempt_at, row.outcome_reason = "planned", next_at, reason
    row.claimed_by = row.lease_until = None


def _failed_state(row: OutboxMessage) -> str:
    """Call a message failed only if every attempt is known to have failed."""
    return "unknown" if row.doubts else "failed"
