"""The roles of staff in a study: giving and taking them, and always leaving somebody who can."""

from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change
from pro_app.errors import InputRejected, NotFound, Problem
from pro_app.language import mark
from pro_app.services.account_reach import require_changeable, require_grantable
from pro_app.services.account_records import (
    account_ref,
    load_any_account,
    record_account_change,
    refuse_problems,
)
from pro_app.services.account_rules import check_end, check_role
from pro_app.services.api_tokens import revoke_tokens
from pro_app.services.open_invitations import withdraw_beyond_inviter
from pro_app.services.releases.records import ROLES as RELEASE_ROLES
from pro_app.services.staff_sessions import end_staff_sessions
from pro_app.storage.queries.accounts import list_active_roles
from pro_app.storage.queries.participants import find_site
from pro_app.storage.tables.accounts import Account, StaffRole
from pro_app.storage.tables.studies import Study


def grant_role(
    session: Session,
    *,
    account_id: int,
    study_id: int,
    role: str,
    site_id: int | None,
    actor: Actor,
    now: datetime,
    ends_at: datetime | None = None,
) -> StaffRole:
    """Give an account a role in a study; of one that it has already at most the end is changed.

    An open invitation of somebody who could not give the role ends.

    Raises InputRejected for an unknown role, one without its site and one without the end that it needs,
    NotFound out of the actor's reach, NotPermitted for a role that the actor may not give.
    """
    account = load_any_account(session, account_id)
    check_reach(session, actor, study_id=study_id, site_id=site_id)
    refuse_problems([*check_role(role, site_id), *check_end(role, ends_at, now=now)])
    _require_others(session, role, account_id=account_id, actor=actor, now=now)
    if account.disabled_at is not None:
        message = mark("This account is closed. Open it again before you give it a role.")
        raise InputRejected((Problem(message, place="role"),))
    for held in list_active_roles(session, at=now, account_id=account_id):
        if (held.study_id, held.role, held.site_id) == (study_id, role, site_id):
            _change_end(session, held, ends_at, actor=actor, now=now)
            return held
    granted = StaffRole(
        account_id=account_id,
        study_id=study_id,
        site_id=site_id,
        role=role,
        granted_at=now,
        ends_at=ends_at,
    )
    session.add(granted)
    session.flush()
    change = Change("account.grant_role", account_ref(account), list_role_items(granted, before=False))
    record_account_change(session, change, actor=actor, now=now)
    withdraw_beyond_inviter(session, granted, actor=actor, now=now)
    return granted


def _require_others(session: Session, role: str, *, account_id: int, actor: Actor, now: datetime) -> None:
    """Raise NotPermitted for a role that the actor may not give, and for an account out of reach."""
    require_grantable(role, actor)
    require_changeable(session, account_id, actor=actor, now=now)


def _change_end(
    session: Session, held: StaffRole, ends_at: datetime | None, *, actor: Actor, now: datetime
) -> None:
    """Let a role that is held end at another time, or no longer by itself."""
    if held.ends_at == ends_at:
        return
    before, after = (time and time.isoformat() for time in (held.ends_at, ends_at))
    items = [{"field": f"end of {held.role}", "before": before, "after": after}]
    held.ends_at = ends_at
    change = Change("account.change_role", f"account:{held.account_id}", items)
    record_account_change(session, change, actor=actor, now=now)


def revoke_role(session: Session, *, staff_role_id: int, actor: Actor, now: datetime) -> Account:
    """Take a role away and end the sessions of its account, and its tokens for the study if it read releases.

    Taking it twice changes nothing more.

    Raises NotFound out of the actor's reach, InputRejected for the last administrator of a study.
    """
    held = session.get(StaffRole, staff_role_id)
    if held is None:
        raise NotFound("role")
    check_reach(session, actor, study_id=held.study_id, site_id=held.site_id)
    _require_others(session, held.role, account_id=held.account_id, actor=actor, now=now)
    account = load_any_account(session, held.account_id)
    if held.revoked_at is not None:
        return account
    keep_an_administrator(session, [held], now=now)
    held.revoked_at = now
    end_staff_sessions(session, account_id=account.id, now=now)
    if held.role in RELEASE_ROLES:
        revoke_tokens(session, account_id=account.id, study_id=held.study_id, actor=actor, now=now)
    change = Change("account.revoke_role", account_ref(account), list_role_items(held, before=True))
    record_account_change(session, change, actor=actor, now=now)
    return account


def check_reach(session: Session, actor: Actor, *, study_id: int, site_id: int | None) -> None:
    """Raise NotFound for a study or a site that does not exist for the actor."""
    if session.get(Study, study_id) is None or (actor.kind != "system" and actor.study_id != study_id):
        raise NotFound("study")
    if site_id is None:
        return
    site = find_site(session, site_id)
    if site is None or site.study_id != study_id or not actor.may_reach_site(study_id, site_id):
        raise NotFound("site")


def keep_an_administrator(session: Session, leaving: list[StaffRole], *, now: datetime) -> None:
    """Raise InputRejected where a study would be left without anybody who can give roles."""
    for role in leaving:
        if role.role != "administrator":
            continue
        # Two who take the role from each other at the same moment queue here.
        session.get_one(Study, role.study_id, with_for_update=True)
        others = list_active_roles(session, at=now, study_id=role.study_id, role="administrator")
        if all(other.account_id == role.account_id for other in others):
            message = mark(
                "This is the last administrator of the study. Give the role to somebody else first."
            )
            raise InputRejected((Problem(message, place="role"),))


def list_role_items(role: StaffRole, *, before: bool) -> list[dict[str, object]]:
    """Say for the audit trail that a role was taken (`before`) or given."""
    written = f"{role.role} study:{role.study_id}" + (f" site:{role.site_id}" if role.site_id else "")
    if role.ends_at is not None:
        written += f" until:{role.ends_at.isoformat()}"
    return [{"field": "role", "before": written if before else None, "after": None if before else written}]
