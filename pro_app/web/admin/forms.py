"""The forms of sites, accounts and roles."""

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import DateField, RadioField, SelectChoice, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from pro_app.language import LANGUAGES

_REQUIRED = InputRequired(lazy_gettext("Please fill this in."))
LONGEST_ADDRESS = 254
_LANGUAGE_WORDS = {"fr": "Français", "en": "English"}
MAIL, PAPER, PASSWORD = "mail", "paper", "password"
"""How somebody gets into a new account for the first time."""
NO_SITE = 0
"""What the choice “all sites” sends."""


class SiteForm(FlaskForm):
    """What is known about a clinic."""

    site_code = StringField(
        lazy_gettext("Code"),
        description=lazy_gettext("As in the trial's own lists, for example 01."),
        validators=[_REQUIRED],
    )
    name = StringField(lazy_gettext("Name"), validators=[_REQUIRED])
    city = StringField(lazy_gettext("Town"), validators=[_REQUIRED])
    zone = SelectField(
        lazy_gettext("Time zone"),
        description=lazy_gettext("Proposed for the participants who are enrolled here."),
        validators=[_REQUIRED],
    )
    telephone = StringField(
        lazy_gettext("Telephone"),
        description=lazy_gettext("Printed on every card: the number that patients call."),
        validators=[_REQUIRED],
    )
    sender_label = StringField(
        lazy_gettext("Sender of messages"),
        description=lazy_gettext(
            "What a phone and the card show as the sender. No word that hints at an illness or a study."
        ),
        validators=[_REQUIRED],
    )
    goes_live_on = DateField(
        lazy_gettext("First day with the app"),
        description=lazy_gettext("Before this day the site works on paper."),
        validators=[Optional()],
    )


class RoleForm(FlaskForm):
    """One role, bound to a site where it needs one."""

    role = RadioField(lazy_gettext("Role"), validators=[InputRequired(lazy_gettext("Please choose a role."))])
    site = SelectField(
        lazy_gettext("Site"),
        description=lazy_gettext("For research nurses and investigators; the other roles see every site."),
        coerce=int,
        default=NO_SITE,
    )
    last_on = DateField(
        lazy_gettext("Last day"),
        description=lazy_gettext(
            "For inspectors always, for monitors if wanted. From the day after, the role opens nothing."
        ),
        validators=[Optional()],
    )


class AddressForm(FlaskForm):
    """Where a member of staff gets e-mails."""

    email = StringField(
        lazy_gettext("E-mail address"),
        description=lazy_gettext("For the invitation and, where wanted, the morning digest. Empty: none."),
        validators=[Optional(), Length(max=LONGEST_ADDRESS)],
    )


class AccountForm(RoleForm, AddressForm):
    """A new member of staff with the first role."""

    display_name = StringField(lazy_gettext("First and last name"), validators=[_REQUIRED])
    username = StringField(
        lazy_gettext("Username"),
        description=lazy_gettext("What the person types to sign in, for example marie.martin."),
        validators=[_REQUIRED],
    )
    language = SelectField(
        lazy_gettext("Language"),
        choices=[SelectChoice(code, _LANGUAGE_WORDS[code]) for code in LANGUAGES],
        default=LANGUAGES[0],
        validators=[_REQUIRED],
    )
    way = RadioField(
        lazy_gettext("First sign-in"),
        choices=[
            SelectChoice(MAIL, lazy_gettext("Invitation by e-mail")),
            SelectChoice(PAPER, lazy_gettext("Invitation on paper, shown on the next page")),
            SelectChoice(PASSWORD, lazy_gettext("Password made by the app, shown on the next page")),
        ],
        default=PAPER,
        validators=[InputRequired(lazy_gettext("Please choose one."))],
    )
