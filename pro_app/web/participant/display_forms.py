"""The form for text size, contrast and language."""

from collections.abc import Iterable

from babel import Locale
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

_CHOICE = InputRequired(lazy_gettext("Please choose."))


class DisplayForm(FlaskForm):
    """How the pages are read; `language` is left out where there is just one.

    `listens` is left out unless the licence of the questionnaires allows them to be read aloud.
    """

    text_size = RadioField(
        lazy_gettext("Size of the text"),
        choices=[
            SelectChoice("normal", lazy_gettext("Normal")),
            SelectChoice("large", lazy_gettext("Large")),
            SelectChoice("largest", lazy_gettext("Very large")),
        ],
        validators=[_CHOICE],
    )
    contrast = RadioField(
        lazy_gettext("Contrast"),
        choices=[
            SelectChoice("normal", lazy_gettext("Usual")),
            SelectChoice("high", lazy_gettext("High: stronger colours and lines")),
        ],
        validators=[_CHOICE],
    )
    language = RadioField(lazy_gettext("Language"), validators=[_CHOICE])
    listens = RadioField(
        lazy_gettext("Listen to the questions"),
        choices=[
            SelectChoice("no", lazy_gettext("Do not read aloud")),
            SelectChoice("yes", lazy_gettext("Show a button that reads each question aloud")),
        ],
        validators=[_CHOICE],
    )


def language_choices(codes: Iterable[str]) -> list[SelectChoice]:
    """Give languages to choose from, each under its own name for itself."""
    return [
        SelectChoice(code, (Locale.parse(code).get_language_name(code) or code).capitalize())
        for code in codes
    ]
