"""Invitations of staff: made and mailed or printed, taken back, used once to choose an own password."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change
from pro_app.contacts.vault import ContactVault
from pro_app.errors import InputRejected, NotFound, Problem, TokenRefused
from pro_app.language import mark
from pro_app.reminders.staff_mail.enqueue import NewStaffMail, enqueue_staff_mail, find_invitation_mail
from pro_app.reminders.staff_mail.invitation_codes import make_invitation_code
from pro_app.services.account_reach import require_changeable, require_works_here_only
from pro_app.services.account_records import (
    account_ref,
    load_account,
    record_account_change,
    refuse_problems,
)
from pro_app.services.api_tokens import revoke_tokens
from pro_app.services.open_invitations import close_invitation, find_open_row, withdraw_invitation
from pro_app.services.passwords import NewPassword, check_password
from pro_app.services.second_person import require_second_person
from pro_app.services.sign_in_codes import code_digest
from pro_app.services.staff_addresses import require_address
from pro_app.services.staff_sessions import end_staff_sessions
from pro_app.services.staff_sign_in import ProvenPassword
from pro_app.storage.queries.accounts import list_active_roles
from pro_app.storage.tables.account_invitations import AccountInvitation
from pro_app.storage.tables.accounts import Account

INVITATION_LIFE = timedelta(days=7)
PURPOSE = "staff-invitation"


@dataclass(frozen=True, slots=True)
class MadeInvitation:
    """An invitation that was just made; the code is for paper or the mail, and kept nowhere."""

    code: str = field(repr=False)
    expires_at: datetime
    is_mailed: bool


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """An invitation that can still be used; `mail_state` is that of its e-mail, None where it was printed."""

    made_at: datetime
    expires_at: datetime
    mail_state: str | None

    def is_over(self, now: datetime) -> bool:
        """Tell whether its days are over."""
        return self.expires_at <= now


@dataclass(frozen=True, slots=True)
class InvitedAccount:
    """Whom an invitation is for."""

    account_id: int
    username: str
    display_name: str


def invite(
    session: Session,
    account_id: int,
    *,
    secret_key: str,
    vault: ContactVault | None,
    actor: Actor,
    now: datetime,
) -> MadeInvitation:
    """Make an invitation in the place of an open one; with a `vault` it goes out by e-mail.

    Until it is used the present password stays good. Raises InputRejected for a closed account, one's own,
    one without an address where it is to be mailed, and for whoever just reset its second factor; NotFound
    and NotPermitted as other changes of accounts.
    """
    account = _load_invited(session, account_id, actor=actor, now=now)
    contact_ref = require_address(session, vault, account_id) if vault is not None else None
    close_invitation(session, account_id, how="replaced", now=now)
    seed = secrets.token_hex(16)
    code = make_invitation_code(secret_key, seed)
    row = AccountInvitation(
        account_id=account_id,
        seed=seed,
        code_digest=code_digest(secret_key, PURPOSE, code),
        made_at=now,
        made_by_id=actor.account_id,
        expires_at=now + INVITATION_LIFE,
    )
    session.add(row)
    session.flush()
    if contact_ref is not None:
        mail = NewStaffMail(
            message_key=f"invitation:{row.id}",
            account_id=account_id,
            kind="invitation",
            contact_ref=contact_ref,
            expires_at=row.expires_at,
            account_invitation_id=row.id,
        )
        enqueue_staff_mail(session, mail, now=now)
    way = "printed" if contact_ref is None else "mailed"
    items = [{"field": "invitation", "before": None, "after": f"{way} until:{row.expires_at.isoformat()}"}]
    record_account_change(
        session, Change("account.invite", account_ref(account), items), actor=actor, now=now
    )
    return MadeInvitation(code, row.expires_at, is_mailed=contact_ref is not None)


def revoke_invitation(session: Session, account_id: int, *, actor: Actor, now: datetime) -> bool:
    """Take the open invitation of an account back; tells whether there was one. Raises as `invite`."""
    load_account(session, account_id, actor=actor)
    require_changeable(session, account_id, actor=actor, now=now)
    return withdraw_invitation(session, account_id, actor=actor, now=now)


def find_open_invitation(session: Session, account_id: int) -> OpenInvitation | None:
    """Find the invitation of an account that was neither used nor replaced nor taken back."""
    row = find_open_row(session, account_id)
    if row is None:
        return None
    mail = find_invitation_mail(session, row.id)
    return OpenInvitation(row.made_at, row.expires_at, mail.state if mail else None)


def check_invitation(session: Session, *, typed: str, secret_key: str, now: datetime) -> InvitedAccount:
    """Give whom a code is for, using nothing up.

    Raises TokenRefused with `why`: unknown, used, revoked, replaced, expired or closed (the account is).
    """
    _row, account = _load_good(session, typed, secret_key=secret_key, now=now)
    return InvitedAccount(account.id, account.username, account.display_name)


def accept_invitation(
    session: Session,
    *,
    typed: str,
    password: NewPassword,
    secret_key: str,
    now: datetime,
    request_id: str = "",
) -> ProvenPassword:
    """Use an invitation once: the password is the one chosen, every session and token of the account ends.

    Of several at the same moment one wins. Raises TokenRefused as `check_invitation`, InputRejected for a
    password that may not be used; then nothing was changed.
    """
    row, account = _load_good(session, typed, secret_key=secret_key, now=now, lock=True)
    refuse_problems(check_password(password.text, username=account.username))
    row.closed_at, row.closed_how = now, "used"
    account.password_hash = password.hash
    actor = _make_actor(session, account, request_id=request_id, now=now)
    end_staff_sessions(session, account_id=account.id, now=now)
    revoke_tokens(session, account_id=account.id, actor=actor, now=now)
    items = [{"field": "invitation", "before": "open", "after": "used"}]
    change = Change("account.accept_invitation", account_ref(account), items)
    record_account_change(session, change, actor=actor, now=now)
    return ProvenPassword(account.id, password.hash)


def _load_invited(session: Session, account_id: int, *, actor: Actor, now: datetime) -> Account:
    """Give the account, locked, where the actor may replace its password."""
    account = load_account(session, account_id, actor=actor)
    if actor.account_id == account_id:
        message = mark("You change your own password under “My account”.")
        raise InputRejected((Problem(message, place="account"),))
    require_changeable(session, account_id, actor=actor, now=now)
    require_works_here_only(session, account_id, actor=actor, now=now)
    require_second_person(session, account_id, what="password", actor=actor, now=now)
    session.get_one(Account, account_id, with_for_update=True)
    if account.disabled_at is not None:
        message = mark("This account is closed. Open it again before you invite the person.")
        raise InputRejected((Problem(message, place="account"),))
    return account


def _load_good(
    session: Session, typed: str, *, secret_key: str, now: datetime, lock: bool = False
) -> tuple[AccountInvitation, Account]:
    """Give the invitation of a code and its account where it can be used now."""
    digest = code_digest(secret_key, PURPOSE, typed)
    statement = select(AccountInvitation).where(AccountInvitation.code_digest == digest)
    row = session.scalar(statement)
    if row is None:
        raise TokenRefused("unknown")
    # The account first, as whoever makes an invitation does, or two would wait for each other.
    account = session.get_one(Account, row.account_id, with_for_update=lock or None)
    if lock:
        session.refresh(row, with_for_update=True)
    why = row.closed_how or ("expired" if row.expires_at <= now else None)
    if why is None and (
        account.disabled_at is not None or not list_active_roles(session, at=now, account_id=account.id)
    ):
        why = "closed"
    if why is not None:
        raise TokenRefused(why)
    return row, account


def _make_actor(session: Session, account: Account, *, request_id: str, now: datetime) -> Actor:
    """Give the owner of the account as the one who acts."""
    roles = list_active_roles(session, at=now, account_id=account.id)
    if not roles:
        raise NotFound("role")
    return Actor(
        kind="staff",
        role=roles[0].role,
        request_id=request_id,
        study_id=roles[0].study_id,
        account_id=account.id,
    )
