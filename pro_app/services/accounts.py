"""Accounts of staff: making them, closing them and opening them again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change
from pro_app.errors import InputRejected, NotFound, Problem
from pro_app.language import mark
from pro_app.services.account_reach import require_changeable, require_grantable
from pro_app.services.account_records import (
    account_ref,
    load_account,
    record_account_change,
    refuse_problems,
)
from pro_app.services.account_rules import (
    check_end,
    check_names,
    check_role,
    normalise_username,
    username_taken,
)
from pro_app.services.api_tokens import revoke_tokens
from pro_app.services.open_invitations import withdraw_invitation
from pro_app.services.passwords import NewPassword, check_password, hash_password
from pro_app.services.staff_roles import check_reach, keep_an_administrator, list_role_items
from pro_app.services.staff_sessions import end_staff_sessions
from pro_app.storage.queries.accounts import list_active_roles
from pro_app.storage.tables.accounts import Account, StaffRole


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What an administrator says about a new member of staff; the password is made for them."""

    username: str
    display_name: str
    language: str
    role: str
    site_id: int | None
    ends_at: datetime | None = None


def create_account(
    session: Session,
    *,
    username: str,
    display_name: str,
    password: str,
    language: str,
    actor: Actor,
    now: datetime,
) -> Account:
    """Make an account without any role yet; raises InputRejected with every problem."""
    account = _make_account(username, display_name, language=language, now=now)
    refuse_problems(_check_account(session, account, password))
    _add_account(session, account, hash_password(password))
    record_account_change(
        session, Change("account.create", account_ref(account), _account_items(account)), actor=actor, now=now
    )
    return account


def create_account_with_role(
    session: Session, new: NewAccount, *, password: NewPassword, actor: Actor, now: datetime
) -> Account:
    """Make an account with its first role in the actor's study.

    Raises InputRejected with every problem, NotFound for a site out of the actor's reach.
    """
    if actor.study_id is None:
        raise NotFound("study")
    check_reach(session, actor, study_id=actor.study_id, site_id=new.site_id)
    account = _make_account(new.username, new.display_name, language=new.language, now=now)
    of_role = [*check_role(new.role, new.site_id), *check_end(new.role, new.ends_at, now=now)]
    refuse_problems([*_check_account(session, account, password.text), *of_role])
    require_grantable(new.role, actor)
    _add_account(session, account, password.hash)
    role = StaffRole(
        account_id=account.id,
        study_id=actor.study_id,
        site_id=new.site_id,
        role=new.role,
        granted_at=now,
        ends_at=new.ends_at,
    )
    session.add(role)
    items = [*_account_items(account), *list_role_items(role, before=False)]
    record_account_change(
        session, Change("account.create", account_ref(account), items), actor=actor, now=now
    )
    return account


def disable_account(session: Session, *, account_id: int, actor: Actor, now: datetime) -> Account:
    """Close an account and end its sessions, tokens and open invitation at once; what it did stays.

    Raises NotFound out of the actor's reach; InputRejected for the last administrator of a study, one's
    own account, or one that still works in another study.
    """
    account = load_account(session, account_id, actor=actor)
    if account.disabled_at is not None:
        return account
    if actor.account_id == account_id:
        raise InputRejected((Problem(mark("You cannot close your own account."), place="account"),))
    require_changeable(session, account_id, actor=actor, now=now)
    roles = list_active_roles(session, at=now, account_id=account_id)
    if actor.kind != "system" and any(role.study_id != actor.study_id for role in roles):
        message = mark("This account also works in another study. Take away its roles in this one instead.")
        raise InputRejected((Problem(message, place="account"),))
    keep_an_administrator(session, roles, now=now)
    account.disabled_at = now
    withdraw_invitation(session, account_id, actor=actor, now=now)
    end_staff_sessions(session, account_id=account_id, now=now)
    revoke_tokens(session, account_id=account_id, actor=actor, now=now)
    items = [{"field": "disabled", "before": False, "after": True}]
    record_account_change(
        session, Change("account.disable", account_ref(account), items), actor=actor, now=now
    )
    return account


def enable_account(session: Session, *, account_id: int, actor: Actor, now: datetime) -> Account:
    """Open a closed account again; raises NotFound out of the actor's reach."""
    account = load_account(session, account_id, actor=actor)
    if account.disabled_at is None:
        return account
    require_changeable(session, account_id, actor=actor, now=now)
    account.disabled_at = None
    items = [{"field": "disabled", "before": True, "after": False}]
    record_account_change(
        session, Change("account.enable", account_ref(account), items), actor=actor, now=now
    )
    return account


def _make_account(username: str, display_name: str, *, language: str, now: datetime) -> Account:
    return Account(
        username=normalise_username(username),
        display_name=display_name.strip(),
        language=language,
        created_at=now,
    )


def _check_account(session: Session, account: Account, password: str) -> list[Problem]:
    """List everything that is wrong with a new account and its password."""
    problems = check_names(account.username, account.display_name, account.language)
    if session.scalar(select(Account.id).where(Account.username == account.username)) is not None:
        problems.append(username_taken())
    return problems + check_password(password, username=account.username)


def _add_account(session: Session, account: Account, password_hash: str) -> None:
    """Add the row; of two requests for one name at the same time, the second is told so."""
    account.password_hash = password_hash
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError as twice:
        raise InputRejected((username_taken(),)) from twice


def _account_items(account: Account) -> list[dict[str, object]]:
    return [
        {"field": name, "before": None, "after": getattr(account, name)}
        for name in ("username", "display_name", "language")
    ]
