"""The forms of signing in and of one's own account."""

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, SelectField, StringField
from wtforms.validators import EqualTo, InputRequired, Length, Optional, ValidationError

from pro_app.services.passwords import LONGEST, SHORTEST

_REQUIRED = InputRequired(lazy_gettext("Please fill this in."))
_LONGEST_CODE = 60
_LONGEST_ADDRESS = 254


class SignInForm(FlaskForm):
    """Username and password; neither says more than that both do not fit."""

    username = StringField(lazy_gettext("Username"), validators=[_REQUIRED, Length(max=200)])
    password = PasswordField(lazy_gettext("Password"), validators=[_REQUIRED])


class PresentPasswordForm(FlaskForm):
    """One's own password, before it is changed; it stands first on the page."""

    current_password = PasswordField(lazy_gettext("Present password"), validators=[_REQUIRED])


class NewPasswordForm(FlaskForm):
    """A password that is chosen, typed twice."""

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


class PasswordForm(NewPasswordForm, PresentPasswordForm):
    """One's own new password, the present one given."""


class InvitationCodeForm(FlaskForm):
    """An invitation, come by a link (`token`, filled in by a script) or typed."""

    token = HiddenField(validators=[Optional(), Length(max=_LONGEST_CODE)])
    code = StringField(lazy_gettext("Code of the invitation"), validators=[Length(max=_LONGEST_CODE)])

    def validate_code(self, code: StringField) -> None:
        """Ask for the code where no link brought it."""
        if not self.token.data and not (code.data or "").strip():
            raise ValidationError(str(_REQUIRED.message))


class InvitedPasswordForm(NewPasswordForm):
    """The password that an invitation asks for."""

    invitation = HiddenField(validators=[Length(max=_LONGEST_CODE)])


class DigestForm(FlaskForm):
    """When the morning digest comes, and where to."""

    hour = SelectField(
        lazy_gettext("Hour"),
        description=lazy_gettext(
            "In the time zone of the site; not on Saturdays, Sundays and public holidays."
        ),
        coerce=int,
    )
    email = StringField(
        lazy_gettext("My e-mail address"),
        description=lazy_gettext("Invitations to choose a new password go there too. Patients never see it."),
        validators=[Optional(), Length(max=_LONGEST_ADDRESS)],
    )
