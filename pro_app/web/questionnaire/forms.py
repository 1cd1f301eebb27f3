"""The forms of the questionnaire: one item, and who answered."""

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import HiddenField, IntegerField, RadioField, StringField
from wtforms.validators import AnyOf, DataRequired, Length, NumberRange, Optional, Regexp
from wtforms.widgets import HiddenInput

LARGEST_NUMBER = 2**31 - 1
NOT_APPLICABLE = "N"
DECLINE = "decline"
UUID_FORM = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z"


class AnswerForm(FlaskForm):
    """One item as it was shown: which one, what stood there before, and what is chosen now.

    `wording` is the SHA-256 of the pack that was shown. `answer` is a response code, `N` or empty; `before`
    is the same, or a state without a value.
    A script may say which operation it has sent for the present choice, its counter and its browser's name,
    and that it has read the question aloud. The fields have no label: none is shown, and each would be looked
    up in the catalogue at every answer.
    """

    page_id = HiddenField("", validators=[Regexp(UUID_FORM)])
    instrument = HiddenField("", validators=[DataRequired(), Length(max=64)])
    item = IntegerField("", widget=HiddenInput(), validators=[NumberRange(0, LARGEST_NUMBER)])
    before = HiddenField("", validators=[Length(max=20)])
    asked = HiddenField("")
    back = HiddenField("", validators=[AnyOf(["", "review"])])
    operation_id = HiddenField("", validators=[Optional(), Regexp(UUID_FORM)])
    counter = IntegerField(
        "", widget=HiddenInput(), validators=[Optional(), NumberRange(0, LARGEST_NUMBER)], default=0
    )
    counted_by = HiddenField("", validators=[Length(max=64)])
    listened = HiddenField("")
    wording = HiddenField("", validators=[Length(max=64)])
    answer = StringField("", validators=[Optional(), Regexp(r"([0-9]{1,4}|N)\Z")])
    go = StringField("", validators=[Optional(), AnyOf(["next", "previous", DECLINE])])


class RespondentForm(FlaskForm):
    """Who answered; the choices are the protocol's."""

    respondent = RadioField(
        lazy_gettext("Who answered?"),
        validators=[DataRequired(lazy_gettext("Please choose one of the three."))],
    )
