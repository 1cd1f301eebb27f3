"""The forms of the second factor: a code, and where it is changed the password as well."""

from typing import ClassVar

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import Field, Form, HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length, Optional

LONGEST_LABEL = 100
_REQUIRED = InputRequired(lazy_gettext("Please fill this in."))
_LONGEST = 40


class AppCodeForm(FlaskForm):
    """The code that the app shows now."""

    code = StringField(
        lazy_gettext("Code shown by the app"),
        description=lazy_gettext("Six digits; a new code comes every 30 seconds."),
        validators=[_REQUIRED, Length(max=_LONGEST)],
    )


class RecoveryCodeForm(FlaskForm):
    """One of the codes that were printed or noted."""

    code = StringField(
        lazy_gettext("Recovery code"),
        description=lazy_gettext("Ten letters and digits, for example K7QF-2MZ8-4T. Each code works once."),
        validators=[_REQUIRED, Length(max=_LONGEST)],
    )


class OwnPasswordForm(FlaskForm):
    """One's own password, before new recovery codes are made."""

    current_password = PasswordField(lazy_gettext("Present password"), validators=[_REQUIRED])


class OtherAppForm(AppCodeForm, OwnPasswordForm):
    """The code of another app in the place of the present one, with the password."""


class PasskeyAnswerForm(FlaskForm):
    """What the browser answered, put there by a script."""

    answer = HiddenField(validators=[Optional()])


class _AskedBefore:
    """Says that a field is needed, where something else than the form checks it."""

    field_flags: ClassVar[dict[str, bool]] = {"required": True}

    def __call__(self, _form: Form, _field: Field) -> None:
        """Find nothing wrong: the script hands in what was typed before the form is sent."""


class NewPasskeyForm(PasskeyAnswerForm):
    """A passkey and the name that its owner gives it; the script asks for it with the password."""

    label = StringField(
        lazy_gettext("Name of the passkey"),
        description=lazy_gettext("To tell it from others, for example “Office computer” or “Blue key”."),
        validators=[_REQUIRED, Length(max=LONGEST_LABEL)],
    )
    current_password = PasswordField(lazy_gettext("Present password"), validators=[_AskedBefore()])
