"""The forms of consent records; what they must fulfil is checked by the services, which name the fields."""

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

KIND_WORDS = {
    "notice_signed": lazy_gettext("Another version of the notice was signed"),
    "copy_given": lazy_gettext("A copy of what was signed was given"),
    "partly_withdrawn": lazy_gettext("A part of the consent was withdrawn"),
}


class ConsentForm(FlaskForm):
    """What happened, on which day, about which version."""

    kind = RadioField(
        lazy_gettext("What happened"),
        choices=[SelectChoice(code, words) for code, words in KIND_WORDS.items()],
        validators=[InputRequired(lazy_gettext("Please choose."))],
    )
    occurred_on = DateField(lazy_gettext("Date"), validators=[InputRequired(lazy_gettext("Give a date."))])
    notice_version = StringField(
        lazy_gettext("Version of the information notice"),
        description=lazy_gettext("Needed for a notice or a copy, as printed on it."),
        validators=[Optional(), Length(max=40)],
    )
    remark = TextAreaField(
        lazy_gettext("In words"),
        description=lazy_gettext(
            "Needed where a part was withdrawn: which one, in the patient's words. No name, no diagnosis."
        ),
        validators=[Optional(), Length(max=300)],
    )


class ConsentCorrectionForm(ConsentForm):
    """What an entry should have said, and why."""

    never_happened = BooleanField(lazy_gettext("This did not happen: take the entry back"))
    reason = TextAreaField(
        lazy_gettext("Reason of the correction"),
        validators=[InputRequired(lazy_gettext("Please fill this in.")), Length(max=500)],
    )
