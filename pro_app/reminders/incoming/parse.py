"""What one mail in our mailbox says about a message of ours: pure, and calm about whatever a stranger sends.

The message is found by the token in the address that the mail was sent to, else by what the mail returns of
our message. Delivery reports follow RFC 3464 (status codes RFC 3463), complaints RFC 5965; the formats of
servers that follow neither are known to flufl.bounce.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from typing import Literal

from flufl.bounce import all_failures

ReportKind = Literal["delivered", "delayed", "bounced", "complained", "unsubscribed", "answered"]
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL + 1)  # what it logs may quote an address
LARGEST_MAIL = 128 * 1024
"""Beyond this much of a mail (bytes) nothing is looked for; reports are a few kilobytes."""
LARGEST_ODD_BOUNCE = 32 * 1024
"""Likewise for what has a format of its own, whose detectors try many things on each line."""
RECIPIENT_HEADERS = ("to", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "cc", "resent-to")
NAMING_HEADERS = ("return-path", "original-mail-from", "list-unsubscribe")
NAMED_IDS = ("message-id", "original-message-id", "x-original-message-id", "in-reply-to", "references")
TOKEN = re.compile(r"\+(?P<kind>[bu])-(?P<token>[0-9a-z]{21,40})@", re.IGNORECASE)
OWN_ID = re.compile(r"<?([0-9a-f]{40}@[a-z0-9.-]{1,120})>?", re.IGNORECASE | re.ASCII)
STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
NOT_THE_ADDRESS = re.compile(r"4\..*|5\.(1\.[78]|2\.[23]|3\..*|4\.(?!1$).*|6\..*|7\..*)")
"""Status codes of bounces that are no fault of the address: gave up, our sender, mailbox full, too long, no
way there, filtered. Of the fourth group 5.4.1 is how Exchange says that it does not know the recipient."""
GRAVEST_FIRST = ("bounced", "delayed", "delivered")
ACTIONS: dict[str, ReportKind] = {
    "failed": "bounced",
    "error": "bounced",
    "delayed": "delayed",
    "delivered": "delivered",
    "relayed": "delivered",
    "expanded": "delivered",
}
MAIL_SERVER = re.compile(r"mailer.?daemon|postmaster|mail delivery|microsoftexchange", re.IGNORECASE)
MACHINE_HEADERS = ("x-autoreply", "x-autorespond", "x-auto-response-suppress")
WISHES_TO_STOP = frozenset({"opt-out", "opt-out-list"})
COMPLAINTS = frozenset({"abuse", "fraud"})
"""Reports of other kinds (RFC 5965, 6591) are no word of the reader: a signature that failed, a virus."""


@dataclass(frozen=True, slots=True)
class MailReport:
    """What a mail says. `token` and `message_id` (without brackets) are unchecked, and one may be missing.

    `status` is an enhanced status code such as 5.1.1, None where the mail has none. `answered` is the reply
    of a machine (an absence), which says nothing about the message.
    """

    kind: ReportKind
    token: str | None
    message_id: str | None
    status: str | None = None

    @property
    def blames_address(self) -> bool:
        """Tell whether the address will never work: no full mailbox, no filter, no server that gave up."""
        return self.kind == "bounced" and blames_address(self.status)


def blames_address(status: str | None) -> bool:
    """Tell whether a bounce with this enhanced status code is the fault of the address; None has no code."""
    return status is None or NOT_THE_ADDRESS.fullmatch(status) is None


def find_status(text: str | None) -> str | None:
    """Find an enhanced status code in a text."""
    found = STATUS.search(text or "")
    return found[0] if found else None


def parse_mail(raw: bytes) -> MailReport | None:
    """Read a mail (RFC 5322, bytes as received); None for one that is no report about a message of ours."""
    seen = raw[:LARGEST_MAIL]
    try:
        return _parse(message_from_bytes(seen), seen)
    except Exception:  # noqa: BLE001 -- the parsers of the library stumble over what strangers can make
        return None


def _parse(mail: Message, seen: bytes) -> MailReport | None:
    text = seen.decode("ascii", "replace")
    addressed = _find_token(_header_values(mail, RECIPIENT_HEADERS))
    parts = list(mail.walk())
    token = addressed[1] if addressed else _find_named_token(parts, text)
    message_id = _find_message_id(mail, parts, text)
    feedback = _find_feedback(parts)
    if feedback is not None:
        complaint = _find_complaint(feedback)
        return MailReport(complaint, token, message_id) if complaint else None
    told = _find_delivery_status(parts)
    if told is None and addressed is not None and addressed[0] == "u":
        return MailReport("unsubscribed", token, message_id)
    if told is None and _is_from_machine(mail):
        return MailReport("answered", token, message_id)
    if not (token or message_id):
        return None
    told = told or _find_odd_bounce(message_from_bytes(seen[:LARGEST_ODD_BOUNCE]))
    if told is None:
        return None
    return MailReport(told[0], token, message_id, told[1])


def _header_values(part: Message, names: tuple[str, ...]) -> Iterator[str]:
    """Give the values of headers as text, also of those that hold bytes of no known alphabet."""
    for name in names:
        for value in part.get_all(name, []):
            yield str(value)


def _find_token(values: Iterator[str]) -> tuple[str, str] | None:
    """Find the first address of ours: what it is for (`b` or `u`) and its token."""
    for value in values:
        if found := TOKEN.search(value):
            return found["kind"].lower(), found["token"].lower()
    return None


def _find_named_token(parts: list[Message], text: str) -> str | None:
    """Find the token in the headers of our message as they were returned, else anywhere."""
    for part in parts:
        if found := _find_token(_header_values(part, NAMING_HEADERS)):
            return found[1]
    anywhere = TOKEN.search(text)
    return anywhere["token"].lower() if anywhere else None


def _find_message_id(mail: Message, parts: list[Message], text: str) -> str | None:
    """Find the Message-ID of our message: returned, referred to, or anywhere in the text."""
    for part in [*parts[1:], mail]:
        for value in _header_values(part, NAMED_IDS):
            if found := OWN_ID.fullmatch(value.strip().split(" ")[-1]):
                return found[1].lower()
    for part in parts:
        if part.get_content_type() == "text/rfc822-headers" and (found := OWN_ID.search(_payload_text(part))):
            return found[1].lower()
    anywhere = OWN_ID.search(text)
    return anywhere[1].lower() if anywhere else None


def _payload_text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("ascii", "replace") if isinstance(payload, bytes) else ""


def _find_blocks(parts: list[Message], content_type: str) -> Iterator[Message]:
    """Give the blocks of fields in the parts of a type, however the library has read them."""
    for part in parts:
        if part.get_content_type() != content_type:
            continue
        blocks = part.get_payload()
        if isinstance(blocks, list):
            yield from (block for block in blocks if isinstance(block, Message))
        else:
            yield message_from_bytes(_payload_text(part).encode("ascii", "replace"))


def _find_feedback(parts: list[Message]) -> str | None:
    """Find what kind of feedback a feedback report gives, empty where it does not say."""
    for block in _find_blocks(parts, "message/feedback-report"):
        return str(block.get("feedback-type", "")).strip().lower()
    return None


def _find_complaint(feedback: str) -> ReportKind | None:
    """Tell what the reader means by a kind of feedback; None where it is not the reader who speaks."""
    if feedback in WISHES_TO_STOP:
        return "unsubscribed"
    return "complained" if feedback in COMPLAINTS else None


def _find_delivery_status(parts: list[Message]) -> tuple[ReportKind, str | None] | None:
    """Find the gravest of what a delivery report says about its recipients, with the status code of that."""
    found: list[tuple[ReportKind, str | None]] = []
    for block in _find_blocks(parts, "message/delivery-status"):
        action = re.match(r"[a-z]+", str(block.get("action", "")).strip().lower())
        kind = ACTIONS.get(action[0]) if action else None
        if kind is not None:
            status = find_status(str(block.get("status", "")))
            found.append((kind, status or find_status(str(block.get("diagnostic-code", "")))))
    return min(found, key=lambda told: GRAVEST_FIRST.index(told[0]), default=None)


def _find_odd_bounce(mail: Message) -> tuple[ReportKind, str | None] | None:
    """Recognise the bounces of servers with a format of their own."""
    try:
        temporary, permanent = all_failures(mail)
    except Exception:  # noqa: BLE001 -- one of its many detectors met a mail that it was not made for
        return None
    if permanent:
        return "bounced", None
    return ("delayed", None) if temporary else None


def _is_from_machine(mail: Message) -> bool:
    """Tell an answer that no person wrote (RFC 3834, and what was usual before) and no mail server either."""
    if MAIL_SERVER.search(str(mail.get("from", ""))):
        return False
    said = str(mail.get("auto-submitted", "no")).strip().lower()
    return said != "no" or any(mail.get(name) for name in MACHINE_HEADERS)
