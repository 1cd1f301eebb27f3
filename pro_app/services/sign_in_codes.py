"""Codes that people type: Crockford base 32, forgiving to read, kept only as keyed digests."""

import hashlib
import hmac
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SIGN_IN_CODE_LENGTH = 10
"""10 characters of 5 bits are 50 bits, which throttling makes enough (CNIL 2022-100, case 2)."""
SHORT_CODE_LENGTH = 10
RECEIPT_CODE_LENGTH = 7
_LOOKALIKES = str.maketrans("OIL", "011")


def make_code(length: int) -> str:
    """Make a random code of `length` characters."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def normalise_code(typed: str) -> str:
    """Give what was meant: capitals, no blanks or dashes, O as 0, I and L as 1."""
    return "".join(c for c in typed.upper().translate(_LOOKALIKES) if c in ALPHABET)


def grouped_code(code: str) -> str:
    """Write a code in groups of four, as it is printed: `K7QF-2MZ8-4T`."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


def code_digest(secret_key: str, purpose: str, code: str) -> str:
    """Digest a code under the installation's key, so that a stolen table cannot be searched for it."""
    return hmac.new(
        f"{purpose}:{secret_key}".encode(), normalise_code(code).encode(), hashlib.sha256
    ).hexdigest()
