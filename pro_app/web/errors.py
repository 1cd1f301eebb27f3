"""One table that turns every named error into a status and a page that says what is safe and what to do."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, gettext, lazy_gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from pro_app import errors
from pro_app.web import request as this
from pro_app.web.access import FACE_SIGN_IN, SECOND_FACTOR, SecondFactorNeeded, SignInNeeded
from pro_app.web.problems import problem_words
from pro_app.web.tablet_reach import (
    INTERVIEW_OVER,
    LOCK_PAGE,
    START,
    KeptToQuestionnaire,
    TabletLocked,
    was_interview,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an error page says: what happened, and what is safe or to do."""

    title: str
    advice: str


NOT_THERE = Explanation(
    lazy_gettext("This page does not exist"),
    lazy_gettext("Check the address, or go back to the start. Nothing was changed."),
)
UNKNOWN = Explanation(
    lazy_gettext("Something went wrong on our side"),
    lazy_gettext(
        "What was confirmed to you before is safe. Please try again in a moment, or call your centre."
    ),
)
TOO_LARGE = Explanation(
    lazy_gettext("What you sent is too large"),
    lazy_gettext("Nothing was changed. Go back and choose a smaller file."),
)
EXPIRED_FORM = Explanation(
    lazy_gettext("This page was open for too long"),
    lazy_gettext("Nothing was changed. Go back, load the page again and send it once more."),
)


def _window_closed(error: errors.WindowClosed) -> Explanation:
    if error.not_yet and error.opens_on is not None:
        advice = gettext("It opens on %(date)s.", date=format_date(error.opens_on, "full"))
    else:
        advice = gettext("The period for answering is over. Nothing else is expected from you for this one.")
    return Explanation(gettext("This questionnaire is not open"), advice)


def _already_submitted(error: errors.AlreadySubmitted) -> Explanation:
    return Explanation(
        gettext("This questionnaire has already been received"),
        gettext("Your answers arrived; the receipt code is %(code)s.", code=error.receipt_code),
    )


def _answer_rejected(error: errors.AnswerRejected) -> Explanation:
    return Explanation(
        gettext("This answer does not fit the question"),
        gettext(
            "Question %(number)s: nothing was changed. Please answer it again.", number=error.item_number
        ),
    )


def _try_later(error: errors.TryLater) -> Explanation:
    return Explanation(
        gettext("Too many tries"),
        gettext(
            "You can try again in %(seconds)s seconds. Nothing is locked for good.", seconds=error.seconds
        ),
    )


def _fixed(title: str, advice: str) -> Callable[[object], Explanation]:
    return lambda _error: Explanation(title, advice)


RESPONSES: dict[type[Exception], tuple[int, Callable[..., Explanation]]] = {
    errors.NotFound: (404, lambda _error: NOT_THERE),
    errors.NotPermitted: (403, _fixed(
        lazy_gettext("You cannot do this"),
        lazy_gettext("Your role does not allow it. Nothing was changed."),
    )),
    errors.WindowClosed: (409, _window_closed),
    errors.AlreadySubmitted: (409, _already_submitted),
    errors.AnswerRejected: (400, _answer_rejected),
    errors.OperationConflict: (409, _fixed(
        lazy_gettext("This answer was already sent with another content"),
        lazy_gettext("The first one was kept. Load the page again and choose anew."),
    )),
    errors.TryLater: (429, _try_later),
    errors.SignInRefused: (403, _fixed(
        lazy_gettext("The sign-in did not work"),
        lazy_gettext("Check what you typed and try again."),
    )),
    errors.TokenRefused: (403, _fixed(
        lazy_gettext("This card can no longer be used"),
        lazy_gettext("It was already used, replaced or is too old. Ask your centre for a new card."),
    )),
    errors.InputRejected: (400, _fixed(
        lazy_gettext("Something in this form cannot be used"),
        lazy_gettext("Nothing was changed. Go back and check it."),
    )),
}  # fmt: skip


def init_errors(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(SignInNeeded, offer_sign_in)
    app.register_error_handler(SecondFactorNeeded, ask_for_second_factor)
    app.register_error_handler(KeptToQuestionnaire, lambda _error: stay_on_tablet(START))
    app.register_error_handler(TabletLocked, lambda _error: stay_on_tablet(LOCK_PAGE))
    app.register_error_handler(errors.ProAppError, explain)
    app.register_error_handler(CSRFError, lambda _error: render(400, EXPIRED_FORM))
    app.register_error_handler(HTTPException, explain_http)
    app.register_error_handler(Exception, explain_unknown)


def wants_json() -> bool:
    """Tell whether the caller is a program rather than a page."""
    return request.is_json or request.accept_mimetypes.best == "application/json"


def render(status: int, explanation: Explanation, **fault: str) -> ResponseReturnValue:
    """Render an error for a page or for a program; `fault` names what of its request it is about."""
    if wants_json():
        return jsonify(error=str(explanation.title), advice=str(explanation.advice), **fault), status
    return render_template("error.html", explanation=explanation, status=status), status


def offer_sign_in(error: SignInNeeded) -> ResponseReturnValue:
    """Lead to the sign-in page of the face, after an interview to what says so; programs get 401."""
    if wants_json():
        return jsonify(error=gettext("Please sign in again.")), 401
    if was_interview():
        return redirect(url_for(INTERVIEW_OVER))
    return redirect(url_for(FACE_SIGN_IN[error.face]))


def ask_for_second_factor(_error: SecondFactorNeeded) -> ResponseReturnValue:
    """Lead to the page of the second factor; programs get 401."""
    if wants_json():
        return jsonify(error=gettext("Please sign in again.")), 401
    return redirect(url_for(SECOND_FACTOR))


def stay_on_tablet(endpoint: str) -> ResponseReturnValue:
    """Lead back to what a tablet of the site shows; programs get 401."""
    if wants_json():
        return jsonify(error=gettext("Please sign in again.")), 401
    return redirect(url_for(endpoint))


def explain(error: errors.ProAppError) -> ResponseReturnValue:
    """Explain a named error by the table above."""
    for kind in type(error).__mro__:
        if kind in RESPONSES:
            status, explanation = RESPONSES[kind]
            return render(status, explanation(error), **name_fault(error))
    return explain_unknown(error)


def name_fault(error: errors.ProAppError) -> dict[str, str]:
    """Name what of a program's request an error is about: its operation, its place, what is wrong there."""
    if isinstance(error, errors.AnswerRejected | errors.OperationConflict):
        return {"operation_id": error.operation_id} if error.operation_id else {}
    if not isinstance(error, errors.InputRejected) or not error.problems:
        return {}
    problem = error.problems[0]
    named = {"place": problem.place, "message": problem_words(problem)}
    about = (problem.values or {}).get("operation_id")
    return named | ({"operation_id": str(about)} if about else {})


def explain_http(error: HTTPException) -> ResponseReturnValue:
    """Explain what Flask itself refused: unknown address, wrong method, too large a body."""
    status = error.code or 500
    if status < 400:  # noqa: PLR2004 -- a redirect of the routing is no error
        return error.get_response()
    return render(status, {404: NOT_THERE, 405: NOT_THERE, 413: TOO_LARGE}.get(status, UNKNOWN))


def explain_unknown(error: Exception) -> ResponseReturnValue:
    """Log what nobody foresaw, by request and not by person, and say what is safe."""
    logger.error("request %s failed", this.request_id(), exc_info=error)
    return render(500, UNKNOWN)
