"""Claiming one due message in a short transaction, before it is sent outside of any.

A stop that was committed before the claim always wins: everything that decides is read again here, and on
PostgreSQL the person is locked with the message, so that a stop either is seen or comes after the claim.
Nobody is waited for: what another one is at work on is passed by, and found again at the next look. A message
that was claimed when the stop came is in hand and may still go. A claim carries a token and a lease; a claim
whose lease ran out is taken over once at most, since nobody knows whether its message arrived. A message
that cannot be judged, because of what is recorded of its person, is set aside and holds up nobody else.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import BindParameter, Boolean, Select, bindparam, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from pro_app.clock import civil_date
from pro_app.reminders.outbox.attempts import LEASE, MOST_DOUBTS, ClaimedMessage, Outcome, Settled
from pro_app.reminders.outbox.outcomes import record_outcome
from pro_app.reminders.outbox.plan import GONE_OUT, check_channel
from pro_app.reminders.outbox.planning import AT_ONCE, replan_reminders
from pro_app.reminders.outbox.rows import (
    UNREADABLE,
    check_row,
    find_allowed,
    find_attempt,
    finish_row,
    take_back_row,
)
from pro_app.reminders.policy import WINDOW_CLOSED
from pro_app.reminders.situation import PUSH, Situation, load_situation
from pro_app.storage.seldom import seldom
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sites import Site

Moment = datetime | BindParameter[datetime]
__all__ = ["LEASE", "ClaimedMessage", "Outcome", "Settled", "claim_next", "record_outcome"]

NEVER = datetime.max.replace(tzinfo=UTC)
SET_ASIDE_FOR = timedelta(minutes=15)
logger = logging.getLogger(__name__)


def claim_next(
    session: Session,
    *,
    claim_token: str,
    now: datetime,
    find_name: Callable[[OutboxMessage], str | None] = lambda _row: None,
) -> ClaimedMessage | Settled | None:
    """Claim the message that has been due longest, or settle it if it may not go out; None if none is due.

    `find_name` gives the name that a message will be reported under, where that is known before it goes: it
    is kept with the claim, so that a report that is faster than the outcome finds its message.
    """
    found = _find_claimable(session, now)
    if found is None:
        return None
    row, participant = found
    situation = _judge(session, row, participant, now=now)
    if situation is None:
        return Settled(row.state)
    row.state, row.claimed_by, row.lease_until = "claimed", claim_token, now + LEASE
    row.attempts += 1
    row.first_attempt_at = row.first_attempt_at or now
    row.provider_ref = find_name(row) or row.provider_ref
    sender_label, telephone = session.execute(_SITE, {"site_id": row.site_id}).one()
    visit = situation.find_visit(row.planned_visit_id, row.assessment_id)
    return ClaimedMessage(
        message_id=row.id,
        message_key=row.message_key,
        generation=row.generation,
        claim_token=claim_token,
        lease_until=now + LEASE,
        participant_id=participant.id,
        channel=row.channel,
        contact_ref=row.contact_ref,
        template_code=row.template_code,
        language=participant.language,
        sender_label=sender_label,
        site_telephone=telephone,
        closes_on=visit.closes_on if visit else None,
        today=civil_date(now, participant.zone),
        expires_at=row.expires_at,
        hours=None if row.rule_code in AT_ONCE else situation.hours,
    )


def select_due(now: Moment) -> Select[OutboxMessage, Participant]:
    """Select the messages to be tried, the one that waits longest first; nothing else is looked at."""
    return (
        select(OutboxMessage, Participant)
        .join(Participant, Participant.id == OutboxMessage.participant_id)
        .where(OutboxMessage.state == "planned", seldom(OutboxMessage.attempt_at <= now))
        .order_by(OutboxMessage.attempt_at)
    )


def select_lost(now: Moment) -> Select[OutboxMessage, Participant]:
    """Select the claims whose lease ran out, the oldest first."""
    return (
        select(OutboxMessage, Participant)
        .join(Participant, Participant.id == OutboxMessage.participant_id)
        .where(seldom(OutboxMessage.state == "claimed"), OutboxMessage.lease_until <= now)
        .order_by(OutboxMessage.lease_until)
    )


_SITE = select(Site.sender_label, Site.telephone).where(Site.id == bindparam("site_id"))
_CLAIMABLE = tuple(
    select_any(bindparam("now")).limit(1).with_for_update(skip_locked=True, key_share=True)
    for select_any in (select_lost, select_due)
)
"""These are made once: each look asks them, and making them takes as long as asking them."""


def _find_claimable(session: Session, now: datetime) -> tuple[OutboxMessage, Participant] | None:
    """Lock the oldest lost claim, else the oldest message to be tried; what others hold is skipped."""
    for statement in _CLAIMABLE:
        found = session.execute(statement, {"now": now}).one_or_none()
        if found is not None:
            return found[0], found[1]
    return None


def _judge(
    session: Session, row: OutboxMessage, participant: Participant, *, now: datetime
) -> Situation | None:
    """Read all that decides about a message; None where it is settled by now, and may not go out."""
    if row.state == "claimed":
        row.doubts += 1
        row.state, row.claimed_by, row.lease_until = "planned", None, None
        if row.doubts >= MOST_DOUBTS:
            finish_row(row, "unknown", reason="claim_ran_out", now=now)
            return None
    try:
        situation = load_situation(session, participant, now=now)
        if not _settle(session, row, situation, now=now):
            return situation
        if row.outcome_reason == "plan_replaced":
            # What took its place may have been left out because this one was just going.
            with session.begin_nested():
                replan_reminders(session, participant=participant, now=now)
    except SQLAlchemyError:
        raise
    except Exception:
        logger.exception("message %s cannot be judged", row.id)
        if row.state == "planned":
            _set_aside(row, now=now)
    return None


def _set_aside(row: OutboxMessage, *, now: datetime) -> None:
    """Let a message wait for somebody to mend the record, at most until its window closes."""
    if row.expires_at is not None and now >= row.expires_at:
        take_back_row(row, WINDOW_CLOSED, now=now)
    else:
        row.attempt_at, row.outcome_reason = now + SET_ASIDE_FOR, UNREADABLE


def _settle(session: Session, row: OutboxMessage, situation: Situation, *, now: datetime) -> bool:
    """Cancel the message, give it up or put it off where it may not go out now; tell whether it did."""
    reason = check_row(row, situation, now=now) or check_channel(row, situation)
    if reason is None and _is_overtaken(session, row, situation, now=now):
        reason = "overtaken"
    if reason is not None:
        take_back_row(row, reason, now=now)
        return True
    if find_allowed(row, situation, now=now) <= now:
        return False
    _put_off(row, situation, now=now)
    return True


def _put_off(row: OutboxMessage, situation: Situation, *, now: datetime) -> None:
    """Let a message wait until it may go out, or take it back where its window leaves no such moment."""
    attempt_at = find_attempt(row.expires_at, situation, now=now)
    if attempt_at is None:
        take_back_row(row, WINDOW_CLOSED, now=now)
        return
    row.attempt_at = attempt_at
    if situation.held_until is not None and attempt_at != row.expires_at:
        row.outcome_reason = None  # It is the pause that it waits for, whatever went wrong before.


_OTHERS = select(OutboxMessage).where(
    OutboxMessage.participant_id == bindparam("participant_id"),
    OutboxMessage.state.in_(("planned", *GONE_OUT)),
    or_(OutboxMessage.state != "planned", OutboxMessage.attempt_at <= bindparam("now")),
    (OutboxMessage.channel == PUSH) == bindparam("is_push", type_=Boolean()),
    OutboxMessage.planned_visit_id.is_not(None),
    OutboxMessage.id != bindparam("message_id"),
)
"""The messages that a message may be overtaken by: those that went out or are due."""


def _is_overtaken(session: Session, row: OutboxMessage, situation: Situation, *, now: datetime) -> bool:
    """Tell whether another message makes this one superfluous, so that one person gets one at a time.

    After an outage several are due at once: the one whose window closes first goes, of one visit the latest;
    the others do not follow it. And none goes after a later one about the same visit. Push messages go beside
    the others, and are compared with push messages only.
    """
    if row.planned_visit_id is None:
        return False
    about = {
        "participant_id": row.participant_id,
        "message_id": row.id,
        "is_push": row.channel == PUSH,
        "now": now,
    }
    others = session.scalars(_OTHERS, about).all()
    return _is_late(row, others) or any(
        other.state == "planned"
        and _urgency(other) < _urgency(row)
        and check_row(other, situation, now=now) is None
        and check_channel(other, situation) is None
        for other in others
    )


def _is_late(row: OutboxMessage, others: Iterable[OutboxMessage]) -> bool:
    """Tell whether another message went out while this one waited, or a later one about its visit."""
    return any(
        other.state == "claimed"
        or (other.finished_at is not None and other.finished_at >= row.due_at)
        or (other.assessment_id == row.assessment_id and other.due_at > row.due_at)
        for other in others
        if other.state != "planned"
    )


def _urgency(row: OutboxMessage) -> tuple[datetime, float, int]:
    return (row.expires_at or NEVER, -row.due_at.timestamp(), -row.id)
