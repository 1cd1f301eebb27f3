"""The messages that the demo delivered into its mail folder, read back as a phone would."""

import email
import email.policy
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from heapq import nlargest
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SentMessage:
    """One delivered message."""

    sender: str
    recipient: str
    subject: str
    body: str
    sent_at: datetime


def list_sent_messages(mail_url: str, *, newest: int) -> list[SentMessage]:
    """List the newest messages of the mail folder, the last one first; empty where there is none yet."""
    folder = Path(mail_url.removeprefix("maildir:")) / "new"
    if not folder.is_dir():
        return []
    paths = nlargest(4 * newest, folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    messages = sorted((_read(path) for path in paths), key=lambda message: message.sent_at, reverse=True)
    return messages[:newest]


def _read(path: Path) -> SentMessage:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101 -- what this policy always makes
    body = message.get_body(("plain",))
    sender = message["From"].addresses[0]
    return SentMessage(
        sender=sender.display_name or sender.addr_spec,
        recipient=str(message["To"]),
        subject=str(message["Subject"]),
        body=body.get_content().strip() if body else "",
        sent_at=parsedate_to_datetime(str(message["Date"])).astimezone(UTC),
    )
