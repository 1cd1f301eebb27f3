"""Secrets of authenticator apps as they are stored: sealed under the installation's key, for one account."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken


def seal_secret(secret: str, *, account_id: int, secret_key: str, session_id: int | None = None) -> bytes:
    """Seal the secret of an account; with `session_id` one that is set up there, and good nowhere else."""
    owner = _name_owner(account_id, session_id)
    return _cipher(secret_key).encrypt(f"{owner}:{secret}".encode())


def find_sealed_secret(
    sealed: bytes, *, account_id: int, secret_key: str, session_id: int | None = None
) -> str | None:
    """Open what was sealed; None for that of another account, session or key, and for anything else."""
    try:
        owner, _, secret = _cipher(secret_key).decrypt(sealed).decode().partition(":")
    except InvalidToken:
        return None
    return secret if owner == _name_owner(account_id, session_id) else None


def _name_owner(account_id: int, session_id: int | None) -> str:
    return str(account_id) if session_id is None else f"{account_id}/{session_id}"


def _cipher(secret_key: str) -> Fernet:
    digest = hashlib.sha256(b"second-factor:" + secret_key.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))
