"""Who may see what: every route declares it, and a route without a declaration is refused to everyone."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, request
from flask_login import current_user

from pro_app.errors import NotFound, NotPermitted
from pro_app.web.bearer import check_bearer
from pro_app.web.principals import HALF, PARTICIPANT
from pro_app.web.tablet_reach import check_tablet

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = frozenset({"public"})
API_TOKEN = frozenset({"api_token"})
STAFF_ROLES = (
    "administrator",
    "coordinator",
    "nurse",
    "investigator",
    "monitor",
    "statistician",
    "inspector",
)
SECOND_FACTOR = "auth.second_factor"
FACE_SIGN_IN = {PARTICIPANT: "participant.door", "staff": "auth.sign_in"}


class SignInNeeded(NotPermitted):
    """Nobody is signed in (any more); `face` says which sign-in page to offer."""

    def __init__(self, face: str) -> None:
        super().__init__("sign in")
        self.face = face


class SecondFactorNeeded(NotPermitted):
    """The password was proven, and nothing else yet."""

    def __init__(self) -> None:
        super().__init__("second factor")


def public(view: View) -> View:
    """Declare a route that anyone may see."""
    return _declare(view, PUBLIC)


def participants(view: View) -> View:
    """Declare a route for signed-in participants."""
    return _declare(view, frozenset({PARTICIPANT}))


def api_token(view: View) -> View:
    """Declare a route for programs that come with a personal token."""
    return _declare(view, API_TOKEN)


def staff(*roles: str) -> Callable[[View], View]:
    """Declare a route for signed-in members of staff who act under one of `roles`."""
    unknown = set(roles) - set(STAFF_ROLES)
    if unknown or not roles:
        raise ValueError(f"unknown roles: {unknown}")
    return lambda view: _declare(view, frozenset(roles))


def open_to_half(view: View) -> View:
    """Declare a route of staff that whoever proved the password alone sees as well; they have no others."""
    view.open_to_half = True  # type: ignore[attr-defined]  # read back by `_refuse_role`
    return view


def _declare(view: View, allowed: frozenset[str]) -> View:
    view.allowed_roles = allowed  # type: ignore[attr-defined]  # read back by `allowed_roles`
    return view


def allowed_roles(app: Flask, endpoint: str) -> frozenset[str] | None:
    """Give what the route declares, None where it declares nothing."""
    if endpoint == "static" or endpoint.endswith(".static"):
        return PUBLIC
    return getattr(app.view_functions[endpoint], "allowed_roles", None)


def check_access() -> None:
    """Refuse the request unless its route declares that the signed-in person may see it.

    A tablet of the site that is lent, or locked, has fewer routes still (web/tablet_reach.py).
    """
    if request.endpoint is None:
        return  # an unknown address: dispatching raises 404
    allowed = allowed_roles(current_app, request.endpoint)
    if allowed is None:
        raise NotPermitted("undeclared route")
    if request.blueprint and not (current_user.is_authenticated and current_user.loan is None):
        check_tablet()
    if allowed == PUBLIC:
        return
    if allowed == API_TOKEN:
        check_bearer()
    elif not current_user.is_authenticated:
        raise SignInNeeded(PARTICIPANT if PARTICIPANT in allowed else "staff")
    elif current_user.role not in allowed:
        _refuse_role()


def _refuse_role() -> None:
    """Hide the page from a role that it is not for; lead half a sign-in to the second factor."""
    if current_user.role != HALF:
        raise NotFound("page")
    view = current_app.view_functions.get(request.endpoint or "")
    if not getattr(view, "open_to_half", False):
        raise SecondFactorNeeded
