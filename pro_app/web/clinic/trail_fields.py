"""How each fact of the audit trail is called on a page, and how its values are written."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from babel import Locale
from babel.core import UnknownLocaleError
from flask_babel import get_locale, gettext, lazy_gettext

from pro_app.web.clinic.clarification_words import EVIDENCE_WORDS, FOLLOW_UP_WORDS, KIND_WORDS
from pro_app.web.clinic.consent_forms import KIND_WORDS as CONSENT_WORDS
from pro_app.web.clinic.words import MODES, day, known_word, moment, period
from pro_app.web.message_words import CHANNELS
from pro_app.web.zone_names import zone_name

REPORTS = {
    "bounced": lazy_gettext("the address does not work"),
    "complained": lazy_gettext("called unwanted by the patient"),
    "delivered": lazy_gettext("arrived"),
    "unsubscribed": lazy_gettext("no longer wanted by the patient"),
}
LOANS = {
    "finished": lazy_gettext("the questionnaire was sent"),
    "idle": lazy_gettext("left lying"),
    "lent": lazy_gettext("lent"),
    "lent_again": lazy_gettext("lent again"),
    "locked": lazy_gettext("locked"),
    "shut_out": lazy_gettext("shut out"),
    "signed_out": lazy_gettext("signed out"),
    "taken_back": lazy_gettext("taken back"),
}
SIZES = {
    "normal": lazy_gettext("normal"),
    "large": lazy_gettext("large"),
    "largest": lazy_gettext("very large"),
    "high": lazy_gettext("high"),
}
ASKERS = {"patient": lazy_gettext("the patient"), "site": lazy_gettext("the site")}
YES_NO = {"yes": lazy_gettext("yes"), "no": lazy_gettext("no")}


def say_day(value: str) -> str:
    """Write a civil date."""
    try:
        return day(date.fromisoformat(value))
    except ValueError:
        return value


def say_moment(value: str) -> str:
    """Write the day of a moment."""
    try:
        return moment(datetime.fromisoformat(value), "UTC").partition(",")[0]
    except ValueError:
        return value


def say_period(value: str) -> str:
    """Write a period of two days."""
    opens_on, _, closes_on = value.partition("/")
    return period(date.fromisoformat(opens_on), date.fromisoformat(closes_on) if closes_on else None)


def say_channels(value: str) -> str:
    """Name ways of messages."""
    return ", ".join(known_word(CHANNELS, code) for code in value.split(",") if code)


def say_language(value: str) -> str:
    """Name a language."""
    try:
        return str(Locale.parse(value).get_display_name(get_locale()))
    except (UnknownLocaleError, ValueError):
        return value


def say_zone(value: str) -> str:
    """Name a time zone."""
    try:
        return zone_name(value)
    except LookupError:
        return value


def say_hour(value: str) -> str:
    """Write an hour."""
    return str(gettext("%(hour)s o'clock", hour=value))


def coded(words: dict[str, Any]) -> Callable[[str], str]:
    """Give the way to say one of some codes."""
    return lambda value: known_word(words, value)


FIELDS: dict[str, tuple[Any, Callable[[str], str]]] = {
    "again_on": (lazy_gettext("try again on"), say_day),
    "arm": (lazy_gettext("arm"), str),
    "asked_by": (lazy_gettext("asked by"), coded(ASKERS)),
    "asked_on": (lazy_gettext("asked on"), say_day),
    "channels": (lazy_gettext("ways of messages"), say_channels),
    "consented_on": (lazy_gettext("consent"), say_day),
    "contrast": (lazy_gettext("contrast"), coded(SIZES)),
    "evidence": (lazy_gettext("evidence"), coded(EVIDENCE_WORDS)),
    "expires_at": (lazy_gettext("valid until"), say_moment),
    "follow_up": (lazy_gettext("what was done"), coded(FOLLOW_UP_WORDS)),
    "kind": (lazy_gettext("about"), coded({**KIND_WORDS, **CONSENT_WORDS})),
    "language": (lazy_gettext("language"), say_language),
    "listens": (lazy_gettext("questions read aloud"), coded(YES_NO)),
    "loan": (lazy_gettext("tablet"), coded(LOANS)),
    "mode": (lazy_gettext("way of filling it in"), coded(MODES)),
    "moves_on": (lazy_gettext("from this day on"), say_day),
    "notice_version": (lazy_gettext("information notice"), str),
    "occurred_on": (lazy_gettext("day of it"), say_day),
    "of": (lazy_gettext("about"), str),
    "participant_code": (lazy_gettext("inclusion number"), str),
    "protocol_version": (lazy_gettext("version of the protocol"), str),
    "reason": (lazy_gettext("reason for the missing form"), str),
    "refused": (lazy_gettext("answers that were refused"), str),
    "remind_on": (lazy_gettext("day of the reminder"), say_day),
    "reminder_hour": (lazy_gettext("hour of the messages"), say_hour),
    "reopened_until": (lazy_gettext("open until"), say_day),
    "respondent": (lazy_gettext("answered by"), str),
    "said_by": (lazy_gettext("said by"), str),
    "site": (lazy_gettext("site"), str),
    "source_on": (lazy_gettext("day on the sheet"), say_day),
    "text_size": (lazy_gettext("size of the text"), coded(SIZES)),
    "until": (lazy_gettext("until"), say_day),
    "visit_code": (lazy_gettext("visit"), str),
    "visits": (lazy_gettext("questionnaires whose period changed"), str),
    "voided_cards": (lazy_gettext("earlier cards that no longer work"), str),
    "waiting": (lazy_gettext("answers that wait"), str),
    "wants_second": (lazy_gettext("second entry asked for"), coded(YES_NO)),
    "zone": (lazy_gettext("time zone"), say_zone),
}
CONTACTS = {
    "browser": lazy_gettext("notifications on a device"),
    "email": lazy_gettext("e-mail address"),
    "telephone": lazy_gettext("telephone number"),
}
