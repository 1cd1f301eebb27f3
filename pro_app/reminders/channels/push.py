"""Web push: an encrypted notification to one browser, signed with the installation's own key.

Sources: RFC 8030 (the request, TTL and urgency), RFC 8291 (encryption), RFC 8292 (VAPID, the signature).
Every push shows a notification; there is no topic, so that none replaces another without being seen.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import timedelta

import http_ece  # type: ignore[import-untyped]  # the package ships no types
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid  # type: ignore[import-untyped]  # as above
from py_vapid.utils import b64urlencode  # type: ignore[import-untyped]  # as above

from pro_app.contacts.push_subscription import BrowserSubscription, parse_subscription
from pro_app.errors import InputRejected, SettingMissing
from pro_app.language import mark
from pro_app.reminders.http_call import Caller, HttpReply, HttpRequest, NoReply, NotReached
from pro_app.reminders.outgoing import Channel, OutgoingMessage, Retryable, Undeliverable
from pro_app.settings import Settings

SIGNED_FOR = timedelta(hours=12)
LONGEST_WAIT = timedelta(weeks=4)
USUAL_WAIT = timedelta(days=1)
"""How long a push service keeps a message of which nobody said until when it makes sense."""

OK_FROM, OK_UNTIL = 200, 300
GONE = frozenset({404, 410})
NEVER = frozenset({400, 413})
KEY_REFUSED = frozenset({401, 403})
BUSY = frozenset({429, 503})
FAULTS = range(500, 600)
REASON = re.compile(rb'"reason"\s*:\s*"([A-Za-z]{1,40})"')


@dataclass(frozen=True)
class PushChannel:
    """Sends to browsers. `contact` is whom a push service turns to (`mailto:` or `https:`).

    `link` is the bare address that a tap on the notification opens.
    """

    private_key: str = field(repr=False)
    contact: str
    link: str
    caller: Caller = field(default_factory=lambda: Caller(public_only=True))

    def send(self, message: OutgoingMessage) -> None:
        """Send one notification to the browser that `message.address` describes."""
        try:
            subscription = parse_subscription(message.address)
            request = self._make_request(message, subscription)
        except InputRejected as error:
            raise Undeliverable("push_address_unusable") from error
        try:
            reply = self.caller.call(request)
        except NotReached as fault:
            if fault.reason == "not_public":
                raise Undeliverable("push_address_unusable") from fault
            raise Retryable(f"push_{fault.reason}", scope="queue") from fault
        except NoReply as fault:
            raise Retryable("push_no_reply", maybe_accepted=True) from fault
        _check_reply(reply)

    def _make_request(self, message: OutgoingMessage, subscription: BrowserSubscription) -> HttpRequest:
        shown = {"title": message.sender_label, "body": message.short_text, "url": self.link}
        body = http_ece.encrypt(
            json.dumps(shown).encode(),
            private_key=ec.generate_private_key(ec.SECP256R1()),
            dh=subscription.public_key,
            auth_secret=subscription.secret,
            version="aes128gcm",
        )
        headers = {
            "TTL": str(int(_wait(message).total_seconds())),
            "Urgency": "normal",
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "Authorization": self._sign(message, subscription),
        }
        return HttpRequest("POST", subscription.endpoint, headers, body)

    def _sign(self, message: OutgoingMessage, subscription: BrowserSubscription) -> str:
        claims = {
            "aud": subscription.origin,
            "exp": int((message.at + SIGNED_FOR).timestamp()),
            "sub": self.contact,
        }
        key = Vapid.from_raw(self.private_key.encode())
        return str(key.sign(claims)["Authorization"])


def find_push_channel(settings: Settings) -> Channel | None:
    """Find the push channel of an installation; None where it has no key. Raises SettingMissing."""
    if settings.push_private_key is None:
        return None
    find_public_key(settings)
    return PushChannel(settings.push_private_key, settings.push_contact, settings.public_url)


def find_public_key(settings: Settings) -> str | None:
    """Give the public key that browsers subscribe under (base64url), None where push is not set up."""
    if settings.push_private_key is None:
        return None
    try:
        return derive_public_key(settings.push_private_key)
    except ValueError as error:
        raise SettingMissing(
            "PRO_APP_PUSH_PRIVATE_KEY", mark("it must be a key made by pro-app push-keys")
        ) from error


def derive_public_key(private_key: str) -> str:
    """Work out the public key (65 bytes, base64url) of a private one; raises ValueError if it is none."""
    key = Vapid.from_raw(private_key.encode()).public_key
    return str(b64urlencode(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)))


def make_private_key() -> str:
    """Make a new private key (the number of a P-256 key, 32 bytes, base64url)."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return str(b64urlencode(number.to_bytes(32, "big")))


def _wait(message: OutgoingMessage) -> timedelta:
    """How long the push service keeps the message for a browser that is off; zero: not at all."""
    if message.expires_at is None:
        return USUAL_WAIT
    return min(max(message.expires_at - message.at, timedelta(0)), LONGEST_WAIT)


def _check_reply(reply: HttpReply) -> None:
    """Raise what an answer means, unless the push service took the message.

    A key that is refused is ours to mend, yet it holds up this message alone: the address is one that a
    participant supplied, perhaps made under another key, and must not be able to hold up those of others. A
    push service that failed may have failed after it had taken the message.
    """
    status = reply.status
    if OK_FROM <= status < OK_UNTIL:
        return
    if status in GONE:
        raise Undeliverable("gone")
    if status in NEVER:
        raise Undeliverable(f"push_{status}")
    if status in KEY_REFUSED:
        said = REASON.search(reply.body)
        reason = f"push_key_refused_{status}" + (f"_{said[1].decode()}" if said else "")
        raise Retryable(reason, retry_after_s=reply.retry_after_s)
    raise Retryable(
        f"push_{status}",
        maybe_accepted=status in FAULTS and status not in BUSY,
        scope="queue" if status in BUSY else "message",
        retry_after_s=reply.retry_after_s,
    )
