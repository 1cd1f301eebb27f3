"""The name of a message in whatever comes back about it: only we can make one, and it tells nothing else."""

import hashlib
import hmac
import re

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
MAC_CHARACTERS = 20
"""80 bits in hexadecimal digits: short enough for the part of an address before the @, too many to guess."""
TOKEN = re.compile(rf"[0-9a-z]{{1,13}}[0-9a-f]{{{MAC_CHARACTERS}}}")


def make_reply_token(secret_key: str, outbox_message_id: int) -> str:
    """Make the token of a message: its key in base 36, then a keyed digest of it; lower case, `[a-z0-9]`."""
    return _base_36(outbox_message_id) + _mac(secret_key, outbox_message_id)


def read_reply_token(secret_key: str, token: str) -> int | None:
    """Give the key of the message that a token names, None for one that is not ours; case does not matter."""
    written = token.lower()
    if not TOKEN.fullmatch(written):
        return None
    number, mac = int(written[:-MAC_CHARACTERS], 36), written[-MAC_CHARACTERS:]
    return number if hmac.compare_digest(mac, _mac(secret_key, number)) else None


def _mac(secret_key: str, outbox_message_id: int) -> str:
    said = f"reply-token:{outbox_message_id}".encode()
    return hmac.new(secret_key.encode(), said, hashlib.sha256).hexdigest()[:MAC_CHARACTERS]


def _base_36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
    return digits or "0"
