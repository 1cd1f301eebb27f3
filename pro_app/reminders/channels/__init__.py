"""The ways out, and choosing the one that the installation's mail address names."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pro_app.errors import SettingMissing
from pro_app.language import mark
from pro_app.reminders.channels.email import EmailChannel
from pro_app.reminders.channels.maildir import MaildirChannel
from pro_app.reminders.channels.push import find_push_channel
from pro_app.reminders.channels.sms import find_sms_channel
from pro_app.reminders.outgoing import Channel
from pro_app.settings import Settings

PORTS = {"smtp": 25, "smtps": 465}


def open_channels(settings: Settings) -> Mapping[str, Channel]:
    """Open every way out that the installation has, by its code; e-mail is always one of them.

    Raises SettingMissing where one is set up in a way that cannot work.
    """
    channels: dict[str, Channel | None] = {
        "email": find_channel(settings),
        "sms": find_sms_channel(settings),
        "push": find_push_channel(settings),
    }
    return {code: channel for code, channel in channels.items() if channel is not None}


def find_usable_channels(settings: Settings) -> frozenset[str]:
    """Name the channels that the installation has."""
    return frozenset(open_channels(settings))


def find_channel(settings: Settings) -> Channel:
    """Make the channel of `smtp://[user:password@]host[:port]`, `smtps://…` or `maildir:/folder`.

    Raises SettingMissing for anything else.
    """
    parts, sender = urlsplit(settings.mail_url), settings.mail_sender
    if parts.scheme == "maildir" and parts.path:
        return MaildirChannel(Path(parts.path), sender, reply_address=settings.mail_reply_address)
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
        require_tls=settings.mail_require_tls,
        reply_address=settings.mail_reply_address,
    )
