"""The texts of messages, neutral enough for a lock screen that somebody else reads.

They name no diagnosis, no study, no answer and nothing about health; they make sense without their link, and
the link is the bare address of the app. Templates are message ids of the interface catalogue; French is
complete and first.
"""

import gettext
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from babel.dates import format_date

from pro_app.language import LANGUAGES, mark, mark_plural
from pro_app.reminders.pin_codes import PIN_CODE

TRANSLATIONS = Path(__file__).parents[2] / "translations"
SOURCE_LANGUAGE = "en"
"""The language of the message ids, which needs no catalogue."""


@dataclass(frozen=True, slots=True)
class RenderedMessage:
    """What the person reads: an e-mail with subject and text, or the short text of an SMS or a push."""

    subject: str
    text: str
    short_text: str


@dataclass(frozen=True, slots=True)
class MessagePlaces:
    """What is filled into a text. `closes_on` is the last day of the window, None while it is not known.

    `pin_code` is the code for a new PIN, in the message that carries one.
    """

    sender_label: str
    site_telephone: str
    address: str
    closes_on: date | None
    today: date
    pin_code: str = ""


@dataclass(frozen=True, slots=True)
class _Template:
    subject: str
    opening: str
    short: str
    asks: bool = True


TEMPLATES: Mapping[str, _Template] = {
    "invitation": _Template(
        mark("Your questionnaire is ready"),
        mark("Your questionnaire is ready. You can stop and go on later, whenever it suits you."),
        mark("A questionnaire is waiting for you."),
    ),
    "reminder": _Template(
        mark("Your questionnaire is waiting for you"),
        mark("Your questionnaire is still waiting for you. You can answer it in several goes."),
        mark("Your questionnaire is still waiting for you."),
    ),
    "resume": _Template(
        mark("You can go on with your questionnaire"),
        mark("You have started a questionnaire. What you have filled in is kept: go on and send it."),
        mark("You can go on with your questionnaire and send it."),
    ),
    "asked": _Template(
        mark("The reminder that you asked for"),
        mark(
            "You asked to be reminded of your questionnaire. What you have filled in, if anything, is kept."
        ),
        mark("You asked to be reminded of your questionnaire."),
    ),
    "last_call": _Template(
        mark("You can still answer your questionnaire"),
        mark("Your questionnaire is still open for a short time."),
        mark("Your questionnaire is still open for a short time."),
    ),
    "test": _Template(
        mark("Our messages reach you"),
        mark("This message shows that our messages reach you. There is nothing you need to do."),
        mark("This message shows that our messages reach you. There is nothing you need to do."),
        asks=False,
    ),
    PIN_CODE: _Template(
        mark("Your code for a new PIN"),
        mark(
            "Somebody, probably you, has asked for a new PIN. To choose it, type this code on the page where "
            "it was asked for: %(code)s. It is good for ten minutes. Give it to nobody. "
            "If you have not asked for it, you need not do anything: your PIN stays as it is."
        ),
        mark("%(code)s is your code for a new PIN, good for ten minutes. Give it to nobody."),
        asks=False,
    ),
}

_GREETING = mark("Hello,")
_LAST_DAY = mark("You can answer until today, %(date)s.")
_UNTIL = mark_plural(
    "You can answer until %(date)s. %(days)s day is left.",
    "You can answer until %(date)s. %(days)s days are left.",
)
_WITHOUT_LINK = mark("Open the app, or type the address on your card.")
_LINK = mark("Address: %(address)s")
_AUTOMATIC = mark(
    "This message was sent automatically; please do not reply to it. "
    "To change or stop these messages, tell your centre."
)
_CALL = mark("If the person can no longer answer, call %(telephone)s.")
_SHORT = mark("%(sender)s: %(text)s")
_SHORT_UNTIL = mark("You can answer until %(date)s.")
_SHORT_DATES = {"fr": "dd/MM/y"}
"""The pattern of a date in a short text; others are written with the month's name, which no one misreads."""
_SHORT_DATE = "d MMM y"
_PLAINER = str.maketrans("’‘“”«»–—\u00a0\u202f", '\'\'""""--  ')
"""Signs outside the alphabet of SMS (GSM 03.38), one of which would halve the room for all others."""


def render_message(template_code: str, places: MessagePlaces, *, language: str) -> RenderedMessage:
    """Write one message; raises KeyError for an unknown template, FileNotFoundError without a catalogue."""
    language = language if language in LANGUAGES else LANGUAGES[0]
    catalogue = load_catalogue(language)
    template = TEMPLATES[template_code]
    parts = [catalogue.gettext(_GREETING), _fill(template.opening, places, catalogue)]
    if template.asks:
        if places.closes_on is not None:
            parts.append(
                _render_until(places.closes_on, places.today, catalogue=catalogue, language=language)
            )
        link = catalogue.gettext(_LINK) % {"address": places.address}
        parts.append(f"{catalogue.gettext(_WITHOUT_LINK)}\n{link}")
    parts += [
        places.sender_label,
        catalogue.gettext(_AUTOMATIC),
        catalogue.gettext(_CALL) % {"telephone": places.site_telephone},
    ]
    return RenderedMessage(
        subject=catalogue.gettext(template.subject),
        text="\n\n".join(parts) + "\n",
        short_text=_render_short(template, places, catalogue=catalogue, language=language),
    )


def check_catalogues() -> None:
    """Raise FileNotFoundError if a language lacks its compiled catalogue, before anything is sent."""
    for language in LANGUAGES:
        load_catalogue(language)


def _render_until(closes_on: date, today: date, *, catalogue: gettext.NullTranslations, language: str) -> str:
    """Say until when: the date in full first, the days left beside it."""
    written = format_date(closes_on, "full", locale=language)
    days = (closes_on - today).days
    if days <= 0:
        return catalogue.gettext(_LAST_DAY) % {"date": written}
    return catalogue.ngettext(*_UNTIL, days) % {"date": written, "days": days}


def _fill(text: str, places: MessagePlaces, catalogue: gettext.NullTranslations) -> str:
    """Translate a text, with the code for a new PIN where it has a place for one."""
    return catalogue.gettext(text).replace("%(code)s", places.pin_code)


def _render_short(
    template: _Template, places: MessagePlaces, *, catalogue: gettext.NullTranslations, language: str
) -> str:
    """Say it in a sentence or two, in the alphabet of SMS, so that 160 characters are one message."""
    said = [_fill(template.short, places, catalogue)]
    if template.asks:
        if places.closes_on is not None:
            pattern = _SHORT_DATES.get(language, _SHORT_DATE)
            date_written = format_date(places.closes_on, pattern, locale=language)
            said.append(catalogue.gettext(_SHORT_UNTIL) % {"date": date_written})
        said.append(places.address)
    text = catalogue.gettext(_SHORT) % {"sender": places.sender_label, "text": " ".join(said)}
    return text.translate(_PLAINER)


@cache
def load_catalogue(language: str) -> gettext.NullTranslations:
    """Load a language's catalogue; French without one would be English, which is worse than an error."""
    return gettext.translation("messages", TRANSLATIONS, [language], fallback=language == SOURCE_LANGUAGE)
