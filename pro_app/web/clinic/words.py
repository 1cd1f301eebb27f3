"""Dates, rates and codes of the clinic's pages as people read them."""

from collections.abc import Callable
from typing import Any

from flask_babel import format_percent, gettext, lazy_gettext
from flask_login import current_user

from pro_app.services.contact_details import written_telephone
from pro_app.services.event_offers import EventOffer
from pro_app.web.clinic.face import blueprint
from pro_app.web.dates import day, full_day, moment, period
from pro_app.web.message_words import CHANNELS, MESSAGE_KINDS, MESSAGE_STATES

__all__ = ["day", "full_day", "moment", "period"]
"""Given on beside the words that stand here."""

SITE_STAFF = ("nurse", "investigator")

MODES = {
    "own_device": lazy_gettext("own phone or computer"),
    "site_tablet": lazy_gettext("tablet of the site"),
    "interview": lazy_gettext("by telephone"),
    "paper": lazy_gettext("on paper"),
}
FLAGS = {"after_randomisation": lazy_gettext("answered after randomisation")}
FIGURES = {
    "expected": lazy_gettext("Expected"),
    "received": lazy_gettext("Received"),
    "valid": lazy_gettext("Valid"),
    "in_window": lazy_gettext("In the period"),
    "late": lazy_gettext("Late"),
    "incomplete": lazy_gettext("Incomplete"),
    "missed": lazy_gettext("Missing"),
    "missing": lazy_gettext("Missing or incomplete"),
    "still_open": lazy_gettext("Opened again"),
    "unexplained": lazy_gettext("Without a reason"),
    "open_now": lazy_gettext("Open now"),
    "own_device": lazy_gettext("Own phone or computer"),
    "site_tablet": lazy_gettext("Tablet of the site"),
    "interview": lazy_gettext("By telephone"),
    "paper": lazy_gettext("On paper"),
    "proxy": lazy_gettext("By somebody else"),
    "completed": lazy_gettext("Valid among the expected"),
    "available": lazy_gettext("Valid among the randomised"),
    "randomised": lazy_gettext("Randomised"),
}
FIGURES_OF_ENROLLED = {
    **FIGURES,
    "available": lazy_gettext("Valid among the enrolled"),
    "randomised": lazy_gettext("Enrolled"),
}
"""The same words for a trial that randomises nobody."""


def rate(value: float | None) -> str:
    """Write a rate of 0–1 as a percentage with one decimal; a dash where there is none."""
    return "–" if value is None else str(format_percent(value, "#,##0.0 %"))


def known_word(words: dict[str, Any], code: str | None) -> str:
    """Give the words for a code, the code itself where it has none, a dash where there is no code."""
    return str(words.get(code, code)) if code else "–"


def effect_sentences(offer: EventOffer) -> list[str]:
    """Say in sentences what an event does to messages, questionnaires and rates."""
    effect = offer.effect
    if offer.resumable:
        return [
            gettext(
                "What is resumed holds no longer from this day on: messages go out again, and the "
                "questionnaires whose period has not ended are open again."
            )
        ]
    if effect is None:
        moves = gettext("The calendar of the questionnaires follows.")
        return [moves if offer.moves_visits else gettext("It is kept in the record; nothing else changes.")]
    sentences = {
        "stopped": gettext("No message goes out any more, from this moment on."),
        "held": gettext("Messages wait until that date."),
        "sent": gettext("Messages go on."),
        "stay": gettext("Questionnaires stay open: on the phone, on the tablet of the site or on paper."),
        "closed": gettext("The questionnaires whose period ends on or after this day are closed."),
        "not_required": gettext(
            "The questionnaires whose period ends on or after this day are no longer asked for."
        ),
    }
    counted = (
        gettext("They still count as expected.") if effect.expected else gettext("They no longer count.")
    )
    said = [sentences[effect.messages], sentences[effect.visits]]
    said += [counted] if effect.visits != "stay" else []
    return [*said, gettext("A resumption can be recorded later.")] if offer.may_be_resumed else said


def is_site_staff() -> bool:
    """Tell whether somebody is signed in who works at the site, and so may change something."""
    # Error pages under these addresses are also shown to people who are not signed in.
    return getattr(current_user, "role", None) in SITE_STAFF


@blueprint.context_processor
def give_words() -> dict[str, Callable[..., Any] | dict[str, Any] | bool]:
    """Give the pages of the clinic their ways of writing, and whether the person may change anything."""
    return {
        "day": day,
        "full_day": full_day,
        "period": period,
        "moment": moment,
        "rate": rate,
        "word": known_word,
        "telephone_words": written_telephone,
        "message_states": MESSAGE_STATES,
        "message_kinds": MESSAGE_KINDS,
        "channel_words": CHANNELS,
        "mode_words": MODES,
        "flag_words": FLAGS,
        "figure_words": FIGURES,
        "is_site_staff": is_site_staff(),
    }
