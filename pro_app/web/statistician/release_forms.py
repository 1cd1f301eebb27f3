"""The forms around a data release."""

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileSize
from wtforms import RadioField, SelectChoice, StringField
from wtforms.validators import InputRequired, Length

from pro_app.services.releases.request import LONGEST_REASON
from pro_app.services.table_files import LARGEST_FILE

PURPOSE_WORDS = {
    "data_check": lazy_gettext("Check of the data"),
    "planned_interim": lazy_gettext("Planned interim analysis"),
    "final": lazy_gettext("Final analysis"),
    "other": lazy_gettext("Something else"),
}


class ReleaseForm(FlaskForm):
    """Why and what for a release is made, and age and sex from the trial's main database if at hand."""

    reason = StringField(
        lazy_gettext("Why this release is made"),
        description=lazy_gettext("For example: data for the meeting of the steering committee, March 2027."),
        validators=[
            InputRequired(lazy_gettext("Please say why the release is made.")),
            Length(max=LONGEST_REASON),
        ],
    )
    purpose = RadioField(
        lazy_gettext("What it is for"),
        description=lazy_gettext(
            "For an interim or the final analysis a second person approves the release; then its figures can "
            "be shown by arm."
        ),
        choices=[SelectChoice(value=code, label=words) for code, words in PURPOSE_WORDS.items()],
        validators=[InputRequired(lazy_gettext("Please choose what the release is for."))],
    )
    demographics = FileField(
        lazy_gettext("Age and sex from the main database (CSV)"),
        description=lazy_gettext(
            "Columns participant_code, age, sex (F, M or U). Without it AGE and SEX stay empty in SDTM and "
            "ADaM."
        ),
        validators=[FileSize(LARGEST_FILE, message=lazy_gettext("The file is too large."))],
    )


class ReleaseActionForm(FlaskForm):
    """A button that changes or hands out something, and nothing to fill in."""
