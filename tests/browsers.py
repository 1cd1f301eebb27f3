"""A browser's half of web push, made up: its keys, its subscription, and reading what was sent to it."""

import base64
import json
from dataclasses import dataclass, field, replace
from typing import Any

import http_ece
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from http_world import HttpServer
from reminders_world import Post

from pro_app.reminders.channels.push import PushChannel, make_private_key
from pro_app.reminders.http_call import Caller

SECRET = b"sixteen bytes ok"


@dataclass
class Browser:
    """One browser that subscribed."""

    endpoint: str = "https://push.example.org/send/abc"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def public_key(self) -> bytes:
        """Give the public key as the browser tells it: 65 bytes."""
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def subscription(self, **changes: object) -> str:
        """Write the subscription as `PushSubscription.toJSON` does, with `changes`."""
        keys = {"p256dh": encode(self.public_key), "auth": encode(SECRET)}
        return json.dumps({"endpoint": self.endpoint, "expirationTime": None, "keys": keys} | changes)

    def read(self, body: bytes) -> dict[str, Any]:
        """Decrypt a notification."""
        clear = http_ece.decrypt(body, private_key=self.key, auth_secret=SECRET, version="aes128gcm")
        shown: dict[str, Any] = json.loads(clear)
        return shown


def read_signature(header: str) -> tuple[dict[str, Any], str]:
    """Check a `vapid` header's signature (ES256); gives its claims and the public key, raises if forged."""
    scheme, _, rest = header.partition(" ")
    assert scheme == "vapid"
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    signed, _, signature = parts["t"].rpartition(".")
    raw = decode(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(parts["k"]))
    public.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
    head, claims = (json.loads(decode(part)) for part in signed.split("."))
    assert head == {"typ": "JWT", "alg": "ES256"}
    return claims, parts["k"]


def encode(raw: bytes) -> str:
    """Write bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Read base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def open_push(post: Post, service: HttpServer) -> None:
    """Let a post office send notifications, by a push service of the test's own."""
    channel = PushChannel(
        make_private_key(),
        "mailto:suivi@example.org",
        "https://suivi.example.org",
        Caller(5, 5, trusted=service.trusted),
    )
    post.office = replace(post.office, channels={**post.office.channels, "push": channel})
