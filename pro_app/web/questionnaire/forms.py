"""The forms of the questionnaire: one item, and who answered."""

from uuid import UUID, uuid5

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import HiddenField, IntegerField, RadioField, StringField
from wtforms.validators import AnyOf, DataRequired, Length, NumberRange, Optional, Regexp
from wtforms.widgets import HiddenInput

from pro_app.services.answers import AnswerState, Operation

LARGEST_NUMBER = 2**31 - 1
NOT_APPLICABLE = "N"
DECLINE = "decline"
UUID_FORM = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class AnswerForm(FlaskForm):
    """One item as it was shown: which one, what stood there before, and what is chosen now.

    `answer` is a response code, `N` or empty; `before` is the same, or a state without a value.
    A script may say which operation it has sent for the present choice, and its counter.
    """

    page_id = HiddenField(validators=[Regexp(UUID_FORM)])
    instrument = HiddenField(validators=[DataRequired(), Length(max=64)])
    item = IntegerField(widget=HiddenInput(), validators=[NumberRange(0, LARGEST_NUMBER)])
    before = HiddenField(validators=[Length(max=20)])
    asked = HiddenField()
    back = HiddenField(validators=[AnyOf(["", "review"])])
    operation_id = HiddenField(validators=[Optional(), Regexp(UUID_FORM)])
    counter = IntegerField(
        widget=HiddenInput(), validators=[Optional(), NumberRange(0, LARGEST_NUMBER)], default=0
    )
    answer = StringField(validators=[Optional(), Regexp(r"[0-9]{1,4}|N")])
    go = StringField(validators=[Optional(), AnyOf(["next", "previous", DECLINE])])


class RespondentForm(FlaskForm):
    """Who answered; the choices are the protocol's."""

    respondent = RadioField(
        lazy_gettext("Who answered?"),
        validators=[DataRequired(lazy_gettext("Please choose one of the three."))],
    )


def read_operation(form: AnswerForm) -> Operation | None:
    """Give what the form says as one operation; None where it says nothing new."""
    said = _read_state(form)
    if said is None:
        return None
    state, value = said
    item = form.item.data or 0
    made_here = uuid5(UUID(form.page_id.data), f"{item}:{state}:{value}")
    return Operation(
        operation_id=(form.operation_id.data if form.answer.data else "") or str(made_here),
        instrument_code=form.instrument.data,
        item_number=item,
        state=state,
        value=value,
        counter=form.counter.data or 0,
    )


def _read_state(form: AnswerForm) -> tuple[AnswerState, int | None] | None:
    """Read the state and value; leaving an item empty is only said after the one question about it."""
    chosen = form.answer.data or ""
    if form.go.data == DECLINE:
        return "declined", None
    if not chosen:
        left_blank = form.asked.data and form.go.data != "previous" and not form.before.data
        return ("left_blank", None) if left_blank else None
    if chosen == form.before.data and not form.operation_id.data:
        return None
    return ("not_applicable", None) if chosen == NOT_APPLICABLE else ("answered", int(chosen))
