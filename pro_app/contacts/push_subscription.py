"""What a browser gives us so that we can send to it (W3C Push API), checked before anything trusts it.

The endpoint is an address that the participant's browser supplies: it must be https, on the standard port,
and a name in the public domain name system, never an address of our own network.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec

from pro_app.errors import InputRejected, Problem
from pro_app.language import mark

LONGEST = 4000
LONGEST_ENDPOINT = 2000
HTTPS = 443
AUTH_LENGTH = 16
HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
)
PRIVATE_NAMES = (".local", ".localhost", ".internal", ".intranet", ".lan", ".home", ".corp", ".arpa")
_UNUSABLE = mark("This browser gave no address that notifications can be sent to.")


@dataclass(frozen=True, slots=True)
class BrowserSubscription:
    """One browser: where to send, its public key (P-256, 65 bytes uncompressed), its secret (16 bytes)."""

    endpoint: str = field(repr=False)
    public_key: bytes = field(repr=False)
    secret: bytes = field(repr=False)

    @property
    def origin(self) -> str:
        """Scheme, host and port of the push service, which the signature is made for."""
        parts = urlsplit(self.endpoint)
        return f"{parts.scheme}://{parts.netloc}"

    def to_json(self) -> str:
        """Write it as the browser does, without anything else that was in it."""
        keys = {"p256dh": _encode(self.public_key), "auth": _encode(self.secret)}
        return json.dumps({"endpoint": self.endpoint, "keys": keys})


def parse_subscription(text: str) -> BrowserSubscription:
    """Read a subscription; raises InputRejected for anything that cannot be encrypted or sent to."""
    try:
        data: Any = json.loads(text) if len(text) <= LONGEST else None
        subscription = BrowserSubscription(
            _check_endpoint(data["endpoint"]),
            _decode(data["keys"]["p256dh"]),
            _decode(data["keys"]["auth"]),
        )
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), subscription.public_key)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _rejected() from error
    if len(subscription.secret) != AUTH_LENGTH:
        raise _rejected()
    return subscription


def check_push_service(subscription: BrowserSubscription) -> None:
    """Raise InputRejected unless the endpoint is one that a public push service can have."""
    parts = urlsplit(subscription.endpoint)
    host = parts.hostname or ""
    named = HOST_NAME.fullmatch(host) is not None and not host.endswith(PRIVATE_NAMES)
    if not named or parts.username is not None or (parts.port or HTTPS) != HTTPS:
        raise _rejected()


def find_push_host(text: str) -> str | None:
    """Find the host of the push service in a subscription that is kept; None where there is none."""
    try:
        return urlsplit(str(json.loads(text)["endpoint"])).hostname
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _rejected() -> InputRejected:
    return InputRejected((Problem(_UNUSABLE, place="subscription"),))


def _check_endpoint(value: object) -> str:
    """Give the endpoint if it is an https address in plain characters; raises ValueError otherwise."""
    if not isinstance(value, str) or not re.fullmatch(r"https://[!-~]+", value):
        raise ValueError("endpoint")
    parts = urlsplit(value)
    if not parts.hostname or len(value) > LONGEST_ENDPOINT or parts.port == 0:
        raise ValueError("endpoint")
    return value


def _decode(value: object) -> bytes:
    """Decode base64url with or without its padding."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_-]+={0,2}", value):
        raise ValueError("key")
    bare = value.rstrip("=")
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except binascii.Error as error:
        raise ValueError("key") from error


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
