"""Funnel plots: which sites lie outside of what chance alone makes likely, given how many forms they expect.

Spiegelhalter 2005, Stat Med 24:1185–1202, doi 10.1002/sim.1970: exact binomial control limits around the
rate of all sites together, interpolated between two whole numbers (appendix A.1.1) so that they make a line.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, bdtrik

Numbers = NDArray[np.float64]
WholeNumbers = NDArray[np.int64]
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
    return find_limits_of([expected], target)[expected]


def find_limits_of(numbers: Iterable[int], target: float) -> dict[int, ControlLimits]:
    """Give the control limits for each of several numbers of forms, computed together."""
    wanted = sorted(set(numbers))
    expected = np.array(wanted, dtype=np.int64)
    limits = (
        _find_lower(expected, target, _TAIL_998),
        _find_lower(expected, target, _TAIL_95),
        # The upper limits are the lower ones of what did not come: both tails are treated alike.
        1 - _find_lower(expected, 1 - target, _TAIL_95),
        1 - _find_lower(expected, 1 - target, _TAIL_998),
    )
    rows = zip(*(column.tolist() for column in limits), strict=True)
    return {number: ControlLimits(number, *row) for number, row in zip(wanted, rows, strict=True)}


def list_limits(most_expected: int, target: float, *, points: int = 60) -> list[ControlLimits]:
    """List the limits from 1 to `most_expected` forms in at most so many steps, for drawing."""
    step = max(1, -(-most_expected // points))
    return list(find_limits_of([*range(1, most_expected, step), most_expected], target).values())


def find_target(counts: Sequence[tuple[int, int]]) -> float | None:
    """Give the rate of all sites together from (completed, expected) of each, 0–1; None without any form."""
    expected = sum(pair[1] for pair in counts)
    return sum(pair[0] for pair in counts) / expected if expected else None


def _find_lower(expected: WholeNumbers, target: float, tail: float) -> Numbers:
    """Give the lower limits as rates: between the last count that is too rare and the first that is not."""
    if target <= 0:
        return np.zeros(expected.shape)
    # The inverse is a real number, NaN where even the count 0 is not too rare: rounding is checked.
    between = np.nan_to_num(bdtrik(tail, expected, target), nan=0.0)
    first = np.maximum(0.0, np.ceil(between) - 1)
    while (rare := _probability(first, expected, target) < tail).any():
        first = first + rare
    at, below = (_probability(count, expected, target) for count in (first, first - 1))
    lower: Numbers = np.maximum(0.0, (first - (at - tail) / (at - below)) / expected)
    return lower


def _probability(count: Numbers, expected: WholeNumbers, target: float) -> Numbers:
    """Give P(R ≤ count) for binomial R; 0 for a negative count."""
    found: Numbers = np.where(count >= 0, bdtr(np.maximum(count, 0), expected, target), 0.0)
    return found
