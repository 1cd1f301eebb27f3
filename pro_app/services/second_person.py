"""No one person replaces both the password and the second factor of somebody else, who is told of each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.storage.queries.accounts import find_display_name
from pro_app.storage.queries.audit_trail import list_entries_since
from pro_app.storage.tables.account_invitations import AccountInvitation
from pro_app.storage.tables.accounts import Account
from pro_app.storage.tables.sessions import StaffSession

APART = timedelta(hours=24)
"""How long whoever replaced one of the two leaves the other to somebody else."""
TOLD_FOR = timedelta(days=14)

What = Literal["password", "second_factor"]
Way = Literal["replaced", "invited", "accepted"]
ACTIONS: dict[str, What] = {
    "account.create": "password",
    "account.invite": "password",
    "account.reset_password": "password",
    "account.remove_factor": "second_factor",
}
INVITED = "account.invite"
_REFUSALS: dict[What, str] = {
    "password": mark(
        "You reset the second factor of this account less than 24 hours ago; nobody replaces both. Another "
        "administrator can make the password, or a coordinator where the account is neither an "
        "administrator's nor a coordinator's."
    ),
    "second_factor": mark(
        "You made the password of this account less than 24 hours ago; nobody replaces both. Another "
        "administrator can reset the second factor, or a coordinator where the account is neither an "
        "administrator's nor a coordinator's, or whoever runs the app with “pro-app reset-second-factor”."
    ),
}
_ACCEPTED = mark(
    "Your invitation to choose the password of this account was used less than 24 hours ago; nobody replaces "
    "both. Another administrator can reset the second factor, or a coordinator where the account is neither "
    "an administrator's nor a coordinator's, or whoever runs the app with “pro-app reset-second-factor”."
)


@dataclass(frozen=True, slots=True)
class ForeignChange:
    """What somebody else replaced and when; `by` is their name, None for whoever runs the app.

    `way`: an invitation to choose another password was only made (`invited`), or was used (`accepted`); then
    `by` is who made it.
    """

    what: What
    at: datetime
    by: str | None
    way: Way = "replaced"


def require_second_person(
    session: Session, account_id: int, *, what: What, actor: Actor, now: datetime
) -> None:
    """Raise InputRejected where the actor replaced the other of the two within APART; locks the account.

    Source: the audit trail, where the first password is part of making the account; and the invitations that
    were used, since their code is good for longer than APART.
    """
    if actor.kind == "system":
        return
    # Of a password and a reset at the same moment, the second waits here and then sees the first.
    session.get_one(Account, account_id, with_for_update=True)
    others = [action for action, replaced in ACTIONS.items() if replaced != what]
    entries = list_entries_since(
        session, actions=others, subject_ref=f"account:{account_id}", since=now - APART
    )
    if any(entry.actor == actor.reference for entry in entries):
        raise InputRejected((Problem(_REFUSALS[what], place="account"),))
    if what == "second_factor":
        used = _list_used(session, account_id, since=now - APART)
        if any(row.made_by_id == actor.account_id for row in used):
            raise InputRejected((Problem(_ACCEPTED, place="account"),))


def list_foreign_changes(session: Session, account_id: int, *, now: datetime) -> list[ForeignChange]:
    """List what others replaced of an account within TOLD_FOR, the newest first.

    Its making is not told, nor an invitation that was made or used before anybody had signed in.
    """
    own = f"account:{account_id}"
    told = [action for action in ACTIONS if action != "account.create"]
    entries = list_entries_since(session, actions=told, subject_ref=own, since=now - TOLD_FOR)
    first_at = session.scalar(
        select(func.min(StaffSession.started_at)).where(StaffSession.account_id == account_id)
    )
    changes = [
        ForeignChange(
            ACTIONS[entry.action],
            entry.at,
            find_display_name(session, entry.actor),
            way="invited" if entry.action == INVITED else "replaced",
        )
        for entry in entries
        if entry.actor != own and not (entry.action == INVITED and _is_first(entry.at, first_at))
    ]
    changes += _list_accepted(session, account_id, first_at=first_at, now=now)
    return sorted(changes, key=lambda change: change.at, reverse=True)


def _is_first(invited_at: datetime, first_at: datetime | None) -> bool:
    return first_at is None or invited_at < first_at


def _list_accepted(
    session: Session, account_id: int, *, first_at: datetime | None, now: datetime
) -> list[ForeignChange]:
    """List the uses of invitations; the first sign-in may come in the same moment as the use before it."""
    changes = []
    for row in _list_used(session, account_id, since=now - TOLD_FOR):
        if row.closed_at is None or first_at is None or row.closed_at <= first_at:
            continue
        by = None if row.made_by_id is None else find_display_name(session, f"account:{row.made_by_id}")
        changes.append(ForeignChange("password", row.closed_at, by, way="accepted"))
    return changes


def _list_used(session: Session, account_id: int, *, since: datetime) -> list[AccountInvitation]:
    """List the invitations of an account that were used after a time."""
    statement = (
        select(AccountInvitation)
        .where(
            AccountInvitation.account_id == account_id,
            AccountInvitation.closed_how == "used",
            AccountInvitation.closed_at > since,
        )
        .order_by(AccountInvitation.id.desc())
    )
    return list(session.scalars(statement))
