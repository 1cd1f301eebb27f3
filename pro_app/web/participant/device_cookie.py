"""The cookie by which a phone is remembered: on it the PIN alone is enough."""

from datetime import timedelta

from flask import Response, current_app, request

LIFE = timedelta(days=400)
"""The longest that browsers keep a cookie; each sign-in begins it anew."""

DEVICES = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)


def find_device_secret() -> str | None:
    """Find the secret of a remembered device among the request's cookies."""
    return request.cookies.get(_name()) or None


def remember_device(response: Response, device_secret: str) -> None:
    """Put the secret where only this site's pages send it and no script reads it."""
    response.set_cookie(
        _name(),
        device_secret,
        max_age=LIFE,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )


def forget_device(response: Response) -> Response:
    """Take the secret from this browser."""
    response.delete_cookie(
        _name(), secure=current_app.config["SESSION_COOKIE_SECURE"], httponly=True, samesite="Lax"
    )
    return response


def device_label() -> str:
    """Name the device in a word that its owner recognises, and nothing finer."""
    agent = request.user_agent.string
    return next((label for part, label in DEVICES if part in agent), "Web")


def _name() -> str:
    return "__Host-device" if current_app.config["SESSION_COOKIE_SECURE"] else "device"
