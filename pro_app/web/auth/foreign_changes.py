"""What tells the owner of an account that somebody else replaced the password or the second factor."""

from flask import flash
from flask_babel import format_date, format_time, gettext

from pro_app.services.second_person import ForeignChange, list_foreign_changes
from pro_app.web import request as this


def tell_foreign_changes(account_id: int) -> None:
    """Show the warnings once more after a sign-in, on the next page."""
    for words in list_warnings(account_id):
        flash(words, "attention")


def list_warnings(account_id: int) -> list[str]:
    """List a sentence for each thing that others replaced lately; an invitation has its own, and its use."""
    changes = list_foreign_changes(this.session(), account_id, now=this.now())
    latest = {(change.what, change.way): change for change in reversed(changes)}
    advice = gettext("If you did not ask for it, tell another administrator or coordinator at once.")
    return [f"{_words(change)} {advice}" for change in latest.values()]


def _words(change: ForeignChange) -> str:
    values = {
        "day": format_date(change.at, "long"),
        "hour": format_time(change.at, "short"),
        "name": change.by or gettext("whoever runs the app"),
    }
    if change.way == "accepted":
        return str(
            gettext(
                "An invitation to choose another password was used on %(day)s at %(hour)s; "
                "it was made by %(name)s.",
                **values,
            )
        )
    if change.way == "invited":
        return str(
            gettext(
                "An invitation to choose another password was made on %(day)s at %(hour)s by %(name)s.",
                **values,
            )
        )
    if change.what == "password":
        return str(gettext("Your password was replaced on %(day)s at %(hour)s by %(name)s.", **values))
    return str(gettext("Your second step was reset on %(day)s at %(hour)s by %(name)s.", **values))
