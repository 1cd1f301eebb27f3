"""Counts of forms by what became of them, as they are added up: what every page of rates shows."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import add, attrgetter

FIGURES = (
    "expected",
    "received",
    "valid",
    "completed",
    "available",
    "in_window",
    "late",
    "incomplete",
    "missed",
    "still_open",
    "unexplained",
    "own_device",
    "site_tablet",
    "interview",
    "paper",
    "proxy",
)
"""The numbers that are counted form by form; each leads to the list of the forms behind it."""


_list_counts: Callable[["FormTally"], tuple[int, ...]] = attrgetter(*FIGURES)


@dataclass(frozen=True, slots=True)
class FormTally:
    """Forms whose window has closed, counted by what became of them.

    Every expected form is received, incomplete, missed or still open (reopened by the site); received ones
    may be of people who were not expected. `completed`: valid and expected, `available`: valid and of
    somebody in the fixed denominator. `unexplained`: incomplete or missed, and nobody said why. `own_device`
    to `paper` are the received ones by mode, `proxy` those that somebody else answered, which are not scored.
    """

    expected: int = 0
    received: int = 0
    valid: int = 0
    completed: int = 0
    available: int = 0
    in_window: int = 0
    late: int = 0
    incomplete: int = 0
    missed: int = 0
    still_open: int = 0
    unexplained: int = 0
    own_device: int = 0
    site_tablet: int = 0
    interview: int = 0
    paper: int = 0
    proxy: int = 0

    def __add__(self, other: "FormTally") -> "FormTally":
        """Add two counts of different forms."""
        return FormTally(*map(add, _list_counts(self), _list_counts(other)))

    @property
    def completion_rate(self) -> float | None:
        """Valid ÷ those still expected, 0–1 (variable denominator); None if nobody is (Coens et al. 2020)."""
        return find_rate(self.completed, self.expected)


def find_rate(numerator: int, denominator: int) -> float | None:
    """Divide two counts, 0–1; None where there is nobody to divide by."""
    return numerator / denominator if denominator else None
