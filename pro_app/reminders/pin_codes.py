"""The code by which somebody who forgot the PIN chooses another one; it stands nowhere but in its message.

It follows from the message's key and the installation's secret: the outbox need not hold it, and whoever
reads the database learns nothing.
"""

import hashlib
import hmac
from datetime import timedelta

PIN_CODE = "pin_code"
"""The rule and the template of these messages."""
PIN_CODE_LIFE = timedelta(minutes=10)
PIN_CODE_LENGTH = 8
GROUP = 4


def make_pin_code(secret_key: str, message_key: str) -> str:
    """Derive the digits that a message carries."""
    digest = hmac.new(f"{PIN_CODE}:{secret_key}".encode(), message_key.encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(digest, 'big') % 10**PIN_CODE_LENGTH:0{PIN_CODE_LENGTH}}"


def is_pin_code(secret_key: str, message_key: str, typed: str) -> bool:
    """Tell, after the same time for all of them, whether these are the digits that a message carries."""
    digits = "".join(sign for sign in typed if sign in "0123456789")
    return hmac.compare_digest(make_pin_code(secret_key, message_key), digits)


def write_pin_code(code: str) -> str:
    """Write a code in two groups, as it is read aloud: `1234 5678`."""
    return f"{code[:GROUP]} {code[GROUP:]}"
