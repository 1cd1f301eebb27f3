"""A message on its way out: what every channel is given, and the two ways in which it can refuse."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One rendered message to one address; a retry carries the same `message_id` (in angle brackets)."""

    address: str
    sender_label: str
    subject: str
    text: str
    language: str
    message_id: str
    at: datetime


@dataclass(eq=False)
class Retryable(Exception):
    """The channel did not take the message now; with `maybe_accepted` nobody knows whether it did."""

    reason: str
    maybe_accepted: bool = False


@dataclass(eq=False)
class Undeliverable(Exception):
    """The channel will never take this message for this address; `reason` is a code without the address."""

    reason: str


class Channel(Protocol):
    """A way out."""

    def send(self, message: OutgoingMessage) -> None:
        """Hand the message over; raises Retryable or Undeliverable."""


def render_mime(message: OutgoingMessage, *, sender: str) -> EmailMessage:
    """Make the e-mail: plain text only, so that nothing is loaded and nothing is followed when it is read.

    Raises ValueError for a line break in a header or an address that is none.
    """
    mime = EmailMessage(policy=SMTP)
    mime["From"] = Address(message.sender_label, addr_spec=sender)
    mime["To"] = Address(addr_spec=message.address)
    mime["Subject"] = message.subject
    mime["Date"] = format_datetime(message.at)
    mime["Message-ID"] = message.message_id
    mime["Auto-Submitted"] = "auto-generated"
    mime["Content-Language"] = message.language
    mime.set_content(message.text, cte="quoted-printable")
    return mime
