"""Setting up an authenticator app, or another one in its place, and new recovery codes."""

from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change
from pro_app.errors import InputRejected, NotPermitted, Problem
from pro_app.language import mark
from pro_app.services.account_records import record_account_change
from pro_app.services.second_factors.records import TOTP, find_second_factor, make_recovery_codes
from pro_app.services.second_factors.sealing import find_sealed_secret
from pro_app.services.second_factors.totp import find_step
from pro_app.services.staff_sessions import StaffSignIn, end_staff_sessions, is_completed
from pro_app.storage.tables.accounts import Account
from pro_app.storage.tables.second_factors import SecondFactor


def set_up_second_factor(
    session: Session, sign_in: StaffSignIn, *, sealed: bytes, typed: str, secret_key: str, now: datetime,
    request_id: str = "",
) -> list[str]:  # fmt: skip
    """Begin to use the app that shows the codes of a sealed secret; gives ten recovery codes, kept nowhere.

    An app that was used before is removed, and every other session ends. The same form sent once more, by a
    double click, makes new codes. Raises InputRejected where the code does not fit, NotPermitted for whoever
    has an app and proved only the password.
    """
    account = session.get_one(Account, sign_in.account_id, with_for_update=True)
    earlier = find_second_factor(session, account.id, lock=True)
    secret = find_sealed_secret(sealed, account_id=account.id, secret_key=secret_key)
    if earlier is not None and sign_in.second_factor_at is None:
        in_use = find_sealed_secret(earlier.secret_ciphertext, account_id=account.id, secret_key=secret_key)
        if secret is None or secret != in_use or not is_completed(session, sign_in.session_id):
            raise NotPermitted("set up a second factor")
    step = None if secret is None else find_step(secret, typed, now=now)
    if step is None:
        raise InputRejected((code_does_not_fit(),))
    if earlier is not None:
        earlier.removed_at, earlier.removed_by_id = now, account.id
        session.flush()  # before the next one is added, of which there can be one only
    add_second_factor(session, account.id, sealed=sealed, last_step=step, now=now)
    codes = make_recovery_codes(session, account_id=account.id, secret_key=secret_key, now=now)
    end_staff_sessions(session, account_id=account.id, now=now, but=sign_in.session_id)
    items = [{"field": "second_factor", "before": TOTP if earlier else None, "after": TOTP}]
    change = Change("account.add_factor", f"account:{account.id}", items)
    record_account_change(session, change, actor=sign_in.actor(request_id), now=now)
    return codes


def add_second_factor(
    session: Session, account_id: int, *, sealed: bytes, last_step: int, now: datetime
) -> None:
    """Write down an app of an account that has none."""
    session.add(
        SecondFactor(account_id=account_id, secret_ciphertext=sealed, last_step=last_step, added_at=now)
    )
    session.flush()


def renew_recovery_codes(session: Session, *, actor: Actor, secret_key: str, now: datetime) -> list[str]:
    """Make the actor ten new recovery codes in the place of those that are left.

    Raises NotPermitted for whoever has no second factor.
    """
    if actor.account_id is None or find_second_factor(session, actor.account_id, lock=True) is None:
        raise NotPermitted("make recovery codes")
    codes = make_recovery_codes(session, account_id=actor.account_id, secret_key=secret_key, now=now)
    items = [{"field": "recovery_codes", "before": None, "after": len(codes)}]
    change = Change("account.make_recovery_codes", f"account:{actor.account_id}", items)
    record_account_change(session, change, actor=actor, now=now)
    return codes


def code_does_not_fit() -> Problem:
    """Say that a code is not the one that the app shows."""
    message = mark(
        "This code does not fit. Type the six digits that the app shows now; the time on the phone must be "
        "set automatically."
    )
    return Problem(message, place="code")
