"""The forms of the participant's own settings, and the words for ways of sending."""

from collections.abc import Sequence

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import DateField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from pro_app.services.enrolment_rules import EARLIEST_HOUR, LATEST_HOUR
from pro_app.services.known_channels import KnownChannel

CHANNELS = {"email": lazy_gettext("e-mail"), "sms": lazy_gettext("text message")}
_CHOICE = InputRequired(lazy_gettext("Please choose."))
_HOURS = [
    SelectChoice(str(hour), lazy_gettext("%(hour)s o'clock", hour=hour))
    for hour in range(EARLIEST_HOUR, LATEST_HOUR + 1)
]


class MessageSettingsForm(FlaskForm):
    """When messages come, and by which ways; `order` is left out where there is nothing to choose."""

    reminder_hour = SelectField(
        lazy_gettext("Hour of the messages"),
        choices=_HOURS,
        validators=[_CHOICE],
    )
    order = RadioField(lazy_gettext("By which way"), validators=[_CHOICE])


class PauseForm(FlaskForm):
    """Until when messages are held."""

    until = DateField(
        lazy_gettext("First day with messages again"),
        validators=[InputRequired(lazy_gettext("Give a date."))],
    )


def channel_words(channel: KnownChannel) -> str:
    """Name a way of sending with its masked address."""
    return f"{CHANNELS.get(channel.code, channel.code)} ({channel.masked_address})"


def order_words(order: Sequence[str], channels: Sequence[KnownChannel]) -> str:
    """Say an order of ways: the first one, and the one for when it does not work."""
    words = {channel.code: channel_words(channel) for channel in channels}
    if len(order) == 1:
        return str(gettext("Only by %(channel)s", channel=words[order[0]]))
    first, second = (words[code] for code in order[:2])
    return str(gettext("By %(first)s; if that does not work, by %(second)s", first=first, second=second))
