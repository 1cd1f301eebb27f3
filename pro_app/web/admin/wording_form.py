"""The forms that approve and refuse the wording of a questionnaire."""

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField
from wtforms.validators import InputRequired, Length

from pro_app.services.wording_packs.approval import LONGEST_REASON


class ApprovalForm(FlaskForm):
    """Whoever approves says that every text was read."""

    has_compared = BooleanField(
        lazy_gettext("I have compared every text on this page with the licensed questionnaire"),
        validators=[InputRequired(lazy_gettext("Please tick this once you have compared them."))],
    )


class RefusalForm(FlaskForm):
    """Why the text is refused."""

    reason = StringField(
        lazy_gettext("Why it is refused"),
        description=lazy_gettext("For example: a comma is missing in item 34. It stays in the audit trail."),
        validators=[
            InputRequired(lazy_gettext("Say why, in at most 500 characters.")),
            Length(max=LONGEST_REASON, message=lazy_gettext("Say why, in at most 500 characters.")),
        ],
    )
