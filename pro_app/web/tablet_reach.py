"""A browser of staff on loan shows one questionnaire; a tablet afterwards only its lock page.

In an interview by telephone the pages of staff stay open beside it, and nothing that only scripts ask for.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, current_app, g, request
from flask import session as cookie
from flask.sessions import SecureCookieSessionInterface
from flask_login import current_user
from itsdangerous import BadSignature

from pro_app.errors import NotPermitted
from pro_app.services.sessions import LentFor
from pro_app.services.tablet_loans import PausedSession, find_paused_session
from pro_app.web import request as this
from pro_app.web.principals import PARTICIPANT, STAFF, name_cookie

View = TypeVar("View", bound=Callable[..., Any])

LOCK_PAGE, START, INTERVIEW_OVER = "tablet.locked", "tablet.start", "tablet.interview_over"
ASKED_BY_SCRIPTS = frozenset(
    {
        "questionnaire.show_whole",
        "questionnaire.tell_answers",
        "questionnaire.tell_owner",
        "questionnaire.save_batch",
        "tablet.keep_alive",
        "tablet.ask_still_here",
    }
)
"""No page of an interview has a script that keeps or sends anything, so that these are nobody's there."""
INTERVIEWED = "interview"
"""The word in the participants' cookie of a browser in which an interview went on."""
OPEN_WHEN_LOCKED = frozenset(
    {LOCK_PAGE, "tablet.take_back", "tablet.sign_out", "participant.accessibility_statement"}
)
FACES = frozenset({"participant", "questionnaire", "auth", "clinic", "statistician", "admin", "tablet"})
"""Whose pages a tablet keeps from whoever holds it; files and programs' addresses show nobody anything."""


class KeptToQuestionnaire(NotPermitted):
    """This page is not one of those that a tablet on loan shows."""

    def __init__(self) -> None:
        super().__init__("lent tablet")


class TabletLocked(NotPermitted):
    """The session of the member of staff who lent this tablet pauses, and nobody else is signed in."""

    def __init__(self) -> None:
        super().__init__("locked tablet")


def open_to_tablet(view: View) -> View:
    """Declare a route that a tablet on loan shows as well; it has no others."""
    view.open_to_tablet = True  # type: ignore[attr-defined]  # read back by `check_tablet`
    return view


def check_tablet() -> None:
    """Keep a tablet on loan to its questionnaire, and a locked one to its lock page."""
    view = current_app.view_functions.get(request.endpoint or "")
    if request.blueprint not in FACES or request.endpoint in OPEN_WHEN_LOCKED:
        return
    if find_loan() is not None:
        if not getattr(view, "open_to_tablet", False) or _is_kept_from_interview():
            raise KeptToQuestionnaire
    elif not current_user.is_authenticated and find_paused() is not None:
        raise TabletLocked


def _is_kept_from_interview() -> bool:
    lent = find_loan()
    return lent is not None and lent.interviewer is not None and request.endpoint in ASKED_BY_SCRIPTS


def find_loan() -> LentFor | None:
    """Find what this tablet was lent for; None where the page is not asked for on a tablet on loan."""
    return current_user.loan if current_user and current_user.is_authenticated else None


def find_paused() -> PausedSession | None:
    """Find the paused staff session of this browser, whichever face is asked for; None if there is none."""
    if "paused" not in g:
        token = _find_staff_token()
        g.paused = find_paused_session(this.parts().database, token, now=this.now()) if token else None
    found: PausedSession | None = g.paused
    return found


def hand_over(response: Response, token: str, *, is_interview: bool = False) -> Response:
    """Put a participant's session into this browser from a page of staff, in a fresh cookie of its own."""
    text = _serializer().dumps(
        {"_user_id": f"{PARTICIPANT}:{token}", "_fresh": True, INTERVIEWED: is_interview}
    )
    response.set_cookie(name_cookie(current_app, PARTICIPANT), text, **_cookie_options())  # type: ignore[arg-type]  # keywords
    return response


def remember_interview() -> None:
    """Note in the participants' cookie that what this browser may still send was asked by telephone."""
    cookie[INTERVIEWED] = True


def was_interview() -> bool:
    """Tell whether a session that is over was an interview, after which nobody is offered a PIN."""
    return bool(cookie.get(INTERVIEWED))


def take_away(response: Response) -> Response:
    """Take the participant's cookie from this browser."""
    response.delete_cookie(name_cookie(current_app, PARTICIPANT), **_cookie_options())  # type: ignore[arg-type]  # keywords
    return response


def _cookie_options() -> dict[str, object]:
    return {"secure": current_app.config["SESSION_COOKIE_SECURE"], "httponly": True, "samesite": "Lax"}


def _find_staff_token() -> str | None:
    """Find the token in the staff cookie, also where the participants' one makes the session."""
    text = request.cookies.get(name_cookie(current_app, STAFF))
    try:
        identity = str(_serializer().loads(text).get("_user_id", "")) if text else ""
    except BadSignature:
        return None
    kind, _, token = identity.partition(":")
    return token if kind == STAFF and token else None


def _serializer() -> Any:  # noqa: ANN401 -- itsdangerous gives no narrower type
    interface = current_app.session_interface
    if not isinstance(interface, SecureCookieSessionInterface):
        raise TypeError("the sessions of this app are signed cookies")
    return interface.get_signing_serializer(current_app)


def forget_staff() -> None:
    """Forget the paused member of staff in the cookie of staff."""
    cookie.clear()
