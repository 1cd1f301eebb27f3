"""Whom passkeys are made for: the host of the installation, and the one origin whose pages may use them."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from pro_app.settings import Settings


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """The host that a passkey is bound to, and the origin (scheme, host, port) that a browser vouches for."""

    host: str
    origin: str


def find_relying_party(settings: Settings) -> RelyingParty | None:
    """Give whom passkeys are made for; None where browsers make none: without TLS, but for localhost."""
    parts = urlsplit(settings.public_url)
    if parts.hostname is None or (parts.scheme != "https" and parts.hostname != "localhost"):
        return None
    return RelyingParty(parts.hostname, f"{parts.scheme}://{parts.netloc.lower()}")
