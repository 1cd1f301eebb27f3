"""Claiming e-mails to staff for sending, and recording what became of them, each in a short transaction.

The rules are those of the participants' outbox: a claim is a lease, an outcome counts only under its claim,
and whatever was withdrawn before the claim does not go out.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from pro_app.reminders.outbox.attempts import LEASE, MOST_DOUBTS, Outcome, Settled, find_back_off
from pro_app.storage.queries.accounts import list_active_roles
from pro_app.storage.tables.account_invitations import AccountInvitation
from pro_app.storage.tables.accounts import Account
from pro_app.storage.tables.staff_messages import StaffMessage

_LOST = (
    select(StaffMessage)
    .where(StaffMessage.state == "claimed", StaffMessage.lease_until <= bindparam("now"))
    .order_by(StaffMessage.lease_until)
)
_DUE = (
    select(StaffMessage)
    .where(StaffMessage.state == "planned", StaffMessage.attempt_at <= bindparam("now"))
    .order_by(StaffMessage.attempt_at)
)


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """One e-mail that this claim may send; `seed` is that of its invitation, empty for a digest.

    `counts` is how many tasks of each kind a digest tells of.
    """

    message_id: int
    message_key: str
    claim_token: str
    lease_until: datetime
    kind: str
    contact_ref: str
    language: str
    expires_at: datetime
    counts: dict[str, int]
    seed: str = field(default="", repr=False)


def claim_next_mail(session: Session, *, claim_token: str, now: datetime) -> ClaimedMail | Settled | None:
    """Claim the e-mail that waits longest, or settle it where it may not go out; None where none is due."""
    row = _find_claimable(session, now)
    if row is None:
        return None
    if row.state == "claimed":
        row.doubts += 1
        _wait(row, until=now)
        if row.doubts >= MOST_DOUBTS:
            _finish(row, "unknown", reason="claim_ran_out", now=now)
            return Settled(row.state)
    account = session.get_one(Account, row.account_id)
    invitation = (
        session.get_one(AccountInvitation, row.account_invitation_id)
        if row.account_invitation_id is not None
        else None
    )
    reason = _find_hindrance(session, row, account, invitation=invitation, now=now)
    if reason is not None:
        _finish(row, "cancelled", reason=reason, now=now)
        return Settled(row.state)
    row.state, row.claimed_by, row.lease_until = "claimed", claim_token, now + LEASE
    row.attempts += 1
    return ClaimedMail(
        message_id=row.id,
        message_key=row.message_key,
        claim_token=claim_token,
        lease_until=now + LEASE,
        kind=row.kind,
        contact_ref=row.contact_ref,
        language=account.language,
        expires_at=row.expires_at,
        counts=dict(row.counts),
        seed=invitation.seed if invitation else "",
    )


def record_mail_outcome(
    session: Session, claimed: ClaimedMail, outcome: Outcome, *, now: datetime
) -> str | None:
    """Record what became of a claimed e-mail; gives its new state, None where the claim is lost."""
    row = session.scalar(
        select(StaffMessage)
        .where(
            StaffMessage.id == claimed.message_id,
            StaffMessage.state == "claimed",
            StaffMessage.claimed_by == claimed.claim_token,
        )
        .with_for_update()
    )
    if row is None:
        return None
    if outcome.kind == "sent":
        _finish(row, "sent", reason=None, now=now)
    elif outcome.kind == "undeliverable":
        _finish(row, "failed", reason=outcome.reason, now=now)
    elif outcome.kind == "deferred":
        row.attempts -= 1
        _wait(row, until=max(outcome.until or now, now), reason=outcome.reason)
    else:
        _try_later(row, outcome, now=now)
    return row.state


def _find_claimable(session: Session, now: datetime) -> StaffMessage | None:
    """Lock the oldest lost claim, else the oldest e-mail to be tried; what others hold is skipped."""
    statement: Select[Any]
    for statement in (_LOST, _DUE):
        row: StaffMessage | None = session.scalars(
            statement.limit(1).with_for_update(skip_locked=True), {"now": now}
        ).one_or_none()
        if row is not None:
            return row
    return None


def _find_hindrance(
    session: Session,
    row: StaffMessage,
    account: Account,
    *,
    invitation: AccountInvitation | None,
    now: datetime,
) -> str | None:
    """Say why an e-mail may not go out now or ever; None where it may."""
    if now >= row.expires_at:
        return "too_late"
    if account.disabled_at is not None or not list_active_roles(session, at=now, account_id=account.id):
        return "account_closed"
    if account.contact_ref != row.contact_ref:
        return "no_address"
    if invitation is not None and invitation.closed_at is not None:
        return "invitation_over"
    if row.kind == "digest" and account.digest_hour is None:
        return "not_wanted"
    return None


def _try_later(row: StaffMessage, outcome: Outcome, *, now: datetime) -> None:
    """Let an e-mail wait for its next attempt, or give it up where that comes too late or twice is enough."""
    row.doubts += outcome.kind == "doubtful"
    until = now + find_back_off(row.attempts)
    if row.doubts >= MOST_DOUBTS:
        _finish(row, "unknown", reason=outcome.reason, now=now)
    elif until >= row.expires_at:
        _finish(row, "unknown" if row.doubts else "failed", reason=outcome.reason, now=now)
    else:
        _wait(row, until=until, reason=outcome.reason)


def _wait(row: StaffMessage, *, until: datetime, reason: str | None = None) -> None:
    row.state, row.claimed_by, row.lease_until = "planned", None, None
    row.attempt_at, row.outcome_reason = until, reason


def _finish(row: StaffMessage, state: str, *, reason: str | None, now: datetime) -> None:
    row.state, row.claimed_by, row.lease_until = state, None, None
    row.finished_at, row.outcome_reason = now, reason
