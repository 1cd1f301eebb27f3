"""The forms of signing in and of one's own account."""

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length

from pro_app.services.passwords import LONGEST, SHORTEST

_REQUIRED = InputRequired(lazy_gettext("Please fill this in."))


class SignInForm(FlaskForm):
    """Username and password; neither says more than that both do not fit."""

    username = StringField(lazy_gettext("Username"), validators=[_REQUIRED, Length(max=200)])
    password = PasswordField(lazy_gettext("Password"), validators=[_REQUIRED])


class PasswordForm(FlaskForm):
    """One's own new password, the present one given."""

    current_password = PasswordField(lazy_gettext("Present password"), validators=[_REQUIRED])
    password = PasswordField(
        lazy_gettext("New password"),
        description=lazy_gettext(
            "%(shortest)s characters or more; several words are easy to remember.", shortest=SHORTEST
        ),
        validators=[_REQUIRED, Length(max=LONGEST)],
    )
    repeated = PasswordField(
        lazy_gettext("New password, once more"),
        validators=[_REQUIRED, EqualTo("password", lazy_gettext("The two new passwords differ."))],
    )
