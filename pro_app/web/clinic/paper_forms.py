"""The forms about a sheet of paper; the services check what they must fulfil, and name the fields."""

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from pro_app.services.paper.desk import Desk

LONGEST_TEXT = 500


class CorrectionForm(FlaskForm):
    """What can be corrected about a sheet while it is open."""

    source_on = DateField(
        lazy_gettext("Day written on the sheet"),
        description=lazy_gettext("The day on which it was filled in, not the day of typing it in."),
        validators=[InputRequired(lazy_gettext("Give a date."))],
    )
    respondent = RadioField(
        lazy_gettext("Who filled it in"),
        description=lazy_gettext("As ticked on the sheet; its words are those of the patient."),
        validators=[InputRequired(lazy_gettext("Please choose."))],
    )
    late_reason = TextAreaField(
        lazy_gettext("Why a late sheet counts"),
        description=lazy_gettext("Only for a sheet filled in after the period. No name, no diagnosis."),
        validators=[Optional(), Length(max=LONGEST_TEXT)],
    )


class SheetHeadForm(CorrectionForm):
    """What is said about a sheet before it is typed in."""

    sheet_code = StringField(
        lazy_gettext("Code of the sheet"),
        description=lazy_gettext(
            "Scan the square, or type the code printed beside it. Leave it empty for a sheet without a code."
        ),
        validators=[Optional(), Length(max=300)],
    )
    wants_second = BooleanField(
        lazy_gettext("A second person types the sheet too"),
        description=lazy_gettext("Differences are shown then, and decided one by one."),
    )


class EntryForm(FlaskForm):
    """The grid: its cells have the names of their items, so that only the token is a field."""


class DiscardForm(FlaskForm):
    """Why a sheet is put aside without being filed."""

    reason = TextAreaField(
        lazy_gettext("Reason"),
        validators=[InputRequired(lazy_gettext("Please fill this in.")), Length(max=LONGEST_TEXT)],
    )


def list_respondents(desk: Desk, language: str) -> list[SelectChoice]:
    """Give who may have filled a sheet in, in the words of the protocol."""
    respondents = desk.assessment.protocol.respondents
    return [SelectChoice(respondent.code, respondent.label.text(language)) for respondent in respondents]
