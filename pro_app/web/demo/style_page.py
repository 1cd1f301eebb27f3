"""What the style page shows: two refused forms, a heat map and the QR code of a made-up card."""

from datetime import date, timedelta

import segno
from flask_babel import format_date, gettext, lazy_gettext
from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import BooleanField, DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

SAMPLE_ADDRESS = "https://exemple.fr/c#0123456789ABCDEFGHJKMNPQRS"
STATES = ("submitted", "started", "open", "missed", "incomplete", "late", "not_required", "paper", "planned")
FIRST_VISIT_ON = date(2026, 3, 2)
ROWS = ("RRRRPREA····", "RRMIRRA·····", "RTRRRRRRRRRA", "RNNNNNNNNNNN", "PPRRRMMRRA··", "RRE·········")
"""One patient a row, one letter a visit, in the letters of the French state chips."""
LETTERS = dict(zip("REAMITNP·", STATES, strict=True))


class SampleSignIn(FlaskForm):
    """The fields of a sign-in."""

    sign_in_code = StringField(lazy_gettext("Code on your card"), [InputRequired()])
    pin = StringField(lazy_gettext("Your PIN"), [InputRequired()])


class SampleForm(FlaskForm):
    """One field of each kind that the forms of the app use."""

    participant_code = StringField(lazy_gettext("Inclusion number"), [InputRequired()])
    consent_on = DateField(lazy_gettext("Date of consent"), [InputRequired()])
    note = TextAreaField(lazy_gettext("Remark"))
    agreed = BooleanField(lazy_gettext("Remind me by e-mail"))
    hour = RadioField(lazy_gettext("Hour of messages"), choices=[("9", "09:00"), ("18", "18:00")])
    reason = SelectField(
        lazy_gettext("Reason"), [InputRequired()], choices=[("", "–"), ("OTHER", lazy_gettext("Other"))]
    )


def style_page_values() -> dict[str, object]:
    """Give everything that style.html needs beyond the app's own globals."""
    sign_in, form = SampleSignIn(prefix="a-"), SampleForm(prefix="b-")
    sign_in.pin.errors = [gettext("The PIN does not match. Nothing is lost.")]
    form.consent_on.errors = [gettext("This date is in the future.")]
    form.participant_code.errors = [gettext("This number is already in use at your centre.")]
    return {
        "sign_in": sign_in,
        "form": form,
        "qr": Markup(segno.make(SAMPLE_ADDRESS, error="m").svg_inline(border=2, omitsize=True)),  # noqa: S704 -- segno's own markup
        "heat_rows": [sample_heat_row(number, letters) for number, letters in enumerate(ROWS, start=4)],
        "legend": [
            {"state": state, "url": "#", "count": sum(letters.count(letter) for letters in ROWS)}
            for letter, state in LETTERS.items()
        ],
    }


def sample_heat_row(number: int, letters: str) -> dict[str, object]:
    """Give one made-up patient's row of the heat map."""
    cells = [
        {"state": LETTERS[letter], "when": format_date(FIRST_VISIT_ON + timedelta(weeks=8 * index), "long")}
        for index, letter in enumerate(letters)
    ]
    return {"label": f"001-{number:03}", "url": "#", "cells": cells}
