"""Home: what is due, what comes next, whom to call."""

from flask import render_template
from flask.typing import ResponseReturnValue

from pro_app.services.participant_home import load_home
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.participant.face import blueprint

SHOWN_DATES = 4


@blueprint.get("/p/home")
@access.participants
def home() -> ResponseReturnValue:
    """Show the one thing to do today, or when the next one comes."""
    loaded = load_home(this.session(), participant_id=this.participant().participant_id, now=this.now())
    return render_template("participant/home.html", home=loaded, coming=loaded.coming[:SHOWN_DATES])
