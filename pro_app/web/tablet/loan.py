"""The pages of a browser of staff while it is lent: the welcome or the pause, the question, the end."""

import re

from flask import jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from pro_app.errors import NotFound
from pro_app.services.loans import end_loan_of_session
from pro_app.services.participant_home import load_home
from pro_app.services.questionnaire import load_questionnaire
from pro_app.services.responses import require_answerable
from pro_app.services.sessions import GRACE, LentFor
from pro_app.web import access, principals
from pro_app.web import request as this
from pro_app.web.principals import asks_by_itself
from pro_app.web.tablet.face import blueprint
from pro_app.web.tablet_reach import LOCK_PAGE, START, find_loan, open_to_tablet, remember_interview

RECEIPT = "questionnaire.show_receipt"
WARNED_AHEAD = 60
AFTER_RECEIPT, RECEIPT_WARNED_AHEAD = 90, 30
"""Seconds; sending ends the visit to the tablet, so that it locks soon."""


@blueprint.get("/p/tablet")
@access.participants
@open_to_tablet
def start() -> ResponseReturnValue:
    """Name the one questionnaire, for whom it is and about how long it takes; the pause leads here too."""
    lent = _loan()
    questionnaire = load_questionnaire(this.session(), assessment_id=lent.assessment_id, actor=this.actor())
    if questionnaire.assessment.submitted_at is not None:
        return redirect(url_for("questionnaire.show_receipt", assessment_id=lent.assessment_id))
    require_answerable(questionnaire.assessment, this.now())
    home = load_home(this.session(), participant_id=this.participant().participant_id, now=this.now())
    due = next(one for one in home.due if one.assessment_id == lent.assessment_id)
    template = "tablet/start.html" if lent.interviewer is None else "tablet/interview.html"
    return render_template(template, due=due)


@blueprint.get("/p/tablet/alive")
@access.participants
@open_to_tablet
def keep_alive() -> ResponseReturnValue:
    """Take a touch of the screen as use; asking is enough, the sign-in has noted it."""
    return jsonify(seconds=60 * _loan().idle_minutes)


@blueprint.get("/p/tablet/still-here")
@access.participants
@open_to_tablet
@asks_by_itself
def ask_still_here() -> ResponseReturnValue:
    """Ask, where no script does, whether somebody is still there, before the tablet locks."""
    lent = _loan()
    own = re.fullmatch(rf"/p/q/{lent.assessment_id}(/\w+)?", request.args.get("from", ""))
    back_url = own[0] if own else url_for("tablet.start")
    wait = WARNED_AHEAD + int(GRACE.total_seconds()) + 5
    return render_template("tablet/still_here.html", back_url=back_url, wait=wait)


@blueprint.post("/p/tablet/lock")
@access.participants
@open_to_tablet
def lock() -> ResponseReturnValue:
    """End the loan here and on the server; all that was said is kept."""
    lent = _loan()
    end_loan_of_session(
        this.session(), session_id=this.participant().session_id, actor=this.actor(), now=this.now()
    )
    principals.sign_out()
    if lent.interviewer is None:
        return redirect(url_for(LOCK_PAGE))
    remember_interview()
    return redirect(url_for("clinic.tasks"))


@blueprint.get("/p/interview-over")
@access.public
def interview_over() -> ResponseReturnValue:
    """Say in the browser of who asked that the interview goes on no longer."""
    return render_template("tablet/interview_over.html")


@blueprint.app_context_processor
def give_tablet() -> dict[str, object]:
    """Tell every page what this browser was lent for, if it was, and when a tablet locks."""
    lent = find_loan()
    if lent is None:
        return {"tablet": None, "interview": None}
    if lent.interviewer is not None:
        offers_end = request.endpoint in {START, RECEIPT}
        return {"tablet": None, "interview": {"code": lent.participant_code, "offers_end": offers_end}}
    idle, ahead = 60 * lent.idle_minutes, WARNED_AHEAD
    if request.endpoint == RECEIPT:
        idle, ahead = AFTER_RECEIPT, RECEIPT_WARNED_AHEAD
    return {
        "interview": None,
        "tablet": {
            "code": lent.participant_code,
            "counted_by": f"tablet-{lent.loan_id}",
            "idle": idle,
            "ahead": ahead,
            "path": request.path,
            "offers_back": request.endpoint in {START, RECEIPT},
        },
    }


def _loan() -> LentFor:
    """Give what the tablet was lent for; these pages are not there for anybody else."""
    lent = find_loan()
    if lent is None:
        raise NotFound("page")
    return lent
