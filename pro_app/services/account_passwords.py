"""New passwords of staff: set by an administrator, or changed by their owner."""

from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change
from pro_app.errors import InputRejected, NotPermitted, Problem
from pro_app.language import mark
from pro_app.services.account_reach import require_changeable, require_works_here_only
from pro_app.services.account_records import (
    account_ref,
    load_account,
    load_any_account,
    record_account_change,
    refuse_problems,
)
from pro_app.services.api_tokens import revoke_tokens
from pro_app.services.open_invitations import close_invitation
from pro_app.services.passwords import NewPassword, check_password, is_password
from pro_app.services.second_person import require_second_person
from pro_app.services.staff_sessions import end_staff_sessions
from pro_app.storage.database import Database
from pro_app.storage.tables.accounts import Account


def change_password(
    session: Session, *, account_id: int, password: NewPassword, actor: Actor, now: datetime
) -> Account:
    """Give an account a new password and end all its sessions and tokens, and an invitation that is open.

    Raises InputRejected for a password that may not be used and for whoever just reset the second factor,
    NotFound out of the actor's reach, NotPermitted for a coordinator where the account leads.
    """
    own = actor.account_id == account_id
    account = load_any_account(session, account_id) if own else load_account(session, account_id, actor=actor)
    if not own and actor.kind != "system":
        require_changeable(session, account_id, actor=actor, now=now)
        require_works_here_only(session, account_id, actor=actor, now=now)
        require_second_person(session, account_id, what="password", actor=actor, now=now)
    refuse_problems(check_password(password.text, username=account.username))
    account.password_hash = password.hash
    close_invitation(session, account_id, how="revoked", now=now)
    end_staff_sessions(session, account_id=account_id, now=now)
    revoke_tokens(session, account_id=account_id, actor=actor, now=now)
    action = "account.change_password" if own else "account.reset_password"
    record_account_change(session, Change(action, account_ref(account)), actor=actor, now=now)
    return account


def require_own_password(database: Database, *, current_password: str, actor: Actor) -> None:
    """Raise InputRejected unless this is the actor's present password; ask before the writing transaction."""
    if actor.account_id is None:
        raise NotPermitted("change password")
    with database.reading() as session:
        account = load_any_account(session, actor.account_id)
    if not is_password(account.password_hash, current_password):
        message = mark("This is not your present password.")
        raise InputRejected((Problem(message, place="current_password"),))
