"""The forms of corrections and of reading answers; what they must fulfil is checked by the services."""

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import DateField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from pro_app.web.clinic.clarification_words import EVIDENCE_WORDS, FOLLOW_UP_WORDS

_REQUIRED = InputRequired(lazy_gettext("Please fill this in."))
_DATE = InputRequired(lazy_gettext("Give a date."))
_CHOICE = InputRequired(lazy_gettext("Please choose."))
LONGEST_TEXT = 500


class ClarificationForm(FlaskForm):
    """What should be corrected, who asks for it, and what shows it."""

    source_on = DateField(lazy_gettext("Day on which it was filled in"), validators=[_DATE])
    mode = RadioField(lazy_gettext("How it was filled in"), validators=[_CHOICE])
    to_visit = RadioField(lazy_gettext("Visit that it is of"), validators=[_CHOICE])
    to_participant = StringField(
        lazy_gettext("Inclusion number of the patient that it is of"),
        description=lazy_gettext("Another patient of your site, same visit."),
        validators=[_REQUIRED, Length(max=60)],
    )
    asked_on = DateField(lazy_gettext("Date of the patient's request"), validators=[_DATE])
    evidence = SelectField(
        lazy_gettext("What shows it"),
        choices=[
            SelectChoice("", lazy_gettext("Please choose.")),
            *(SelectChoice(code, words) for code, words in EVIDENCE_WORDS.items()),
        ],
        validators=[_CHOICE],
    )
    evidence_ref = StringField(
        lazy_gettext("Where it is filed"),
        description=lazy_gettext("For example: source file, letter of 8 January. No name, no diagnosis."),
        validators=[_REQUIRED, Length(max=200)],
    )
    request = TextAreaField(
        lazy_gettext("What is asked for, and why"),
        description=lazy_gettext("For the investigator. No name, no diagnosis."),
        validators=[_REQUIRED, Length(max=LONGEST_TEXT)],
    )


class DecisionForm(FlaskForm):
    """What the investigator decides, and why; `basis` names what was looked at."""

    basis = HiddenField()
    decision = RadioField(
        lazy_gettext("Decision"),
        choices=[
            SelectChoice("accepted", lazy_gettext("Accept: correct it as asked")),
            SelectChoice("refused", lazy_gettext("Refuse: change nothing")),
        ],
        validators=[_CHOICE],
    )
    reason = TextAreaField(
        lazy_gettext("Reason of the decision"),
        description=lazy_gettext(
            "It is kept with the decision and leaves with the data, for those who check them. No name, no "
            "diagnosis."
        ),
        validators=[_REQUIRED, Length(max=LONGEST_TEXT)],
    )


class ReadingForm(FlaskForm):
    """Why a participant's answers are opened."""

    reason = TextAreaField(
        lazy_gettext("Reason"),
        description=lazy_gettext("For example: what the patient said on the telephone. No name."),
        validators=[_REQUIRED, Length(max=LONGEST_TEXT)],
    )


class FollowUpForm(FlaskForm):
    """What was done about what was read."""

    follow_up = RadioField(
        lazy_gettext("What was done"),
        choices=[SelectChoice(code, words) for code, words in FOLLOW_UP_WORDS.items()],
        validators=[_CHOICE],
    )
    text = TextAreaField(
        lazy_gettext("In words"),
        description=lazy_gettext("Needed for “Something else”. No name, no diagnosis."),
        validators=[Optional(), Length(max=LONGEST_TEXT)],
    )
