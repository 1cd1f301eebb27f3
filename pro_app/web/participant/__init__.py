"""Signing in as a participant, and the participant's own pages."""

from pro_app.web.participant import (
    activation,
    calendar,
    devices,
    display,
    door,
    history,
    home,
    information,
    push,
    settings,
)
from pro_app.web.participant.expired_session import offer_pin_for_answers
from pro_app.web.participant.face import blueprint

__all__ = [
    "activation",
    "blueprint",
    "calendar",
    "devices",
    "display",
    "door",
    "history",
    "home",
    "information",
    "push",
    "settings",
]

offer_pin_for_answers()
