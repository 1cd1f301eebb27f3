"""The code of an invitation; it stands nowhere but on paper and in the message that carries it.

It follows from the seed of the invitation and the installation's secret, so the mail need not be kept.
"""

import base64
import hashlib
import hmac

INVITATION_CODE_LENGTH = 20
"""20 characters of 5 bits: 100 bits."""
GROUP = 4
_TYPED = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHJKMNPQRSTVWXYZ")
"""From the alphabet of RFC 4648 to that of the codes that people type, which has no O, I, L and U."""


def make_invitation_code(secret_key: str, seed: str) -> str:
    """Derive the code of an invitation: 20 characters of Crockford's base 32."""
    digest = hmac.new(f"staff-invitation:{secret_key}".encode(), seed.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest).decode()[:INVITATION_CODE_LENGTH].translate(_TYPED)


def write_invitation_code(code: str) -> str:
    """Write a code in groups of four, as it is printed."""
    return "-".join(code[i : i + GROUP] for i in range(0, len(code), GROUP))


def make_invitation_address(public_url: str, code: str) -> str:
    """Give the address that opens an invitation; what stands after # no server sees."""
    return f"{public_url}/staff/invitation#{code}"
