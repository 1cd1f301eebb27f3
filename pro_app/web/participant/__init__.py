"""Signing in as a participant, the home page, and the own settings."""

from pro_app.web.participant import activation, door, home, push, settings
from pro_app.web.participant.expired_session import offer_pin_for_answers
from pro_app.web.participant.face import blueprint

__all__ = ["activation", "blueprint", "door", "home", "push", "settings"]

offer_pin_for_answers()
