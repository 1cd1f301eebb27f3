"""Reading accounts of staff and their roles."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.storage.tables.accounts import Account, StaffRole
from pro_app.storage.tables.sessions import StaffSession


def list_active_roles(
    session: Session,
    *,
    account_id: int | None = None,
    study_id: int | None = None,
    role: str | None = None,
) -> list[StaffRole]:
    """List the roles that are held now, of open accounts only, in the order in which they were given."""
    statement = (
        select(StaffRole)
        .join(Account, Account.id == StaffRole.account_id)
        .where(StaffRole.revoked_at.is_(None), Account.disabled_at.is_(None))
        .order_by(StaffRole.id)
    )
    for column, value in ((StaffRole.account_id, account_id), (StaffRole.study_id, study_id)):
        if value is not None:
            statement = statement.where(column == value)
    if role is not None:
        statement = statement.where(StaffRole.role == role)
    return list(session.scalars(statement))


def list_accounts_with_roles(session: Session, *, study_id: int) -> list[tuple[Account, list[StaffRole]]]:
    """List everybody who has or had a role in the study by name, each with the roles held there now."""
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
        .order_by(StaffSession.started_at.desc(), StaffSession.id.desc())
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
