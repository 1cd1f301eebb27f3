"""A message on its way out: what every channel is given, and the two ways in which it can refuse."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from typing import Literal, Protocol, runtime_checkable

import idna

STOP_HEADER = "List-Unsubscribe"


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One rendered message to one address; a retry carries the same `message_id` (in angle brackets).

    `address` is what the channel sends to: an e-mail address, a telephone number (E.164) or a push
    subscription (JSON). `short_text` says the same in one or two sentences, for SMS and push.
    `reply_token` names the message in whatever comes back about it; it tells nothing to anyone else.
    `expires_at` is until when it may arrive where a provider keeps it for a while: the end of the hours in
    which messages may come, or of their sense; None where that is not known. `outbox_message_id` is our own
    key, the only name of a message that may stand in a log. `offers_stop`: a mail to the address that we
    read stops these messages.
    """

    address: str
    sender_label: str
    subject: str
    text: str
    short_text: str
    language: str
    message_id: str
    reply_token: str
    at: datetime
    expires_at: datetime | None = None
    outbox_message_id: int | None = None
    offers_stop: bool = True


@dataclass(eq=False)
class Retryable(Exception):
    """The channel did not take the message now; with `maybe_accepted` nobody knows whether it did.

    `scope` says what has to wait: this message alone, everything in its queue (the same recipient domain),
    or, because the channel as a whole is out of order, everything that would go out on it. `retry_after_s`
    is how long the other side asked us to wait, where it did; `provider_ref` the name under which a message
    that may have arrived would be reported on. Without `tried` the other side was not even asked, and the
    message has lost no attempt.
    """

    reason: str
    maybe_accepted: bool = False
    scope: Literal["message", "queue", "channel"] = "message"
    retry_after_s: int | None = None
    provider_ref: str | None = None
    tried: bool = True


@dataclass(eq=False)
class Undeliverable(Exception):
    """The channel will never take this message for this address; `reason` is a code without the address."""

    reason: str


class Channel(Protocol):
    """A way out."""

    def send(self, message: OutgoingMessage) -> str | None:
        """Hand the message over and give the provider's own name for it, if it has one.

        Raises Retryable or Undeliverable.
        """


class _WholeHeaders(EmailPolicy):
    """Keeps one header on one line: folded, a long address would be encoded, and no program reads that."""

    def fold_binary(self, name: str, value: str) -> bytes:
        """Write a header as bytes."""
        if name == STOP_HEADER:
            return f"{name}: {value}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _WholeHeaders(linesep=SMTP.linesep)


@runtime_checkable
class KeepsConnections(Protocol):
    """A channel that keeps connections between messages."""

    def rest(self) -> None:
        """Close what is kept, at the end of a round."""


def render_mime(message: OutgoingMessage, *, sender: str, reply_address: str | None = None) -> EmailMessage:
    """Make the e-mail: plain text only, so that nothing is loaded and nothing is followed when it is read.

    With an address that we read, the mail program of the person can offer to stop these messages: by a mail
    alone (RFC 2369), since whatever fetches web addresses ahead of the reader would stop them unasked.
    Raises ValueError for a line break in a header or an address that is none.
    """
    mime = EmailMessage(policy=_POLICY)
    mime["From"] = Address(message.sender_label, addr_spec=sender)
    mime["To"] = Address(addr_spec=make_mailbox(message.address))
    mime["Subject"] = message.subject
    mime["Date"] = format_datetime(message.at)
    mime["Message-ID"] = message.message_id
    mime["Auto-Submitted"] = "auto-generated"
    if reply_address is not None and message.offers_stop:
        stop_address = make_reply_address(reply_address, "u", message.reply_token)
        mime[STOP_HEADER] = f"<mailto:{stop_address}?subject=stop>"
    mime["Content-Language"] = message.language
    mime.set_content(message.text, cte="quoted-printable")
    return mime


def make_mailbox(address: str) -> str:
    """Give an e-mail address in plain characters, its domain as the name system knows it (IDNA 2008).

    Raises ValueError where the part before the @ has others: few servers would take it.
    """
    name, _, domain = address.rpartition("@")
    if not domain.isascii():
        address = f"{name}@{idna.encode(domain, uts46=True).decode()}"
    address.encode("ascii")
    return address


def make_reply_address(reply_address: str, kind: Literal["b", "u"], token: str) -> str:
    """Add to the address that we read what a mail sent there is about: a bounce or a wish to stop."""
    name, _, domain = reply_address.rpartition("@")
    return f"{name}+{kind}-{token}@{domain}"


def make_sender(message: OutgoingMessage, *, sender: str, reply_address: str | None) -> str:
    """Give the sender of the envelope, to whom servers return what they cannot deliver."""
    if reply_address is None:
        return sender
    return make_reply_address(reply_address, "b", message.reply_token)
