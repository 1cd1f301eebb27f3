"""E-mail into a local folder: the demo's way out, read back by its inbox page and by tests."""

import mailbox
from dataclasses import dataclass
from pathlib import Path

from pro_app.reminders.outgoing import OutgoingMessage, Retryable, Undeliverable, render_mime


@dataclass(frozen=True)
class MaildirChannel:
    """Delivers into the Maildir at `folder`, made at the first message."""

    folder: Path
    sender: str
    reply_address: str | None = None

    def send(self, message: OutgoingMessage) -> str | None:
        """Deliver the same e-mail that SMTP would carry, and give its Message-ID without brackets."""
        try:
            mime = render_mime(message, sender=self.sender, reply_address=self.reply_address)
        except ValueError as error:
            raise Undeliverable("address_unusable") from error
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            mailbox.Maildir(self.folder).add(mime)
        except OSError as error:
            raise Retryable("folder_not_writable", scope="channel") from error
        return message.message_id.strip("<>")
