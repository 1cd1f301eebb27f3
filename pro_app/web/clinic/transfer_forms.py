"""The forms of transfers; what they must fulfil is checked by the services, which name the fields."""

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import DateField, SelectField, TextAreaField
from wtforms.validators import InputRequired, Length

_REQUIRED = InputRequired(lazy_gettext("Please fill this in."))
LONGEST_TEXT = 500


class TransferForm(FlaskForm):
    """Which site follows the patient, from when on, and why."""

    to_site_id = SelectField(
        lazy_gettext("Site that follows the patient from then on"),
        validators=[InputRequired(lazy_gettext("Please choose."))],
    )
    moves_on = DateField(
        lazy_gettext("From this day on"),
        description=lazy_gettext(
            "Until then, and until the other site has accepted, you follow the patient."
        ),
        validators=[InputRequired(lazy_gettext("Give a date."))],
    )
    reason = TextAreaField(
        lazy_gettext("Reason"),
        description=lazy_gettext("For example: the patient moves house. The other site reads it. No name."),
        validators=[_REQUIRED, Length(max=LONGEST_TEXT)],
    )


class RefusalForm(FlaskForm):
    """Why a patient is not followed here."""

    reason = TextAreaField(
        lazy_gettext("Why not"),
        description=lazy_gettext("The site that asked reads it. No name, no diagnosis."),
        validators=[_REQUIRED, Length(max=LONGEST_TEXT)],
    )
