"""A message as the channels are given it, made up."""

from datetime import UTC, datetime
from typing import Any

from pro_app.reminders.outgoing import OutgoingMessage

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def make_message(address: str, **changes: object) -> OutgoingMessage:
    """Make a message to an address, with `changes`."""
    facts: dict[str, Any] = {
        "address": address,
        "sender_label": "Suivi 34",
        "subject": "Votre questionnaire est prêt",
        "text": "Bonjour,\n\nVotre questionnaire est prêt.\n",
        "short_text": "Suivi 34 : votre questionnaire est prêt. https://suivi.example.org",
        "language": "fr",
        "message_id": "<0123abcd@suivi.example.org>",
        "reply_token": "a1b2c3d4e5",
        "at": AT,
    }
    return OutgoingMessage(**(facts | changes))
