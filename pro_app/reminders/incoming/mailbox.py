"""The mailbox that bounces and wishes come to: over IMAP with TLS, or a local Maildir; nothing is deleted.

A mail that was dealt with is marked as read, one that nobody could make sense of is marked for a human eye as
well; both stay where they are. Whoever stops in the middle finds the rest unread.
"""

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from imap_tools.errors import ImapToolsError
from imap_tools.mailbox import BaseMailBox, MailBox, MailBoxStartTls

from pro_app.reminders.incoming.parse import LARGEST_MAIL

TIMEOUT_S = 30
MOST_IN_ONE_GO = 200
PORTS = {"imaps": 993, "imap": 143}
READ, FLAGGED = "S", "F"
"""Flags of a mail in a Maildir, as the letters after `:2,` in its name."""


class MailboxUnreachable(Exception):
    """The mailbox could not be opened or read; the message says what kind of fault, and no address."""


@dataclass(frozen=True, slots=True)
class IncomingMail:
    """One unread mail: the mailbox's own name for it, and its bytes, of a very long one the beginning."""

    name: str
    raw: bytes


class Inbox(Protocol):
    """A mailbox."""

    def list_unread(self) -> Iterator[IncomingMail]:
        """Give the unread mails, the oldest first, at most 200."""

    def mark_read(self, mail: IncomingMail, *, flagged: bool) -> None:
        """Mark a mail as read; `flagged` asks a human to look at it."""


@contextmanager
def open_inbox(url: str) -> Iterator[Inbox]:
    """Open the mailbox at `imaps://user:password@host[:port]/folder` or `maildir:/folder`.

    `imap://` instead of `imaps://` starts TLS on the open connection. Raises MailboxUnreachable, also while
    it is read.
    """
    parts = urlsplit(url)
    try:
        if parts.scheme == "maildir":
            yield MaildirInbox(Path(parts.path))
        else:
            with _open_imap(url) as box:
                yield ImapInbox(box)
    except (OSError, ImapToolsError, imaplib.IMAP4.error) as error:
        raise MailboxUnreachable(type(error).__name__) from error


@dataclass(frozen=True)
class ImapInbox:
    """A folder of an IMAP server; mails are named by their UID."""

    box: BaseMailBox

    def list_unread(self) -> Iterator[IncomingMail]:
        """Give the unread mails without marking them."""
        for uid in self.box.uids("UNSEEN")[:MOST_IN_ONE_GO]:
            _, answer = self.box.client.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LARGEST_MAIL}>)")
            for part in answer:
                if isinstance(part, tuple):
                    yield IncomingMail(uid, part[1])

    def mark_read(self, mail: IncomingMail, *, flagged: bool) -> None:
        """Set the flags, without the EXPUNGE that would remove what others have marked as deleted."""
        flags = r"(\Seen \Flagged)" if flagged else r"(\Seen)"
        self.box.client.uid("STORE", mail.name, "+FLAGS", flags)


@dataclass(frozen=True)
class MaildirInbox:
    """A Maildir; mails are named by their file, which marking moves from `new` to `cur`."""

    folder: Path

    def list_unread(self) -> Iterator[IncomingMail]:
        """Give the unread mails; a folder that is not there yet holds none."""
        paths = [*self.folder.glob("new/*"), *self.folder.glob("cur/*")]
        unread = sorted(path for path in paths if READ not in path.name.partition(":2,")[2])
        for path in unread[:MOST_IN_ONE_GO]:
            with path.open("rb") as file:
                yield IncomingMail(f"{path.parent.name}/{path.name}", file.read(LARGEST_MAIL))

    def mark_read(self, mail: IncomingMail, *, flagged: bool) -> None:
        """Move the mail to those that were seen."""
        path = self.folder / mail.name
        name, _, letters = path.name.partition(":2,")
        kept = "".join(sorted({*letters, READ, *(FLAGGED if flagged else "")}))
        (self.folder / "cur").mkdir(exist_ok=True)
        path.rename(self.folder / "cur" / f"{name}:2,{kept}")


@contextmanager
def _open_imap(url: str) -> Iterator[BaseMailBox]:
    """Sign in over TLS with a certificate that is checked; the folder is the path, INBOX without one."""
    parts = urlsplit(url)
    context = ssl.create_default_context()
    port = parts.port or PORTS[parts.scheme]
    make_box = MailBox if parts.scheme == "imaps" else MailBoxStartTls
    box = make_box(parts.hostname or "", port, timeout=TIMEOUT_S, ssl_context=context)
    try:
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        # LOGIN carries plain characters only; every server may, not every one does take the other way.
        sign_in = box.login if (user + password).isascii() else box.login_utf8
        sign_in(user, password, unquote(parts.path[1:]) or "INBOX")
        yield box
    finally:
        with suppress(OSError, ImapToolsError, imaplib.IMAP4.error):
            box.logout()
