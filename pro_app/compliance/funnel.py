"""Funnel plots: which sites lie outside of what chance alone makes likely, given how many forms they expect.

Spiegelhalter 2005, Stat Med 24:1185–1202, doi 10.1002/sim.1970: exact binomial control limits around the
rate of all sites together, interpolated between two whole numbers (appendix A.1.1) so that they make a line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isnan
from typing import Literal

from scipy.special import bdtr, bdtrik

Place = Literal["below_998", "below_95", "within", "above_95", "above_998"]
OUTSIDE: tuple[Place, ...] = ("below_998", "below_95", "above_95", "above_998")
_TAIL_95, _TAIL_998 = 0.025, 0.001


@dataclass(frozen=True, slots=True)
class ControlLimits:
    """Between which rates (0–1) a site with `expected` forms lies by chance: 95 % and 99.8 % limits."""

    expected: int
    lower_998: float
    lower_95: float
    upper_95: float
    upper_998: float

    def place(self, completed: int) -> Place:
        """Say where a site with so many completed forms lies; on a limit is within it."""
        rate = completed / self.expected
        if rate < self.lower_998:
            return "below_998"
        if rate > self.upper_998:
            return "above_998"
        if rate < self.lower_95:
            return "below_95"
        return "above_95" if rate > self.upper_95 else "within"


def find_limits(expected: int, target: float) -> ControlLimits:
    """Give the control limits for `expected` forms (1 at least) around the rate `target` (0–1).

    A site lies below a lower limit exactly where so few completed forms, or fewer, have a probability
    under 2.5 % (or 0.1 %); above an upper one likewise with the forms that are not completed.
    """
    return ControlLimits(
        expected,
        lower_998=_find_lower(expected, target, _TAIL_998),
        lower_95=_find_lower(expected, target, _TAIL_95),
        # The upper limits are the lower ones of what did not come: both tails are treated alike.
        upper_95=1 - _find_lower(expected, 1 - target, _TAIL_95),
        upper_998=1 - _find_lower(expected, 1 - target, _TAIL_998),
    )


def list_limits(most_expected: int, target: float, *, points: int = 60) -> list[ControlLimits]:
    """List the limits from 1 to `most_expected` forms in at most so many steps, for drawing."""
    step = max(1, -(-most_expected // points))
    numbers = [*range(1, most_expected, step), most_expected]
    return [find_limits(number, target) for number in numbers]


def find_target(counts: Sequence[tuple[int, int]]) -> float | None:
    """Give the rate of all sites together from (completed, expected) of each, 0–1; None without any form."""
    expected = sum(pair[1] for pair in counts)
    return sum(pair[0] for pair in counts) / expected if expected else None


def _find_lower(expected: int, target: float, tail: float) -> float:
    """Give the lower limit as a rate: between the last count that is too rare and the first that is not."""
    if target <= 0:
        return 0.0
    # The inverse is a real number, NaN where even the count 0 is not too rare: rounding is checked.
    between = bdtrik(tail, expected, target)
    first = 0 if isnan(between) else max(0, ceil(between) - 1)
    while _probability(first, expected, target) < tail:
        first += 1
    at, below = (_probability(count, expected, target) for count in (first, first - 1))
    return max(0.0, (first - (at - tail) / (at - below)) / expected)


def _probability(count: int, expected: int, target: float) -> float:
    """Give P(R ≤ count) for a binomial R; 0 for a negative count."""
    return float(bdtr(count, expected, target)) if count >= 0 else 0.0
