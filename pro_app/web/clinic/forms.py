"""The forms of the clinic; what they must fulfil is checked by the services, which name the fields."""

from collections.abc import Iterable

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from pro_app.web.zone_names import zone_name

_REQUIRED = InputRequired(lazy_gettext("Please fill this in."))
_DATE = InputRequired(lazy_gettext("Give a date."))
_CHOICE = InputRequired(lazy_gettext("Please choose."))
LONGEST_TEXT = 500

LANGUAGES = [SelectChoice("fr", "Français"), SelectChoice("en", "English")]
HOURS = [SelectChoice(str(hour), lazy_gettext("%(hour)s o'clock", hour=hour)) for hour in range(8, 20)]


class ContactForm(FlaskForm):
    """How and when a participant is reached; both contacts may stay empty."""

    email = EmailField(
        lazy_gettext("E-mail"),
        description=lazy_gettext("For the invitations and reminders."),
        validators=[Optional(), Length(max=254)],
    )
    telephone = TelField(
        lazy_gettext("Telephone"),
        description=lazy_gettext("For your calls; a landline is enough."),
        validators=[Optional(), Length(max=40)],
    )
    shared_confirmed = BooleanField(lazy_gettext("I have checked: it is the right contact"))
    language = SelectField(lazy_gettext("Language"), choices=LANGUAGES, validators=[_CHOICE])
    reminder_hour = SelectField(
        lazy_gettext("Hour of the messages"),
        description=lazy_gettext("In the patient's own time zone."),
        choices=HOURS,
        validators=[_CHOICE],
    )
    zone = SelectField(lazy_gettext("Time zone"), validators=[_CHOICE])
    channels = SelectField(
        lazy_gettext("Ways of sending"),
        description=lazy_gettext("A text message needs a mobile number."),
    )

    def offer_zones(self, zones: Iterable[str]) -> None:
        """Make the zones of the protocol the choices."""
        self.zone.choices = [SelectChoice(zone, zone_name(zone)) for zone in zones]

    def offer_channels(self, choices: Iterable[tuple[str, str]]) -> None:
        """Make orders of channels the choices; the field goes where there is nothing to choose."""
        self.channels.choices = [SelectChoice(order, words) for order, words in choices]
        if not self.channels.choices:
            del self.channels

    @property
    def wanted_channels(self) -> tuple[str, ...] | None:
        """The order that was chosen, empty for that of the protocol; None where it was not asked for."""
        if self.channels is None:
            return None
        return tuple(self.channels.data.split(",")) if self.channels.data else ()


class EnrolmentForm(ContactForm):
    """What is said at consent."""

    participant_code = StringField(
        lazy_gettext("Inclusion number"),
        description=lazy_gettext("As on the trial's inclusion form."),
        validators=[_REQUIRED, Length(max=60)],
    )
    consented_on = DateField(lazy_gettext("Date of consent"), validators=[_DATE])
    notice_version = StringField(
        lazy_gettext("Version of the information notice"),
        description=lazy_gettext("As printed on the notice that was signed."),
        validators=[_REQUIRED],
    )


class EventForm(FlaskForm):
    """An event: its date, and what must be said with it."""

    arm = RadioField(lazy_gettext("Arm"), validators=[_CHOICE])
    of = RadioField(lazy_gettext("What is resumed"), validators=[_CHOICE])
    occurred_on = DateField(lazy_gettext("Date"), validators=[_DATE])
    until = DateField(lazy_gettext("Until"), validators=[_DATE])


class CorrectionForm(EventForm):
    """What an event should have said, and why."""

    never_happened = BooleanField(lazy_gettext("This did not happen: take the entry back"))
    reason = TextAreaField(
        lazy_gettext("Reason of the correction"),
        validators=[DataRequired(lazy_gettext("Please fill this in.")), Length(max=LONGEST_TEXT)],
    )


class ReopeningForm(FlaskForm):
    """Why a closed questionnaire is reopened."""

    reason = TextAreaField(lazy_gettext("Reason"), validators=[_REQUIRED, Length(max=LONGEST_TEXT)])


class NotDoneForm(FlaskForm):
    """Why a form is missing or late; `seen` marks what was recorded when it was asked for."""

    seen = HiddenField()
    reason = RadioField(lazy_gettext("Reason"), validators=[_CHOICE])
    text = TextAreaField(
        lazy_gettext("In words"),
        description=lazy_gettext("Needed for “Other”. No name, no diagnosis."),
        validators=[Optional(), Length(max=LONGEST_TEXT)],
    )
    said_by = RadioField(lazy_gettext("Who said it"), validators=[_CHOICE])
