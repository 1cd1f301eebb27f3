"""The lock page: the password of the person who lent the tablet opens it again, and nothing else does."""

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import PasswordField
from wtforms.validators import InputRequired

from pro_app.errors import SignInRefused, TryLater
from pro_app.services.staff_sign_in import prove_password
from pro_app.services.tablet_loans import PausedSession, sign_out_tablet, take_back_tablet
from pro_app.services.throttle import count_tries, forget_tries, source_key
from pro_app.web import access, principals
from pro_app.web import request as this
from pro_app.web.tablet.face import blueprint
from pro_app.web.tablet_reach import find_paused, forget_staff, take_away

LEFT_BEHIND = '"cache"'
"""What the browser is told to drop. Not its storage: in there may be answers of somebody who once signed in
on this tablet as on an own phone, which are not received yet; the pages of a loan keep nothing there."""


class UnlockForm(FlaskForm):
    """The password of the person who lent the tablet."""

    password = PasswordField(
        lazy_gettext("Your password"), validators=[InputRequired(lazy_gettext("Please fill this in."))]
    )


@blueprint.get("/staff/tablet")
@access.public
def locked() -> ResponseReturnValue:
    """Show that the tablet is locked, to whom it can be given back, and nothing about any participant."""
    paused = find_paused()
    if paused is None:
        return redirect(url_for("auth.sign_in"))
    response = make_response(_render(paused, UnlockForm()))
    if not paused.is_lent:
        take_away(response)
        response.headers["Clear-Site-Data"] = LEFT_BEHIND
    return response


@blueprint.post("/staff/tablet")
@access.public
def take_back() -> ResponseReturnValue:
    """Open the tablet again for its member of staff; the tries are counted with those of the sign-in."""
    paused = find_paused()
    if paused is None:
        return redirect(url_for("auth.sign_in"))
    form = UnlockForm()
    if paused.is_closed:
        return _render(paused, form), 403
    if not form.validate_on_submit():
        return _render(paused, form), 400
    keys = (f"staff:{paused.username}", source_key(request.remote_addr))
    try:
        count_tries(this.parts().database, *keys, now=this.now())
        proof = prove_password(this.parts().database, username=paused.username, password=form.password.data)
        token = take_back_tablet(this.session(), paused, proof, now=this.now(), request_id=this.request_id())
    except TryLater as wait:
        return _render(paused, form, wait_seconds=wait.seconds), 429
    except SignInRefused:
        return _render(paused, form, refused=True), 403
    forget_tries(this.session(), *keys)
    principals.sign_in(token, kind=principals.STAFF)
    return _leave(url_for("auth.start"))


@blueprint.post("/staff/tablet/sign-out")
@access.public
def sign_out() -> ResponseReturnValue:
    """End the paused session too; whoever holds the tablet may do that, since it only closes things."""
    paused = find_paused()
    if paused is not None:
        sign_out_tablet(this.session(), paused, now=this.now(), request_id=this.request_id())
    forget_staff()
    return _leave(url_for("auth.sign_in"))


def _leave(address: str) -> Response:
    return take_away(make_response(redirect(address)))


def _render(paused: PausedSession, form: UnlockForm, *, refused: bool = False, wait_seconds: int = 0) -> str:
    return render_template(
        "tablet/locked.html", paused=paused, form=form, refused=refused, wait_seconds=wait_seconds
    )
