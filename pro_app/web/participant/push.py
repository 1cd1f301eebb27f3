"""Switching notifications on and off in the participant's own browser, and the worker that shows them."""

from collections.abc import Callable
from pathlib import Path

from flask import Response, flash, redirect, request, send_from_directory, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf import FlaskForm
from wtforms import HiddenField
from wtforms.validators import Length, Optional

from pro_app.contacts.push_subscription import LONGEST, LONGEST_ENDPOINT
from pro_app.errors import InputRejected
from pro_app.services.push_addresses import PushState, find_push_state, switch_push_off, switch_push_on
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.participant.face import blueprint
from pro_app.web.problems import problem_words

SCRIPTS = Path(__file__).parents[1] / "static" / "js"


class SubscriptionForm(FlaskForm):
    """What the page's script fills in: the browser's subscription, as JSON."""

    subscription = HiddenField(validators=[Length(max=LONGEST)])


class EndpointForm(FlaskForm):
    """The address of the browser to be left out; empty for all of the person's browsers."""

    endpoint = HiddenField(validators=[Optional(), Length(max=LONGEST_ENDPOINT)])


@blueprint.get("/sw.js")
@access.public
def service_worker() -> Response:
    """Give the service worker at the root, since it may only serve what lies below its own address."""
    return send_from_directory(SCRIPTS, "sw.js", mimetype="text/javascript")


@blueprint.post("/p/push")
@access.participants
def switch_on() -> ResponseReturnValue:
    """Show messages in this browser too; a renewal that the page asks for by itself gets no page."""
    form, quiet = SubscriptionForm(), bool(request.form.get("quiet"))
    try:
        if not form.validate_on_submit():
            flash(gettext("This browser gave no address that notifications can be sent to."), "alert")
            return redirect(url_for("participant.settings"))
        switch_push_on(
            this.session(),
            form.subscription.data or "",
            settings=this.parts().settings,
            vault=this.parts().vault,
            actor=this.actor(),
            now=this.now(),
        )
    except InputRejected as rejected:
        for problem in rejected.problems:
            flash(problem_words(problem), "alert")
    else:
        if quiet:
            return "", 204
        flash(gettext("Notifications will appear on this device."), "good")
    return redirect(url_for("participant.settings"))


@blueprint.post("/p/push/off")
@access.participants
def switch_off() -> ResponseReturnValue:
    """Show messages no longer in this browser, or in none of the person's."""
    form = EndpointForm()
    endpoint = form.endpoint.data if form.validate_on_submit() else None
    switch_push_off(this.session(), endpoint, vault=this.parts().vault, actor=this.actor(), now=this.now())
    flash(gettext("Notifications are switched off. Your other messages go on."), "good")
    return redirect(url_for("participant.settings"))


@blueprint.context_processor
def give_push_state() -> dict[str, Callable[[], PushState | None]]:
    """Let the settings page ask how notifications stand, only where it shows them."""
    return {"find_push": _find_state}


def _find_state() -> PushState | None:
    return find_push_state(
        this.session(), settings=this.parts().settings, vault=this.parts().vault, actor=this.actor()
    )
