"""Whose accounts one may change: a coordinator none of the administrators' and coordinators'."""

from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.errors import InputRejected, NotPermitted, Problem
from pro_app.language import mark
from pro_app.services.account_rules import list_grantable_roles
from pro_app.storage.queries.accounts import list_active_roles


def require_grantable(role: str, actor: Actor) -> None:
    """Raise NotPermitted for a role that the actor may neither give nor take."""
    if actor.kind != "system" and role not in list_grantable_roles(actor.role):
        raise NotPermitted("give or take this role")


def require_changeable(session: Session, account_id: int, *, actor: Actor, now: datetime) -> None:
    """Raise NotPermitted where the account, open or closed, holds a role that the actor could not give."""
    if not is_changeable(session, account_id, actor=actor, now=now):
        raise NotPermitted("change this account")


def is_changeable(session: Session, account_id: int, *, actor: Actor, now: datetime) -> bool:
    """Tell whether the actor could give every role that the account holds, or holds once it is open."""
    if actor.kind == "system":
        return True
    held = list_active_roles(session, at=now, account_id=account_id, of_closed=True)
    return {role.role for role in held} <= set(list_grantable_roles(actor.role))


def require_works_here_only(session: Session, account_id: int, *, actor: Actor, now: datetime) -> None:
    """Raise InputRejected where the account works in another study than the actor's, too."""
    if actor.kind == "system":
        return
    held = list_active_roles(session, at=now, account_id=account_id, of_closed=True)
    if any(role.study_id != actor.study_id for role in held):
        message = mark("This account also works in another study: only whoever runs the app can do that.")
        raise InputRejected((Problem(message, place="account"),))
