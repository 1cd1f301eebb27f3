"""Accounts of staff: making and closing them, giving and taking roles, new passwords."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import InputRejected, NotFound, NotPermitted, Problem
from pro_app.language import mark
from pro_app.services.account_rules import check_names, check_role, normalise_username, username_taken
from pro_app.services.api_tokens import revoke_tokens
from pro_app.services.passwords import check_password, hash_password, is_password
from pro_app.services.releases.records import ROLES as RELEASE_ROLES
from pro_app.services.sessions import end_staff_sessions
from pro_app.storage.queries.accounts import list_active_roles
from pro_app.storage.queries.participants import find_site
from pro_app.storage.tables.accounts import Account, StaffRole
from pro_app.storage.tables.studies import Study


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What an administrator says about a new member of staff; the password is made for them."""

    username: str
    display_name: str
    language: str
    role: str
    site_id: int | None


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
    _refuse(_check_account(session, account, password))
    _add_account(session, account, password)
    _record(session, Change("account.create", _ref(account), _account_items(account)), actor=actor, now=now)
    return account


def create_account_with_role(
    session: Session, new: NewAccount, *, password: str, actor: Actor, now: datetime
) -> Account:
    """Make an account with its first role in the actor's study.

    Raises InputRejected with every problem, NotFound for a site out of the actor's reach.
    """
    if actor.study_id is None:
        raise NotFound("study")
    _check_reach(session, actor, study_id=actor.study_id, site_id=new.site_id)
    account = _make_account(new.username, new.display_name, language=new.language, now=now)
    _refuse([*_check_account(session, account, password), *check_role(new.role, new.site_id)])
    _add_account(session, account, password)
    role = StaffRole(
        account_id=account.id,
        study_id=actor.study_id,
        site_id=new.site_id,
        role=new.role,
        granted_at=now,
    )
    session.add(role)
    items = [*_account_items(account), *_role_items(role, before=False)]
    _record(session, Change("account.create", _ref(account), items), actor=actor, now=now)
    return account


def grant_role(
    session: Session,
    *,
    account_id: int,
    study_id: int,
    role: str,
    site_id: int | None,
    actor: Actor,
    now: datetime,
) -> StaffRole:
    """Give an account a role in a study; one that it has already is given back unchanged.

    Raises InputRejected for an unknown role or one without its site, NotFound out of the actor's reach.
    """
    account = _load(session, account_id)
    _check_reach(session, actor, study_id=study_id, site_id=site_id)
    _refuse(check_role(role, site_id))
    if account.disabled_at is not None:
        message = mark("This account is closed. Open it again before you give it a role.")
        raise InputRejected((Problem(message, place="role"),))
    for held in list_active_roles(session, account_id=account_id):
        if (held.study_id, held.role, held.site_id) == (study_id, role, site_id):
            return held
    granted = StaffRole(account_id=account_id, study_id=study_id, site_id=site_id, role=role, granted_at=now)
    session.add(granted)
    session.flush()
    change = Change("account.grant_role", _ref(account), _role_items(granted, before=False))
    _record(session, change, actor=actor, now=now)
    return granted


def revoke_role(session: Session, *, staff_role_id: int, actor: Actor, now: datetime) -> Account:
    """Take a role away and end the sessions of its account, and its tokens for the study if it read releases.

    Taking it twice changes nothing more.

    Raises NotFound out of the actor's reach, InputRejected for the last administrator of a study.
    """
    held = session.get(StaffRole, staff_role_id)
    if held is None:
        raise NotFound("role")
    _check_reach(session, actor, study_id=held.study_id, site_id=held.site_id)
    account = _load(session, held.account_id)
    if held.revoked_at is not None:
        return account
    _keep_an_administrator(session, [held])
    held.revoked_at = now
    end_staff_sessions(session, account_id=account.id, now=now)
    if held.role in RELEASE_ROLES:
        revoke_tokens(session, account_id=account.id, study_id=held.study_id, actor=actor, now=now)
    change = Change("account.revoke_role", _ref(account), _role_items(held, before=True))
    _record(session, change, actor=actor, now=now)
    return account


def disable_account(session: Session, *, account_id: int, actor: Actor, now: datetime) -> Account:
    """Close an account and end its sessions and tokens at once; what it did stays under its name.

    Raises NotFound out of the actor's reach; InputRejected for the last administrator of a study, one's
    own account, or one that still works in another study.
    """
    account = load_account(session, account_id, actor=actor)
    if account.disabled_at is not None:
        return account
    if actor.account_id == account_id:
        raise InputRejected((Problem(mark("You cannot close your own account."), place="account"),))
    roles = list_active_roles(session, account_id=account_id)
    if actor.kind != "system" and any(role.study_id != actor.study_id for role in roles):
        message = mark("This account also works in another study. Take away its roles in this one instead.")
        raise InputRejected((Problem(message, place="account"),))
    _keep_an_administrator(session, roles)
    account.disabled_at = now
    end_staff_sessions(session, account_id=account_id, now=now)
    revoke_tokens(session, account_id=account_id, actor=actor, now=now)
    items = [{"field": "disabled", "before": False, "after": True}]
    _record(session, Change("account.disable", _ref(account), items), actor=actor, now=now)
    return account


def enable_account(session: Session, *, account_id: int, actor: Actor, now: datetime) -> Account:
    """Open a closed account again; raises NotFound out of the actor's reach."""
    account = load_account(session, account_id, actor=actor)
    if account.disabled_at is None:
        return account
    account.disabled_at = None
    items = [{"field": "disabled", "before": True, "after": False}]
    _record(session, Change("account.enable", _ref(account), items), actor=actor, now=now)
    return account


def change_password(
    session: Session, *, account_id: int, password: str, actor: Actor, now: datetime
) -> Account:
    """Give an account a new password and end all its sessions and tokens.

    Raises InputRejected for a password that may not be used, NotFound out of the actor's reach.
    """
    own = actor.account_id == account_id
    account = _load(session, account_id) if own else load_account(session, account_id, actor=actor)
    if not own and actor.kind != "system":
        _check_works_here_only(session, account_id, actor)
    _refuse(check_password(password, username=account.username))
    account.password_hash = hash_password(password)
    end_staff_sessions(session, account_id=account_id, now=now)
    revoke_tokens(session, account_id=account_id, actor=actor, now=now)
    action = "account.change_password" if own else "account.reset_password"
    _record(session, Change(action, _ref(account)), actor=actor, now=now)
    return account


def change_own_password(
    session: Session, *, current_password: str, password: str, actor: Actor, now: datetime
) -> Account:
    """Change one's own password, the current one given; raises InputRejected."""
    if actor.account_id is None:
        raise NotPermitted("change password")
    if not is_password(_load(session, actor.account_id).password_hash, current_password):
        message = mark("This is not your present password.")
        raise InputRejected((Problem(message, place="current_password"),))
    return change_password(session, account_id=actor.account_id, password=password, actor=actor, now=now)


def load_account(session: Session, account_id: int, *, actor: Actor) -> Account:
    """Give an account that has, or had, a role in the actor's study; raises NotFound."""
    account = _load(session, account_id)
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


def _add_account(session: Session, account: Account, password: str) -> None:
    """Add the row; of two requests for one name at the same time, the second is told so."""
    account.password_hash = hash_password(password)
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError as twice:
        raise InputRejected((username_taken(),)) from twice


def _refuse(problems: list[Problem]) -> None:
    """Raise InputRejected if there is any problem."""
    if problems:
        raise InputRejected(tuple(problems))


def _load(session: Session, account_id: int) -> Account:
    account = session.get(Account, account_id)
    if account is None:
        raise NotFound("account")
    return account


def _check_reach(session: Session, actor: Actor, *, study_id: int, site_id: int | None) -> None:
    """Refuse a study or a site that does not exist for the actor."""
    if session.get(Study, study_id) is None or (actor.kind != "system" and actor.study_id != study_id):
        raise NotFound("study")
    if site_id is None:
        return
    site = find_site(session, site_id)
    if site is None or site.study_id != study_id or not actor.may_reach_site(study_id, site_id):
        raise NotFound("site")


def _check_works_here_only(session: Session, account_id: int, actor: Actor) -> None:
    """Refuse to set the password of somebody who works in another study, too."""
    if any(role.study_id != actor.study_id for role in list_active_roles(session, account_id=account_id)):
        message = mark("This account also works in another study: only its owner can change the password.")
        raise InputRejected((Problem(message, place="account"),))


def _keep_an_administrator(session: Session, leaving: list[StaffRole]) -> None:
    """Refuse to leave a study without anybody who can give roles."""
    for role in leaving:
        if role.role != "administrator":
            continue
        # Two who take the role from each other at the same moment queue here.
        session.get_one(Study, role.study_id, with_for_update=True)
        others = list_active_roles(session, study_id=role.study_id, role="administrator")
        if all(other.account_id == role.account_id for other in others):
            message = mark(
                "This is the last administrator of the study. Give the role to somebody else first."
            )
            raise InputRejected((Problem(message, place="role"),))


def _account_items(account: Account) -> list[dict[str, object]]:
    return [
        {"field": name, "before": None, "after": getattr(account, name)}
        for name in ("username", "display_name", "language")
    ]


def _role_items(role: StaffRole, *, before: bool) -> list[dict[str, object]]:
    written = f"{role.role} study:{role.study_id}" + (f" site:{role.site_id}" if role.site_id else "")
    return [{"field": "role", "before": written if before else None, "after": None if before else written}]


def _ref(account: Account) -> str:
    return f"account:{account.id}"


def _record(session: Session, change: Change, *, actor: Actor, now: datetime) -> None:
    """Record a change in the central chain, since an account belongs to no site."""
    record_change(session, change, actor=actor, site_id=None, now=now)
