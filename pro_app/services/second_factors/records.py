"""What is stored of second factors: the app that is in use, the recovery codes that are left."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from pro_app.services.sign_in_codes import code_digest, grouped_code, make_code, normalise_code
from pro_app.storage.tables.second_factors import RecoveryCode, SecondFactor

TOTP, RECOVERY_CODE, PASSKEY = "totp", "recovery_code", "passkey"
"""By what a second factor can be proven, as sessions and the audit trail name it."""

RECOVERY_CODES = 10
RECOVERY_CODE_LENGTH = 10
"""Ten characters of 5 bits, as the codes on the cards of participants."""


@dataclass(frozen=True, slots=True)
class SecondFactorState:
    """Since when an account has its second factor, and how many recovery codes are left."""

    added_at: datetime
    codes_left: int


def find_second_factor(session: Session, account_id: int, *, lock: bool = False) -> SecondFactor | None:
    """Find the authenticator app that an account uses; with `lock` nobody else can use it meanwhile."""
    statement = select(SecondFactor).where(
        SecondFactor.account_id == account_id, SecondFactor.removed_at.is_(None)
    )
    return session.scalar(statement.with_for_update() if lock else statement)


def find_second_factor_state(session: Session, account_id: int) -> SecondFactorState | None:
    """Find what an account and its administrators may know of its second factor; None without one."""
    factor = find_second_factor(session, account_id)
    if factor is None:
        return None
    return SecondFactorState(factor.added_at, count_recovery_codes(session, account_id))


def count_recovery_codes(session: Session, account_id: int) -> int:
    """Count the recovery codes that still open the account."""
    left = select(func.count(RecoveryCode.id)).where(
        RecoveryCode.account_id == account_id,
        RecoveryCode.used_at.is_(None),
        RecoveryCode.replaced_at.is_(None),
    )
    return session.scalars(left).one()


def make_recovery_codes(session: Session, *, account_id: int, secret_key: str, now: datetime) -> list[str]:
    """Make ten new codes, which replace what was left; gives them as they are printed, kept nowhere."""
    replace_recovery_codes(session, account_id=account_id, now=now)
    codes = [make_code(RECOVERY_CODE_LENGTH) for _ in range(RECOVERY_CODES)]
    session.add_all(
        RecoveryCode(account_id=account_id, code_digest=_digest(account_id, code, secret_key), made_at=now)
        for code in codes
    )
    return [grouped_code(code) for code in codes]


def replace_recovery_codes(session: Session, *, account_id: int, now: datetime) -> None:
    """End the codes that are left."""
    session.execute(
        update(RecoveryCode)
        .where(RecoveryCode.account_id == account_id, RecoveryCode.replaced_at.is_(None))
        .values(replaced_at=now)
    )


def use_recovery_code(
    session: Session, typed: str, *, account_id: int, secret_key: str, now: datetime
) -> bool:
    """Use a code up; tells whether it was one of the account's that was left."""
    digest = _digest(account_id, typed, secret_key)
    used = session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.code_digest == digest,
            RecoveryCode.account_id == account_id,
            RecoveryCode.used_at.is_(None),
            RecoveryCode.replaced_at.is_(None),
        )
        .values(used_at=now)
        .returning(RecoveryCode.id)
    )
    return used.first() is not None


def _digest(account_id: int, code: str, secret_key: str) -> str:
    return code_digest(secret_key, f"recovery-code:{account_id}", normalise_code(code))
