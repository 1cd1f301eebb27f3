"""The page of the morning digest: whether it comes, at which hour, and where to."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from wtforms import SelectChoice

from pro_app.errors import InputRejected
from pro_app.services.task_digest import HOURS, DigestWish, find_digest_wish, save_digest_wish
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.auth.face import blueprint
from pro_app.web.auth.forms import DigestForm
from pro_app.web.problems import show_problems

SITE_STAFF = access.staff("nurse", "investigator")
NEVER = 0


@blueprint.get("/staff/account/digest")
@SITE_STAFF
def digest() -> ResponseReturnValue:
    """Show what was chosen."""
    wish = find_digest_wish(this.session(), this.parts().vault, this.staff().account_id)
    return _render(_offer_hours(DigestForm(formdata=None, hour=wish.hour or NEVER, email=wish.email)))


@blueprint.post("/staff/account/digest")
@SITE_STAFF
def save_digest() -> ResponseReturnValue:
    """Save the hour and the address."""
    form = _offer_hours(DigestForm())
    if not form.validate_on_submit():
        return _render(form, status=400)
    wish = DigestWish(form.hour.data or None, form.email.data)
    try:
        save_digest_wish(this.session(), wish, vault=this.parts().vault, actor=this.actor(), now=this.now())
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render(form, status=400)
    flash(
        gettext("The digest comes on working days at %(hour)s o'clock.", hour=wish.hour)
        if wish.hour
        else gettext("No digest comes."),
        "good",
    )
    return redirect(url_for("auth.account"))


def _offer_hours(form: DigestForm) -> DigestForm:
    form.hour.choices = [
        SelectChoice(NEVER, gettext("No digest")),
        *(SelectChoice(hour, gettext("%(hour)s o'clock", hour=hour)) for hour in HOURS),
    ]
    return form


def _render(form: DigestForm, *, status: int = 200) -> ResponseReturnValue:
    return render_template("auth/digest.html", form=form), status
