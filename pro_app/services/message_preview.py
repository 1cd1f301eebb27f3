"""The texts of messages as a site's participants will get them, before any goes out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.clock import civil_date
from pro_app.language import LANGUAGES
from pro_app.reminders.messages import TEMPLATES, MessagePlaces, RenderedMessage, render_message
from pro_app.services.sites import load_site

DAYS_LEFT = timedelta(days=14)
"""How far away the last day lies in a previewed text."""

PREVIEWED_PIN_CODE = "1234 5678"


@dataclass(frozen=True, slots=True)
class MessagePreview:
    """One text in one language: `message` holds the e-mail and the short form of SMS and notifications."""

    template_code: str
    language: str
    message: RenderedMessage


@dataclass(frozen=True, slots=True)
class MessagePreviews:
    """Every text of a site, in the order in which a participant may get them, with its sender."""

    site_id: int
    sender_label: str
    texts: tuple[MessagePreview, ...]


def preview_messages(
    session: Session, site_id: int, *, language: str, address: str, actor: Actor, now: datetime
) -> MessagePreviews:
    """Write every message of a site in a language as if it went out now; `address` is that of the app.

    The texts are those that are sent, made by the same function. Raises NotFound for a site out of reach.
    """
    site = load_site(session, site_id, actor=actor)
    language = language if language in LANGUAGES else LANGUAGES[0]
    today = civil_date(now, site.zone)
    places = MessagePlaces(
        sender_label=site.sender_label,
        site_telephone=site.telephone,
        address=address,
        closes_on=today + DAYS_LEFT,
        today=today,
        pin_code=PREVIEWED_PIN_CODE,
    )
    return MessagePreviews(
        site_id=site.id,
        sender_label=site.sender_label,
        texts=tuple(
            MessagePreview(code, language, render_message(code, places, language=language))
            for code in TEMPLATES
        ),
    )
