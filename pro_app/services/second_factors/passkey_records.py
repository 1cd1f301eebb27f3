"""What is stored of passkeys: those in use, and what a session asked a browser to sign."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change
from pro_app.errors import InputRejected, NotFound, Problem
from pro_app.language import mark
from pro_app.services.account_records import record_account_change
from pro_app.services.second_factors.records import PASSKEY
from pro_app.services.staff_sessions import StaffSignIn
from pro_app.storage.tables.passkeys import Passkey, PasskeyChallenge

Purpose = Literal["add", "prove"]
CHALLENGE_LIFE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class KnownPasskey:
    """A passkey as its owner sees it."""

    passkey_id: int
    label: str
    added_at: datetime
    used_at: datetime | None


def list_passkeys(session: Session, account_id: int) -> list[KnownPasskey]:
    """List the passkeys that an account uses, the oldest first."""
    return [
        KnownPasskey(row.id, row.label, row.added_at, row.used_at) for row in list_rows(session, account_id)
    ]


def list_rows(session: Session, account_id: int) -> list[Passkey]:
    """List the rows of the passkeys that an account uses."""
    statement = select(Passkey).where(Passkey.account_id == account_id, Passkey.removed_at.is_(None))
    return list(session.scalars(statement.order_by(Passkey.id)))


def remove_passkey(session: Session, passkey_id: int, *, actor: Actor, now: datetime) -> str:
    """Remove one of the actor's own passkeys; gives its name. Raises NotFound for any other."""
    row = session.get(Passkey, passkey_id, with_for_update=True)
    if row is None or actor.account_id is None or row.account_id != actor.account_id or row.removed_at:
        raise NotFound("passkey")
    row.removed_at, row.removed_by_id = now, actor.account_id
    items = [{"field": "second_factor", "before": f"{PASSKEY}:{row.id}", "after": None}]
    change = Change("account.remove_passkey", f"account:{row.account_id}", items)
    record_account_change(session, change, actor=actor, now=now)
    return row.label


def remove_all_passkeys(session: Session, account_id: int, *, by_id: int | None, now: datetime) -> None:
    """Remove every passkey of an account whose second factor is reset."""
    session.execute(
        update(Passkey)
        .where(Passkey.account_id == account_id, Passkey.removed_at.is_(None))
        .values(removed_at=now, removed_by_id=by_id)
    )


def keep_challenge(
    session: Session, sign_in: StaffSignIn, challenge: bytes, *, purpose: Purpose, now: datetime
) -> None:
    """Remember what this session asked last; an earlier question is answered no more."""
    session.merge(
        PasskeyChallenge(
            staff_session_id=sign_in.session_id, purpose=purpose, challenge=challenge, made_at=now
        )
    )


def take_challenge(session: Session, sign_in: StaffSignIn, *, purpose: Purpose, now: datetime) -> bytes:
    """Give what this session asked and forget it, so that no answer counts twice; raises InputRejected."""
    taken = session.execute(
        delete(PasskeyChallenge)
        .where(PasskeyChallenge.staff_session_id == sign_in.session_id)
        .returning(PasskeyChallenge.purpose, PasskeyChallenge.challenge, PasskeyChallenge.made_at)
    ).one_or_none()
    if taken is None or taken[0] != purpose or taken[2] <= now - CHALLENGE_LIFE:
        raise InputRejected((passkey_does_not_fit(),))
    challenge: bytes = taken[1]
    return challenge


def passkey_does_not_fit() -> Problem:
    """Say that a passkey was refused, whatever was wrong with it."""
    message = mark("The passkey could not be used. Try again, or type the code of your authenticator app.")
    return Problem(message, place="passkey")
