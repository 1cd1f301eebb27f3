"""Lending the tablet of the site to one participant, for a questionnaire that is open."""

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from pro_app.errors import AlreadySubmitted, WindowClosed
from pro_app.services.loans import find_loan_in_use
from pro_app.services.participant_home import load_home
from pro_app.services.participants import load_participant
from pro_app.services.tablet_loans import lend_tablet
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.addresses import parse_key
from pro_app.web.clinic.face import blueprint
from pro_app.web.tablet_reach import START, hand_over

ALL_BUT_COOKIES = '"cache", "storage"'
"""What the browser drops at the start where the page found that no answer of anybody waits in it."""


@blueprint.get("/clinic/participants/<int:participant_id>/tablet")
@access.staff("nurse", "investigator")
def lending(participant_id: int) -> ResponseReturnValue:
    """Say which questionnaire the tablet is lent for and what happens; or why it cannot be lent."""
    participant = load_participant(this.session(), participant_id, actor=this.actor())
    home = load_home(this.session(), participant_id=participant.id, now=this.now())
    return render_template(
        "clinic/tablet.html",
        participant=participant,
        home=home,
        in_use=find_loan_in_use(this.session(), participant.id, now=this.now()),
        idle_minutes=this.parts().settings.tablet_idle_minutes,
    )


@blueprint.post("/clinic/participants/<int:participant_id>/tablet")
@access.staff("nurse", "investigator")
def lend(participant_id: int) -> ResponseReturnValue:
    """Lend this browser: it shows the participant's questionnaire, and nothing of staff any more."""
    try:
        token = lend_tablet(
            this.session(),
            assessment_id=request.form.get("assessment_id", 0, type=parse_key),
            participant_id=participant_id,
            staff_session_id=this.staff().session_id,
            idle_minutes=this.parts().settings.tablet_idle_minutes,
            actor=this.actor(),
            now=this.now(),
        )
    except (AlreadySubmitted, WindowClosed):
        flash(gettext("This questionnaire can no longer be answered. The tablet was not lent."), "attention")
        return redirect(url_for("clinic.lending", participant_id=participant_id))
    response = hand_over(make_response(redirect(url_for(START))), token)
    nothing_waits = request.form.get("nothing_waits") == "1"
    response.headers["Clear-Site-Data"] = ALL_BUT_COOKIES if nothing_waits else '"cache"'
    return response
