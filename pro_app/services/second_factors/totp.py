"""Codes of an authenticator app by RFC 6238: six digits, a new one every 30 seconds, each good once."""

import hmac
from datetime import datetime

import pyotp

DIGITS = 6
STEP_SECONDS = 30
TOLERATED_STEPS = 1
"""How many steps the clock of a phone may be ahead or behind."""
NO_STEP = -1
"""Stands for the last used step of a secret that was never used."""


def make_secret() -> str:
    """Make a secret of 160 random bits, in base 32 as the apps take it."""
    return pyotp.random_base32()


def find_present_step(now: datetime) -> int:
    """Count the steps of 30 s from 1970 to `now`."""
    return int(now.timestamp()) // STEP_SECONDS


def make_code(secret: str, step: int) -> str:
    """Give the code of one step."""
    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS).generate_otp(step)


def find_step(secret: str, typed: str, *, now: datetime) -> int | None:
    """Find the step whose code was typed, at most one step from `now`; None where there is none."""
    code = "".join(typed.split())
    if len(code) != DIGITS or not (code.isascii() and code.isdigit()):
        return None
    present = find_present_step(now)
    steps = range(present + TOLERATED_STEPS, present - TOLERATED_STEPS - 1, -1)
    # All are compared, so that the time tells nothing of which one fitted.
    fitting = [step for step in steps if hmac.compare_digest(make_code(secret, step), code)]
    return fitting[0] if fitting else None


def make_address(secret: str, *, username: str, issuer: str) -> str:
    """Give the `otpauth:` address that the QR code holds."""
    totp = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS)
    return totp.provisioning_uri(name=username, issuer_name=issuer)


def grouped_secret(secret: str) -> str:
    """Write a secret in groups of four, for typing."""
    return " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))
