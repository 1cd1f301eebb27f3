"""Reading accounts of staff and their roles."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from pro_app.storage.tables.accounts import Account, StaffRole
from pro_app.storage.tables.second_factors import SecondFactor
from pro_app.storage.tables.sessions import StaffSession

STAFF_IDLE = timedelta(minutes=60)
STAFF_LONGEST = timedelta(hours=12)


def holds(at: datetime) -> ColumnElement[bool]:
    """Give the condition that a role is held `at` a time: neither taken away nor over."""
    return StaffRole.revoked_at.is_(None) & (StaffRole.ends_at.is_(None) | (StaffRole.ends_at > at))


def opens(at: datetime) -> ColumnElement[bool]:
    """Give the condition that a staff session, joined to account and role, opens something `at` a time."""
    return and_(
        StaffSession.ended_at.is_(None),
        StaffSession.paused_at.is_(None),
        StaffSession.seen_at > at - STAFF_IDLE,
        StaffSession.started_at > at - STAFF_LONGEST,
        Account.disabled_at.is_(None),
        holds(at),
    )


def list_active_roles(
    session: Session,
    *,
    at: datetime,
    account_id: int | None = None,
    study_id: int | None = None,
    role: str | None = None,
    of_closed: bool = False,
) -> list[StaffRole]:
    """List the roles that are held `at` a time, in the order of their giving.

    Those of open accounts only, since a closed one opens nothing; `of_closed` lists those of closed accounts
    too, which come back as soon as the account is opened again.
    """
    statement = (
        select(StaffRole)
        .join(Account, Account.id == StaffRole.account_id)
        .where(holds(at))
        .order_by(StaffRole.id)
    )
    if not of_closed:
        statement = statement.where(Account.disabled_at.is_(None))
    for column, value in ((StaffRole.account_id, account_id), (StaffRole.study_id, study_id)):
        if value is not None:
            statement = statement.where(column == value)
    if role is not None:
        statement = statement.where(StaffRole.role == role)
    return list(session.scalars(statement))


def list_accounts_with_roles(session: Session, *, study_id: int) -> list[tuple[Account, list[StaffRole]]]:
    """List everybody who has or had a role in the study by name, each with the roles not taken away there.

    A role that ended by itself is among them: the page says since when it is over.
    """
    rows = session.execute(
        select(Account, StaffRole)
        .join(StaffRole, StaffRole.account_id == Account.id)
        .where(StaffRole.study_id == study_id)
        .order_by(Account.display_name, Account.id, StaffRole.id)
    )
    found: dict[int, tuple[Account, list[StaffRole]]] = {}
    for account, role in rows:
        roles = found.setdefault(account.id, (account, []))[1]
        if role.revoked_at is None:
            roles.append(role)
    return list(found.values())


def find_last_role_id(session: Session, account_id: int) -> int | None:
    """Find the role under which the account signed in last."""
    return session.scalar(
        select(StaffSession.staff_role_id)
        .where(StaffSession.account_id == account_id)
        .order_by(StaffSession.id.desc())  # one in the place of another has the start of that
        .limit(1)
    )


def find_display_name(session: Session, reference: str) -> str | None:
    """Find the name behind a reference of the audit trail (`account:12`); None if it is no account."""
    kind, _, key = reference.partition(":")
    if kind != "account" or not key.isdigit():
        return None
    account = session.get(Account, int(key))
    return account.display_name if account else None


def list_display_names(session: Session, account_ids: Iterable[int]) -> dict[int, str]:
    """Give the name of each account by its key."""
    wanted = list(account_ids)
    rows = session.execute(select(Account.id, Account.display_name).where(Account.id.in_(wanted)))
    return {row[0]: row[1] for row in rows}


def list_accounts_with_second_factor(session: Session, account_ids: Iterable[int]) -> frozenset[int]:
    """List those of the accounts that have an authenticator app in use."""
    in_use = select(SecondFactor.account_id).where(SecondFactor.removed_at.is_(None))
    return frozenset(session.scalars(in_use)) & frozenset(account_ids)
