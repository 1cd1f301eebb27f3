"""The demo's own pages: who can sign in, what was sent, and the style page; none of them exists elsewhere."""

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.demo.codes import find_demo_code, list_demo_codes
from pro_app.web.demo.filling import find_filling
from pro_app.web.demo.messages import list_sent_messages
from pro_app.web.demo.state import load_access, load_progress
from pro_app.web.demo.style_page import style_page_values
from pro_app.web.demo.time_machine import ask_for_journey as note_journey
from pro_app.web.demo.time_machine import find_simulated_day, show_time_machine

blueprint = Blueprint("demo", __name__, template_folder="templates")

NEWEST_MESSAGES = 30


@blueprint.app_context_processor
def give_demo_ribbon() -> dict[str, object]:
    """Give every page the address its demo ribbon leads to, the simulated day, and how far it is filled."""
    return {
        "demo_url": url_for("demo.tour"),
        "demo_day": find_simulated_day(),
        "demo_filling": find_filling(),
        "find_demo_code": find_demo_code,
    }


@blueprint.get("/demo")
@access.public
def tour() -> ResponseReturnValue:
    """Show who can sign in how, where to look, and how far the history is filled."""
    folder = this.parts().settings.data_folder
    known = load_access(folder)
    return render_template(
        "demo/tour.html",
        access=known,
        codes=list_demo_codes(known["staff"] if known else []),
        progress=load_progress(folder),
    )


@blueprint.get("/demo/messages")
@access.public
def messages() -> ResponseReturnValue:
    """Show the newest messages that went out, as a phone would show them."""
    sent = list_sent_messages(this.parts().settings.mail_url, newest=NEWEST_MESSAGES)
    return render_template("demo/messages.html", sent=sent)


@blueprint.get("/demo/time")
@access.public
def time_machine() -> ResponseReturnValue:
    """Show which day it is in the demonstration, and offer to let time pass."""
    return show_time_machine()


@blueprint.post("/demo/time")
@access.public
def ask_for_journey() -> ResponseReturnValue:
    """Ask for a journey through time."""
    return note_journey()


@blueprint.get("/style")
@access.public
def style() -> ResponseReturnValue:
    """Show every component once."""
    return render_template("demo/style.html", **style_page_values())
