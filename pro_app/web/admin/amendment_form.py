"""The form that applies an amendment."""

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from pro_app.services.amendments.apply import LONGEST_REASON


class AmendmentForm(FlaskForm):
    """Why it is applied, and the version typed once more; `fingerprint` names the preview that was seen."""

    fingerprint = HiddenField()
    reason = TextAreaField(
        lazy_gettext("Why it is applied"),
        description=lazy_gettext(
            "For example: amendment 2, approved by the ethics committee on 3 March 2027. It stays in the "
            "audit trail."
        ),
        validators=[
            InputRequired(lazy_gettext("Say why, in at most 500 characters.")),
            Length(max=LONGEST_REASON, message=lazy_gettext("Say why, in at most 500 characters.")),
        ],
    )
    accepts_answered = BooleanField(
        lazy_gettext("I have seen which answered questionnaires this version does not have"),
        description=lazy_gettext("Their answers stay as they are, under the version they were given under."),
    )
    typed = StringField(
        lazy_gettext("Type the version to confirm"),
        validators=[InputRequired(lazy_gettext("Please fill this in."))],
    )
