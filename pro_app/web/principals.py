"""The signed-in person: the cookie of each face, and the server-side session behind it at each request."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, request
from flask import session as cookie
from flask.sessions import SecureCookieSessionInterface
from flask_login import LoginManager, UserMixin, logout_user

from pro_app.services.sessions import LentFor, ParticipantSignIn, find_participant_sign_in
from pro_app.services.staff_sessions import StaffSignIn, find_staff_sign_in
from pro_app.web import request as this

View = TypeVar("View", bound=Callable[..., Any])

PARTICIPANT, STAFF = "participant", "staff"
HALF = "half"
"""Whoever proved the password and not the second factor yet, under no role; no route is declared for it."""
STAFF_PATHS = ("/staff", "/clinic", "/statistics", "/admin")


COOKIE_PREFIXES = {True: "__Host-", False: ""}
"""By whether cookies go over TLS only; the prefix binds one to this host."""


def name_cookie(app: Flask, face: str) -> str:
    """Name the cookie of a face."""
    return COOKIE_PREFIXES[app.config["SESSION_COOKIE_SECURE"]] + face


class FaceSessionInterface(SecureCookieSessionInterface):
    """Flask's signed cookie session, apart for participants and staff: one browser can hold both."""

    def get_cookie_name(self, app: Flask) -> str:
        """Name the cookie of the face that is asked for."""
        face = STAFF if request.path.startswith(STAFF_PATHS) else PARTICIPANT
        return COOKIE_PREFIXES[app.config["SESSION_COOKIE_SECURE"]] + face


class Principal(UserMixin):
    """A signed-in person; Flask-Login keeps only the opaque token of the server-side session.

    `role` is the one that access declarations name, `loan` what a tablet of the site was lent for.
    """

    def __init__(
        self, token: str, sign_in: StaffSignIn | ParticipantSignIn, *, needs_second_factor: bool
    ) -> None:
        self.token = token
        self.sign_in = sign_in
        self.role = PARTICIPANT
        if isinstance(sign_in, StaffSignIn):
            self.role = sign_in.role if sign_in.is_complete(is_required=needs_second_factor) else HALF
        self.loan: LentFor | None = sign_in.loan if isinstance(sign_in, ParticipantSignIn) else None

    @property
    def kind(self) -> str:
        """Tell whether this is a `participant` or `staff`."""
        return STAFF if isinstance(self.sign_in, StaffSignIn) else PARTICIPANT

    def get_id(self) -> str:
        """Give what goes into the signed cookie."""
        return f"{self.kind}:{self.token}"


def asks_by_itself(view: View) -> View:
    """Declare a route that a page asks without a person: it does not keep the session alive."""
    view.asks_by_itself = True  # type: ignore[attr-defined]  # read back by `find_principal`
    return view


def find_principal(identity: str) -> Principal | None:
    """Find the living server-side session behind the cookie, in a short transaction of its own."""
    kind, _, token = identity.partition(":")
    find = {STAFF: find_staff_sign_in, PARTICIPANT: find_participant_sign_in}.get(kind)
    view = current_app.view_functions.get(request.endpoint or "")
    touch = not getattr(view, "asks_by_itself", False)
    sign_in = find(this.parts().database, token, now=this.now(), touch=touch) if find else None
    needs_second_factor = this.parts().settings.second_factor == "required"
    return Principal(token, sign_in, needs_second_factor=needs_second_factor) if sign_in else None


def sign_in(token: str, *, kind: str) -> None:
    """Put a new session's token into a fresh cookie session; only a picked language is kept of the old one.

    The person is loaded at the next request: the session's row commits with this one.
    """
    language = cookie.get("language")
    cookie.clear()
    if language is not None:
        cookie["language"] = language
    cookie["_user_id"] = f"{kind}:{token}"
    cookie["_fresh"] = True


def sign_out() -> None:
    """Forget the person in the cookie session; the caller ends the server-side session."""
    logout_user()
    cookie.clear()


def init_principals(app: Flask) -> None:
    """Tell Flask-Login how to load the signed-in person."""
    manager = LoginManager(app)
    manager.session_protection = None  # the server-side session is what protects
    manager.user_loader(find_principal)
