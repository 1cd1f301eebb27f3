"""Asking a questionnaire by telephone: what holds before it begins, and beginning it in this browser."""

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from pro_app.errors import AlreadySubmitted, WindowClosed
from pro_app.services.interviews import begin_interview
from pro_app.services.loans import find_loan_in_use
from pro_app.services.participant_home import load_home
from pro_app.services.participants import load_participant
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.addresses import parse_key
from pro_app.web.clinic.face import blueprint
from pro_app.web.tablet_reach import hand_over


@blueprint.get("/clinic/participants/<int:participant_id>/interview")
@access.staff("nurse", "investigator")
def interview(participant_id: int) -> ResponseReturnValue:
    """Say whom to ask, how and which questionnaire; or why none can be asked."""
    participant = load_participant(this.session(), participant_id, actor=this.actor())
    return render_template(
        "clinic/interview.html",
        participant=participant,
        home=load_home(this.session(), participant_id=participant.id, now=this.now()),
        in_use=find_loan_in_use(this.session(), participant.id, now=this.now()),
        here=this.staff().session_id,
        wanted=request.args.get("visit", ""),
    )


@blueprint.post("/clinic/participants/<int:participant_id>/interview")
@access.staff("nurse", "investigator")
def begin_asking(participant_id: int) -> ResponseReturnValue:
    """Begin the interview: this browser shows the participant's own screens, the pages of staff stay open."""
    assessment_id = request.form.get("assessment_id", 0, type=parse_key)
    try:
        token = begin_interview(
            this.session(),
            assessment_id=assessment_id,
            participant_id=participant_id,
            staff_session_id=this.staff().session_id,
            actor=this.actor(),
            now=this.now(),
        )
    except AlreadySubmitted:
        flash(gettext("This questionnaire has arrived already. Nothing was begun."), "attention")
        return redirect(url_for("clinic.participant", participant_id=participant_id))
    except WindowClosed:
        words = gettext("The period of this questionnaire is over. Reopen it first; then ask by telephone.")
        flash(words, "attention")
        return redirect(url_for("clinic.participant", participant_id=participant_id))
    address = url_for("questionnaire.resume", assessment_id=assessment_id)
    response = hand_over(make_response(redirect(address)), token, is_interview=True)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response
