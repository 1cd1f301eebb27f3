"""The accounts that are stored: finding one within reach, and recording what is done to it."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import InputRejected, NotFound, Problem
from pro_app.services.account_rules import normalise_username
from pro_app.storage.tables.accounts import Account, StaffRole


def load_account(session: Session, account_id: int, *, actor: Actor) -> Account:
    """Give an account that has, or had, a role in the actor's study; raises NotFound."""
    account = load_any_account(session, account_id)
    if actor.kind == "system":
        return account
    known = session.scalar(
        select(StaffRole.id)
        .where(StaffRole.account_id == account_id, StaffRole.study_id == actor.study_id)
        .limit(1)
    )
    if known is None:
        raise NotFound("account")
    return account


def find_account(session: Session, username: str) -> Account | None:
    """Find an account by its username, however it is typed."""
    return session.scalar(select(Account).where(Account.username == normalise_username(username)))


def load_any_account(session: Session, account_id: int) -> Account:
    """Give an account, whoever asks; raises NotFound."""
    account = session.get(Account, account_id)
    if account is None:
        raise NotFound("account")
    return account


def account_ref(account: Account) -> str:
    """Name an account in the audit trail."""
    return f"account:{account.id}"


def record_account_change(session: Session, change: Change, *, actor: Actor, now: datetime) -> None:
    """Record a change in the central chain, since an account belongs to no site."""
    record_change(session, change, actor=actor, site_id=None, now=now)


def refuse_problems(problems: list[Problem]) -> None:
    """Raise InputRejected if there is any problem."""
    if problems:
        raise InputRejected(tuple(problems))
