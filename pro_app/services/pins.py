"""Which PINs a participant may choose; they are kept and checked like passwords (services/passwords.py)."""

from pro_app.errors import InputRejected, Problem
from pro_app.language import mark

PIN_LENGTH = 6
_RUN = "01234567890123456789"


def check_pin(pin: str) -> list[Problem]:
    """List what is wrong with a PIN that someone would like to choose; an empty list means that it may be."""
    if len(pin) != PIN_LENGTH or not (pin.isascii() and pin.isdigit()):
        return [Problem(mark("A PIN has six digits."), place="pin")]
    if _is_guessable(pin):
        message = mark(
            "This PIN is easy to guess: its digits repeat or follow each other. Choose another one."
        )
        return [Problem(message, place="pin")]
    return []


def require_good_pin(pin: str) -> None:
    """Raise InputRejected for a PIN that may not be chosen."""
    problems = check_pin(pin)
    if problems:
        raise InputRejected(tuple(problems))


def _is_guessable(pin: str) -> bool:
    """Tell whether the PIN repeats a pattern of one to three digits, or runs up or down."""
    repeated = {pin[:length] * (PIN_LENGTH // length) for length in (1, 2, 3)}
    return pin in repeated or pin in _RUN or pin in _RUN[::-1]
