"""A passkey in software: what a security key does, and what a copied or a lying one would do."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url, encode_cbor

PRESENT, HAS_KEY = 0x01, 0x40
"""Flags of the authenticator data: somebody was there, and a key was made (WebAuthn, section 6.1)."""


@dataclass
class SoftwareKey:
    """One passkey; `count` is how often it was used, 0 for ever where `counts` is false."""

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    count: int = 0
    counts: bool = True

    def make(self, options: str, *, origin: str, host: str = "localhost") -> str:
        """Answer the options of adding, as a browser at `origin` would."""
        numbers = self.private.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        key = encode_cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        identity = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + key
        data = self._authenticator_data(host, flags=PRESENT | HAS_KEY) + identity
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        client = _client_data("webauthn.create", options, origin)
        return self._write({"clientDataJSON": client, "attestationObject": attestation})

    def sign(self, options: str, *, origin: str, host: str = "localhost") -> str:
        """Answer the options of proving, as a browser at `origin` would."""
        self.count += self.counts
        data = self._authenticator_data(host, flags=PRESENT)
        client = _client_data("webauthn.get", options, origin)
        signed = data + hashlib.sha256(client).digest()
        signature = self.private.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._write({"clientDataJSON": client, "authenticatorData": data, "signature": signature})

    def _authenticator_data(self, host: str, *, flags: int) -> bytes:
        return hashlib.sha256(host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _write(self, response: dict[str, bytes]) -> str:
        named = bytes_to_base64url(self.credential_id)
        answer: dict[str, Any] = {
            "id": named,
            "rawId": named,
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {name: bytes_to_base64url(value) for name, value in response.items()},
        }
        return json.dumps(answer)


def _client_data(kind: str, options: str, origin: str) -> bytes:
    challenge = json.loads(options)["challenge"]
    said = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}
    return json.dumps(said).encode()
