"""Language and zone of a page: the picked ones, else the signed-in person's, else the installation's."""

from functools import lru_cache

from babel import Locale
from babel.numbers import format_decimal
from flask import Flask, request
from flask import session as cookie
from flask_babel import Babel, get_locale
from flask_login import current_user

from pro_app.language import LANGUAGES
from pro_app.web import request as this

DEFAULT_ZONE = "Europe/Paris"


def select_language() -> str:
    """Choose the interface language: the one picked by `?language=`, else the person's, else the default.

    The browser's own preference plays no part: a phone set to English still belongs to a French trial.
    """
    picked = request.args.get("language")
    if picked in LANGUAGES:
        cookie["language"] = picked
    if "language" in cookie:
        return str(cookie["language"])
    if current_user and current_user.is_authenticated:
        return str(current_user.sign_in.language)
    return this.parts().settings.language


def select_zone() -> str:
    """Choose the zone in which times are shown: the participant's own, Paris for staff."""
    if current_user and current_user.is_authenticated:
        return str(getattr(current_user.sign_in, "zone", DEFAULT_ZONE))
    return DEFAULT_ZONE


def list_other_languages() -> list[tuple[str, str]]:
    """List the interface languages besides the page's own, each with its own name for itself."""
    present = str(get_locale())
    named = [
        (code, Locale.parse(code).get_language_name(code) or code) for code in LANGUAGES if code != present
    ]
    return [(code, name.capitalize()) for code, name in named]


def write_number(number: float) -> str:
    """Write a number as the page's language does."""
    return _write_in(str(get_locale()), number)


@lru_cache(maxsize=4096)
def _write_in(locale: str, number: float) -> str:
    """Write a number; the same few stand on a page of tables over and over, and writing one takes long."""
    return format_decimal(number, locale=locale)


def init_locale(app: Flask, translations: str) -> None:
    """Tell Flask-Babel where the catalogues are and how to choose."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = translations
    app.config["BABEL_DEFAULT_LOCALE"] = "en"
    Babel(app, locale_selector=select_language, timezone_selector=select_zone)
    app.context_processor(lambda: {"language": str(get_locale())})
    app.jinja_env.filters["numberformat"] = write_number
    app.jinja_env.globals["other_languages"] = list_other_languages
