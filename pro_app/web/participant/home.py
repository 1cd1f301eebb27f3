"""Home: what is due, to be reminded of it tomorrow, what comes next, whom to call."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, format_time, gettext

from pro_app.errors import AlreadySubmitted, InputRejected, WindowClosed
from pro_app.services.participant_home import load_home
from pro_app.services.reminder_requests import Reach, ask_reminder_tomorrow, list_reminder_offers
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.participant.face import blueprint
from pro_app.web.problems import problem_words
from pro_app.web.sending_ways import list_usable_channels

SHOWN_DATES = 3


@blueprint.get("/p/home")
@access.participants
def home() -> ResponseReturnValue:
    """Show the one thing to do today, or when the next one comes."""
    loaded = load_home(this.session(), participant_id=this.participant().participant_id, now=this.now())
    offers = list_reminder_offers(
        this.session(),
        [due.assessment_id for due in loaded.due],
        reach=_reach(),
        actor=this.actor(),
        now=this.now(),
    )
    return render_template(
        "participant/home.html", home=loaded, coming=loaded.coming[:SHOWN_DATES], offers=offers
    )


@blueprint.post("/p/remind/<int:assessment_id>")
@access.participants
def remind_tomorrow(assessment_id: int) -> ResponseReturnValue:
    """Send one reminder tomorrow; asked twice it is one, and where none can come it is said why."""
    try:
        moment = ask_reminder_tomorrow(
            this.session(), assessment_id, reach=_reach(), actor=this.actor(), now=this.now()
        )
    except InputRejected as rejected:
        for problem in rejected.problems:
            flash(problem_words(problem), "attention")
    except AlreadySubmitted:
        flash(gettext("Your centre has this questionnaire already: there is nothing left to do."), "info")
    except WindowClosed:
        flash(gettext("This questionnaire cannot be answered now, so no reminder is needed."), "attention")
    else:
        day, hour = format_date(moment, "full"), format_time(moment, "short")
        flash(gettext("It is noted: we remind you on %(date)s at %(time)s.", date=day, time=hour), "good")
    return redirect(url_for("participant.home"))


def _reach() -> Reach:
    return Reach(this.parts().vault, list_usable_channels())
