"""Signing in as a member of staff, and changing from one role to another."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import NotFound, SignInRefused
from pro_app.services.account_records import find_account
from pro_app.services.passwords import hash_password, is_password, needs_new_hash
from pro_app.services.staff_sessions import Proven, StaffSignIn, end_staff_session, start_staff_session
from pro_app.storage.database import Database
from pro_app.storage.queries.accounts import find_last_role_id, list_active_roles
from pro_app.storage.tables.accounts import Account, StaffRole
from pro_app.storage.tables.sessions import StaffSession


@dataclass(frozen=True, slots=True)
class ProvenPassword:
    """Whose password fitted, and what it fitted, which must still stand when the session begins.

    `new_hash` replaces a hash that was made with other settings than today's; None where none has to.
    """

    account_id: int
    password_hash: str = field(repr=False)
    new_hash: str | None = field(default=None, repr=False)


def prove_password(database: Database, *, username: str, password: str) -> ProvenPassword:
    """Check a password before anything is written, since a slow hash must hold up nobody who writes.

    Raises SignInRefused alike, and after the same time, for an unknown name and a wrong password. The caller
    has counted the try (services.throttle).
    """
    with database.reading() as session:
        account = find_account(session, username)
    fits = is_password(account.password_hash if account else None, password)
    if account is None or not fits:
        raise SignInRefused
    renewed = needs_new_hash(account.password_hash)
    return ProvenPassword(account.id, account.password_hash, hash_password(password) if renewed else None)


def sign_in_staff(
    session: Session,
    proof: ProvenPassword,
    *,
    now: datetime,
    request_id: str = "",
    proven: Proven | None = None,
) -> str:
    """Start a session under the role used last and give its token.

    It opens little until the second factor is proven too (services.second_factors); `proven` is that of the
    session in whose place it stands.

    Raises SignInRefused for a closed account, one without a role, and a password that was replaced since.
    """
    account = session.scalars(
        select(Account).where(Account.id == proof.account_id).with_for_update(key_share=True)
    ).one()
    roles = list_active_roles(session, at=now, account_id=account.id)
    if account.password_hash != proof.password_hash or not roles:
        raise SignInRefused
    if proof.new_hash is not None:
        account.password_hash = proof.new_hash
    last_id = find_last_role_id(session, account.id)
    role = next((role for role in roles if role.id == last_id), roles[0])
    return _start(session, account, role, now=now, request_id=request_id, proven=proven)


def switch_role(
    session: Session, sign_in: StaffSignIn, *, staff_role_id: int, now: datetime, request_id: str = ""
) -> str:
    """End the session and start another one under another role of the same account; gives its token.

    The new one ends when the old one would have ended at the latest, so that no change of role makes a proof
    of the second factor last longer.

    Raises NotFound for a role that the account does not hold.
    """
    account = session.get(Account, sign_in.account_id)
    roles = list_active_roles(session, at=now, account_id=sign_in.account_id)
    role = next((role for role in roles if role.id == staff_role_id), None)
    if account is None or role is None:
        raise NotFound("role")
    end_staff_session(session, session_id=sign_in.session_id, now=now)
    before = session.get_one(StaffSession, sign_in.session_id)
    return _start(
        session,
        account,
        role,
        now=now,
        request_id=request_id,
        proven=find_proven(session, before.id),
        began_at=before.started_at,
    )


def find_proven(session: Session, session_id: int) -> Proven | None:
    """Find what was proven beside the password in a session; None where nothing was."""
    record = session.get_one(StaffSession, session_id)
    if record.second_factor_at is None or record.second_factor_kind is None:
        return None
    return Proven(record.second_factor_at, record.second_factor_kind)


def _start(
    session: Session,
    account: Account,
    role: StaffRole,
    *,
    now: datetime,
    request_id: str,
    proven: Proven | None,
    began_at: datetime | None = None,
) -> str:
    """Start the session and say so in the audit trail."""
    token = start_staff_session(
        session,
        account_id=account.id,
        staff_role_id=role.id,
        now=now,
        proven=proven,
        began_at=began_at,
    )
    actor = Actor(
        kind="staff",
        role=role.role,
        request_id=request_id,
        study_id=role.study_id,
        account_id=account.id,
    )
    items = [{"field": "role", "before": None, "after": role.role}]
    change = Change("account.sign_in", f"account:{account.id}", items)
    record_change(session, change, actor=actor, site_id=role.site_id, now=now)
    return token
