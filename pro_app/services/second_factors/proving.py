"""Proving the second factor after the password, which completes a sign-in under a new token."""

from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.trail import Change, record_change
from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.services.second_factors.records import (
    RECOVERY_CODE,
    TOTP,
    count_recovery_codes,
    find_second_factor,
    use_recovery_code,
)
from pro_app.services.second_factors.sealing import find_sealed_secret
from pro_app.services.second_factors.setting_up import code_does_not_fit
from pro_app.services.second_factors.totp import find_step
from pro_app.services.staff_sessions import StaffSignIn, complete_staff_session, is_completed


def prove_by_app(
    session: Session,
    sign_in: StaffSignIn,
    *,
    typed: str,
    secret_key: str,
    now: datetime,
    request_id: str = "",
) -> str:
    """Complete a sign-in by the code that the app shows; gives the session's new token.

    The same form sent once more, by a double click, gives another token: the browser waits for its last
    answer alone, and the token in the first one is lost.

    Raises InputRejected for a code that does not fit, and for one that was used before.
    """
    factor = find_second_factor(session, sign_in.account_id, lock=True)
    secret = factor and find_sealed_secret(
        factor.secret_ciphertext, account_id=sign_in.account_id, secret_key=secret_key
    )
    step = find_step(secret, typed, now=now) if secret else None
    if factor is None or step is None:
        raise InputRejected((code_does_not_fit(),))
    if step == factor.last_step and is_completed(session, sign_in.session_id):
        return complete_staff_session(session, session_id=sign_in.session_id, kind=TOTP, now=now)
    if step <= factor.last_step:
        message = mark("This code was used already. Wait for the next one: it comes within 30 seconds.")
        raise InputRejected((Problem(message, place="code"),))
    factor.last_step = step
    return complete_sign_in(session, sign_in, kind=TOTP, now=now, request_id=request_id)


def prove_by_recovery_code(
    session: Session,
    sign_in: StaffSignIn,
    *,
    typed: str,
    secret_key: str,
    now: datetime,
    request_id: str = "",
) -> tuple[str, int]:
    """Complete a sign-in by a recovery code, which is used up; gives the new token and how many are left.

    Raises InputRejected for a code that is none of those left.
    """
    account_id = sign_in.account_id
    if not use_recovery_code(session, typed, account_id=account_id, secret_key=secret_key, now=now):
        message = mark("This is none of your recovery codes that are left. Each of them works once.")
        raise InputRejected((Problem(message, place="code"),))
    token = complete_sign_in(session, sign_in, kind=RECOVERY_CODE, now=now, request_id=request_id)
    return token, count_recovery_codes(session, account_id)


def complete_sign_in(
    session: Session, sign_in: StaffSignIn, *, kind: str, now: datetime, request_id: str = ""
) -> str:
    """Note on the session what was proven and when, and give its new token; the old one opens nothing."""
    token = complete_staff_session(session, session_id=sign_in.session_id, kind=kind, now=now)
    action = "account.use_recovery_code" if kind == RECOVERY_CODE else "account.prove_factor"
    items = [{"field": "second_factor", "before": None, "after": kind}]
    change = Change(action, f"account:{sign_in.account_id}", items)
    record_change(session, change, actor=sign_in.actor(request_id), site_id=sign_in.site_id, now=now)
    return token
