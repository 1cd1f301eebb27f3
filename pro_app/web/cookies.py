"""Cookie sessions, apart for participants and staff, so that one browser can hold both."""

from typing import Any

from flask import Flask, Request, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature

STAFF_PATHS = ("/staff", "/clinic", "/statistics", "/admin")


class FaceSessionInterface(SecureCookieSessionInterface):
    """Flask's signed cookie session under a name that depends on the face that is asked for."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Open the session of the face that `request` asks for."""
        serializer = self.get_signing_serializer(app)
        value = request.cookies.get(cookie_name(app, request.path))
        if serializer is None or not value:
            return self.session_class()
        try:
            data: dict[str, Any] = serializer.loads(value)
        except BadSignature:
            data = {}
        return self.session_class(data)

    def get_cookie_name(self, app: Flask) -> str:
        """Give the name under which the session of this face is saved."""
        return cookie_name(app, request.path)


def cookie_name(app: Flask, path: str) -> str:
    """Name the session cookie of a face; `__Host-` binds it to this host wherever it is secure."""
    face = "staff" if path.startswith(STAFF_PATHS) else "participant"
    return f"__Host-{face}" if app.config["SESSION_COOKIE_SECURE"] else face
