"""Changing a role or its site in one step: the old one ends as the new one begins, in one audit entry."""

from dataclasses import dataclass
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
from pro_app.services.staff_roles import check_reach, keep_an_administrator, list_role_items
from pro_app.services.staff_sessions import end_staff_sessions
from pro_app.storage.queries.accounts import list_active_roles
from pro_app.storage.tables.accounts import StaffRole


@dataclass(frozen=True, slots=True)
class WantedRole:
    """What a role becomes; `site_id` is None for one that sees every site, `ends_at` for one without end."""

    role: str
    site_id: int | None
    ends_at: datetime | None = None


def change_role(
    session: Session, staff_role_id: int, wanted: WantedRole, *, actor: Actor, now: datetime
) -> StaffRole:
    """Put another role, site or end in the place of a role; the account is signed out everywhere.

    Tokens of programs end where the new role reads no releases, and an open invitation of somebody who could
    not give the new role. Raises NotFound out of the actor's reach and
    for a role that is held no more, NotPermitted for one that the actor may not give or take, InputRejected
    for what no role can be, one that the account has already, and the last administrator of a study.
    """
    held = _load_held(session, staff_role_id, actor=actor, now=now)
    check_reach(session, actor, study_id=held.study_id, site_id=wanted.site_id)
    refuse_problems(
        [*check_role(wanted.role, wanted.site_id), *check_end(wanted.role, wanted.ends_at, now=now)]
    )
    require_grantable(wanted.role, actor)
    _require_free(session, held, wanted, now=now)
    if wanted.role != held.role:
        keep_an_administrator(session, [held], now=now)
    held.revoked_at = now
    given = StaffRole(
        account_id=held.account_id,
        study_id=held.study_id,
        site_id=wanted.site_id,
        role=wanted.role,
        granted_at=now,
        ends_at=wanted.ends_at,
    )
    session.add(given)
    session.flush()
    end_staff_sessions(session, account_id=held.account_id, now=now)
    if held.role in RELEASE_ROLES and wanted.role not in RELEASE_ROLES:
        revoke_tokens(session, account_id=held.account_id, study_id=held.study_id, actor=actor, now=now)
    _record(session, held, given, actor=actor, now=now)
    withdraw_beyond_inviter(session, given, actor=actor, now=now)
    return given


def _load_held(session: Session, staff_role_id: int, *, actor: Actor, now: datetime) -> StaffRole:
    """Give a role that is held now, of an account that the actor may change."""
    held = session.get(StaffRole, staff_role_id, with_for_update=True)
    if held is None:
        raise NotFound("role")
    check_reach(session, actor, study_id=held.study_id, site_id=held.site_id)
    require_grantable(held.role, actor)
    require_changeable(session, held.account_id, actor=actor, now=now)
    if held.revoked_at is not None:
        raise NotFound("role")
    return held


def _require_free(session: Session, held: StaffRole, wanted: WantedRole, *, now: datetime) -> None:
    """Raise InputRejected where nothing would change, and where the account has the wanted role already."""
    if (held.role, held.site_id, held.ends_at) == (wanted.role, wanted.site_id, wanted.ends_at):
        raise InputRejected((Problem(mark("This is the role as it is. Choose what changes."), place="role"),))
    if load_any_account(session, held.account_id).disabled_at is not None:
        message = mark("This account is closed. Open it again before you give it a role.")
        raise InputRejected((Problem(message, place="role"),))
    for other in list_active_roles(session, at=now, account_id=held.account_id, study_id=held.study_id):
        if other.id != held.id and (other.role, other.site_id) == (wanted.role, wanted.site_id):
            message = mark("The account has this role already. Take away the other one instead.")
            raise InputRejected((Problem(message, place="role"),))


def _record(session: Session, held: StaffRole, given: StaffRole, *, actor: Actor, now: datetime) -> None:
    (before,), (after,) = list_role_items(held, before=True), list_role_items(given, before=False)
    items = [{"field": "role", "before": before["before"], "after": after["after"]}]
    account = load_any_account(session, held.account_id)
    record_account_change(
        session, Change("account.change_role", account_ref(account), items), actor=actor, now=now
    )
