"""Help, and what happens to the data: open to everybody, with more in it for those who are signed in."""

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from pro_app.services.participant_home import Centre, find_centre_of_device, load_centre
from pro_app.services.participant_information import load_own_information
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.participant.device_cookie import find_device_secret
from pro_app.web.participant.face import blueprint
from pro_app.web.principals import PARTICIPANT
from pro_app.web.tablet_reach import open_to_tablet


@blueprint.get("/p/help")
@access.public
@open_to_tablet
def help_page() -> ResponseReturnValue:
    """Say whom to call, and what to do when something does not work."""
    return render_template("participant/help.html", centre=_find_centre(), is_known=_is_signed_in())


@blueprint.get("/p/data")
@access.public
def data_protection() -> ResponseReturnValue:
    """Say what is kept, what for, for how long, and which rights there are."""
    own = load_own_information(this.session(), actor=this.actor()) if _is_signed_in() else None
    return render_template("participant/data_protection.html", own=own, centre=_find_centre())


def _is_signed_in() -> bool:
    return bool(current_user) and current_user.is_authenticated and current_user.kind == PARTICIPANT


def _find_centre() -> Centre | None:
    """Find whom to call: the centre of the person, else that of the person whose device this is."""
    if _is_signed_in():
        return load_centre(this.session(), participant_id=this.participant().participant_id)
    secret = find_device_secret()
    return find_centre_of_device(this.session(), device_secret=secret) if secret else None
