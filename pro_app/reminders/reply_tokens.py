"""The name of a message in whatever comes back about it: only we can make one, and it tells nothing else."""

import hashlib
import hmac
import re
from dataclasses import dataclass

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
MAC_CHARACTERS = 20
"""80 bits in hexadecimal digits: short enough for the part of an address before the @, too many to guess."""
TOKEN = re.compile(rf"[0-9a-z]{{2,20}}[0-9a-f]{{{MAC_CHARACTERS}}}")


@dataclass(frozen=True, slots=True)
class NamedMessage:
    """The message that a token names: its key in the outbox, and which generation of it went out."""

    outbox_message_id: int
    generation: int


def make_reply_token(secret_key: str, outbox_message_id: int, *, generation: int = 0) -> str:
    """Make the token of a message; lower case, `[a-z0-9]`.

    It is the key in base 36, the generation likewise (nothing for the first), one digit that tells how many
    digits the generation has, then a keyed digest of both.
    """
    again = _base_36(generation) if generation else ""
    named = NamedMessage(outbox_message_id, generation)
    return _base_36(outbox_message_id) + again + DIGITS[len(again)] + _mac(secret_key, named)


def read_reply_token(secret_key: str, token: str) -> NamedMessage | None:
    """Give the message that a token names, None for one that is not ours; case does not matter."""
    written = token.lower()
    if not TOKEN.fullmatch(written):
        return None
    numbers, mac = written[:-MAC_CHARACTERS], written[-MAC_CHARACTERS:]
    place = len(numbers) - 1 - DIGITS.index(numbers[-1])
    if place < 1:
        return None
    named = NamedMessage(int(numbers[:place], 36), int(numbers[place:-1] or "0", 36))
    return named if hmac.compare_digest(mac, _mac(secret_key, named)) else None


def _mac(secret_key: str, named: NamedMessage) -> str:
    said = f"reply-token:{named.outbox_message_id}:{named.generation}".encode()
    return hmac.new(secret_key.encode(), said, hashlib.sha256).hexdigest()[:MAC_CHARACTERS]


def _base_36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
    return digits or "0"
