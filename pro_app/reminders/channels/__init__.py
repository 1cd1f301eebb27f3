"""The ways out, and choosing the one that the installation's mail address names."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from pro_app.errors import SettingMissing
from pro_app.language import mark
from pro_app.reminders.channels.email import EmailChannel
from pro_app.reminders.channels.maildir import MaildirChannel
from pro_app.reminders.outgoing import Channel
from pro_app.settings import Settings

PORTS = {"smtp": 25, "smtps": 465}


def find_channel(settings: Settings) -> Channel:
    """Make the channel of `smtp://[user:password@]host[:port]`, `smtps://…` or `maildir:/folder`.

    Raises SettingMissing for anything else.
    """
    parts, sender = urlsplit(settings.mail_url), settings.mail_sender
    if parts.scheme == "maildir" and parts.path:
        return MaildirChannel(Path(parts.path), sender)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in PORTS or not parts.hostname or port == -1:
        raise SettingMissing("PRO_APP_MAIL_URL", mark("it must be smtp://…, smtps://… or maildir:/…"))
    return EmailChannel(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        sender=sender,
        encrypted=parts.scheme == "smtps",
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password or ""),
    )
