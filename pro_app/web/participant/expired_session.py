"""An answer that is sent when the session is over goes through the PIN and is saved after it."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from pro_app.web import errors
from pro_app.web import request as this
from pro_app.web.access import SignInNeeded
from pro_app.web.participant.device_cookie import find_device_secret
from pro_app.web.participant.forms import CodeForm, PinForm
from pro_app.web.questionnaire import blueprint as questionnaire
from pro_app.web.questionnaire.carried import CarriedAnswer, carry_answer, sign_carried
from pro_app.web.tablet_reach import INTERVIEW_OVER, LOCK_PAGE, find_loan, find_paused, was_interview


def offer_pin_for_answers() -> None:
    """Let the questionnaire's pages answer a missing session with the PIN, the answer carried along."""
    questionnaire.register_error_handler(SignInNeeded, offer_pin)
    questionnaire.register_error_handler(CSRFError, offer_pin)


def offer_pin(error: SignInNeeded | CSRFError) -> ResponseReturnValue:
    """Show the PIN page with what was sent; a page of another origin is refused, a GET led to the door."""
    if isinstance(error, SignInNeeded) and (request.method != "POST" or errors.wants_json()):
        return errors.offer_sign_in(error)
    # The access check comes after that of the CSRF token, which then was a good one of ours.
    if find_loan() is None and find_paused() is not None:
        return redirect(url_for(LOCK_PAGE))  # a locked tablet offers nobody a sign-in
    if was_interview():
        return redirect(url_for(INTERVIEW_OVER))  # what somebody said on the telephone waits for nobody's PIN
    ours = isinstance(error, SignInNeeded) or is_same_origin()
    carried = _find_sent() if ours else None
    if errors.wants_json() or carried is None:
        return errors.render(400, errors.EXPIRED_FORM)
    signed = sign_carried(carried)
    if find_device_secret():
        form = PinForm(formdata=None, carried=signed)
        return render_template("participant/pin.html", form=form, carried=carried, centre=None), 401
    code_form = CodeForm(formdata=None, carried=signed)
    return render_template("participant/sign_in.html", form=code_form, carried=carried), 401


def is_same_origin() -> bool:
    """Tell whether the browser says that one of our own pages sent this request."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    return request.headers.get("Origin", "").partition("://")[2] == request.host


def _find_sent() -> CarriedAnswer | None:
    """Find the answer, or the wish to send the form, in the request that came too late."""
    places = request.view_args or {}
    assessment_id = int(places.get("assessment_id", 0))
    if request.endpoint == "questionnaire.save_screen":
        return carry_answer(assessment_id, int(places["number"]))
    if request.endpoint == "questionnaire.send":
        return CarriedAnswer(assessment_id, f"/p/q/{assessment_id}/send", None, this.now())
    return None
