"""The forms of signing in."""

from typing import Any

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, Length, Optional, Regexp, ValidationError

from pro_app.services.pins import check_pin

PIN_DIGITS = Regexp(r"\s*[0-9]{6}\s*\Z", message=lazy_gettext("A PIN has six digits."))
MESSAGE_CODE = Regexp(
    r"\s*(?:[0-9][\s-]*){8}\Z", message=lazy_gettext("The code from the message has eight digits.")
)
LONGEST_CODE = 100


def _trimmed(value: str | None) -> str | None:
    return value.strip() if value else value


class CardForm(FlaskForm):
    """The card: scanned (`token`, put there by a script) or typed (`code`)."""

    token = HiddenField(filters=[_trimmed], validators=[Optional(), Length(max=LONGEST_CODE)])
    code = StringField(
        lazy_gettext("Code of the card"),
        filters=[_trimmed],
        validators=[Optional(), Length(max=LONGEST_CODE)],
    )

    def validate_code(self, field: Any) -> None:  # noqa: ANN401 -- WTForms ships no types
        """Ask for one of the two."""
        if not field.data and not self.token.data:
            raise ValidationError(gettext("Type the code that stands under the square on your card."))


class TwoPins(FlaskForm):
    """A new PIN, typed twice."""

    pin = PasswordField(lazy_gettext("Your PIN: six digits"), filters=[_trimmed])
    again = PasswordField(lazy_gettext("The same PIN once more"), filters=[_trimmed])

    def validate_pin(self, field: Any) -> None:  # noqa: ANN401 -- WTForms ships no types
        """Refuse what is no PIN or easy to guess."""
        for problem in check_pin(field.data or ""):
            raise ValidationError(gettext(problem.message))

    def validate_again(self, field: Any) -> None:  # noqa: ANN401 -- WTForms ships no types
        """Compare the two, once the first one is good."""
        if not self.pin.errors and field.data != self.pin.data:
            raise ValidationError(gettext("The two PINs differ. Type the same six digits twice."))


class PinChoiceForm(TwoPins):
    """The PIN that the participant chooses, twice; `card` is what was scanned or typed before."""

    card = HiddenField(validators=[DataRequired(), Length(max=LONGEST_CODE)])


class ForgottenPinForm(FlaskForm):
    """The sign-in code of somebody who forgot the PIN; `carried` as below."""

    carried = HiddenField()
    sign_in_code = StringField(
        lazy_gettext("Sign-in code"),
        filters=[_trimmed],
        validators=[
            DataRequired(lazy_gettext("Type the sign-in code of your card.")),
            Length(max=LONGEST_CODE),
        ],
    )


class NewPinForm(TwoPins):
    """The code from the message and the new PIN, twice; `sign_in_code` was typed before."""

    carried = HiddenField()
    sign_in_code = HiddenField(validators=[DataRequired(), Length(max=LONGEST_CODE)])
    code = StringField(
        lazy_gettext("Code from the message"),
        filters=[_trimmed],
        validators=[DataRequired(MESSAGE_CODE.message), MESSAGE_CODE],
    )
    pin = PasswordField(lazy_gettext("Your new PIN: six digits"), filters=[_trimmed])
    again = PasswordField(lazy_gettext("The same PIN once more"), filters=[_trimmed])
    remember = BooleanField(lazy_gettext("This is my own device: remember it"))


class PinForm(FlaskForm):
    """The PIN on a remembered device; `carried` is an answer that waited for it."""

    carried = HiddenField()
    pin = PasswordField(
        lazy_gettext("Your PIN: six digits"), validators=[DataRequired(PIN_DIGITS.message), PIN_DIGITS]
    )


class CodeForm(FlaskForm):
    """The sign-in code of the card with the PIN, on any device."""

    carried = HiddenField()
    sign_in_code = StringField(
        lazy_gettext("Sign-in code"),
        filters=[_trimmed],
        validators=[
            DataRequired(lazy_gettext("Type the sign-in code of your card.")),
            Length(max=LONGEST_CODE),
        ],
    )
    pin = PasswordField(
        lazy_gettext("Your PIN: six digits"), validators=[DataRequired(PIN_DIGITS.message), PIN_DIGITS]
    )
    remember = BooleanField(lazy_gettext("This is my own device: remember it"))
