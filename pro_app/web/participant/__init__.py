"""Signing in as a participant, and the home page."""

from pro_app.web.participant import activation, door, home
from pro_app.web.participant.expired_session import offer_pin_for_answers
from pro_app.web.participant.face import blueprint

__all__ = ["activation", "blueprint", "door", "home"]

offer_pin_for_answers()
