"""Signing in as a participant, and the participant's own pages."""

from pro_app.web.participant import (
    accessibility,
    activation,
    calendar,
    devices,
    display,
    door,
    forgotten_pin,
    history,
    home,
    information,
    push,
    settings,
)
from pro_app.web.participant.expired_session import offer_pin_for_answers
from pro_app.web.participant.face import blueprint

__all__ = [
    "accessibility",
    "activation",
    "blueprint",
    "calendar",
    "devices",
    "display",
    "door",
    "forgotten_pin",
    "history",
    "home",
    "information",
    "push",
    "settings",
]

offer_pin_for_answers()
