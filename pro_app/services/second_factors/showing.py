"""The code that an app would show now: for the demonstration alone, whose clock no phone follows."""

import math
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.errors import NotPermitted
from pro_app.services.second_factors.records import find_second_factor
from pro_app.services.second_factors.sealing import find_sealed_secret
from pro_app.services.second_factors.totp import (
    NO_STEP,
    STEP_SECONDS,
    TOLERATED_STEPS,
    find_present_step,
    make_code,
)
from pro_app.settings import Settings


@dataclass(frozen=True, slots=True)
class ShownCode:
    """A code that opens now; where it is empty, one comes in `wait_seconds`."""

    code: str
    wait_seconds: int = 0


def find_code_to_show(
    session: Session, account_id: int, *, settings: Settings, now: datetime
) -> ShownCode | None:
    """Find the next code of an account that was not used yet; None without a second factor.

    Raises NotPermitted everywhere but in the demonstration.
    """
    factor = find_second_factor(session, account_id)
    sealed = factor.secret_ciphertext if factor else b""
    secret = find_sealed_secret(sealed, account_id=account_id, secret_key=settings.secret_key)
    last = factor.last_step if factor else NO_STEP
    return show_code(secret, settings=settings, now=now, after=last) if secret else None


def show_code(secret: str, *, settings: Settings, now: datetime, after: int = NO_STEP) -> ShownCode:
    """Give the present code of a secret, or the next where that was used and the next is taken already.

    Raises NotPermitted as above.
    """
    if not settings.demo:
        raise NotPermitted("show a code")
    step = max(find_present_step(now), after + 1)
    taken_from = (step - TOLERATED_STEPS) * STEP_SECONDS
    wait_seconds = max(0, math.ceil(taken_from - now.timestamp()))
    return ShownCode("", wait_seconds) if wait_seconds else ShownCode(make_code(secret, step))
