"""The invitation of an account that is open, and its end before anybody used it."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change
from pro_app.reminders.staff_mail.enqueue import find_invitation_mail
from pro_app.services.account_records import account_ref, load_any_account, record_account_change
from pro_app.services.account_rules import list_grantable_roles
from pro_app.storage.queries.accounts import list_active_roles
from pro_app.storage.tables.account_invitations import AccountInvitation
from pro_app.storage.tables.accounts import Account, StaffRole


def find_open_row(session: Session, account_id: int) -> AccountInvitation | None:
    """Find the invitation of an account that was neither used nor replaced nor taken back."""
    return session.scalar(
        select(AccountInvitation).where(
            AccountInvitation.account_id == account_id, AccountInvitation.closed_at.is_(None)
        )
    )


def close_invitation(session: Session, account_id: int, *, how: str, now: datetime) -> bool:
    """Close the open invitation of an account (`replaced`, `revoked`); tells whether there was one."""
    row = find_open_row(session, account_id)
    if row is None:
        return False
    row.closed_at, row.closed_how = now, how
    session.flush()
    return True


def withdraw_invitation(session: Session, account_id: int, *, actor: Actor, now: datetime) -> bool:
    """Take the open invitation of an account back, in the audit trail too; tells whether there was one."""
    # Whoever uses it at the same moment holds the account: the second of the two sees what the first did.
    session.get_one(Account, account_id, with_for_update=True)
    if not close_invitation(session, account_id, how="revoked", now=now):
        return False
    items = [{"field": "invitation", "before": "open", "after": None}]
    account = load_any_account(session, account_id)
    change = Change("account.revoke_invitation", account_ref(account), items)
    record_account_change(session, change, actor=actor, now=now)
    return True


def withdraw_beyond_inviter(session: Session, given: StaffRole, *, actor: Actor, now: datetime) -> None:
    """Take an open invitation back where its maker could not give the role that the account has now."""
    row = find_open_row(session, given.account_id)
    if row is None or row.made_by_id is None:
        return
    held = list_active_roles(session, at=now, account_id=row.made_by_id, study_id=given.study_id)
    if not any(given.role in list_grantable_roles(own.role) for own in held):
        withdraw_invitation(session, given.account_id, actor=actor, now=now)


def withdraw_mailed(session: Session, account_id: int, *, actor: Actor, now: datetime) -> None:
    """Take an open invitation back that goes, or went, to an address that is another one now."""
    row = find_open_row(session, account_id)
    if row is not None and find_invitation_mail(session, row.id) is not None:
        withdraw_invitation(session, account_id, actor=actor, now=now)
