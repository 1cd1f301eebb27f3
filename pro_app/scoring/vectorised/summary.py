"""The mean of scales for many responses at once: added up in whole numbers and divided once.

Source: Giesinger JM et al., J Clin Epidemiol 2016;69:79-88 (summary score of QLQ-C30).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pro_app.instruments.instrument import Scale, SummaryScale
from pro_app.scoring.vectorised.answer_patterns import highest_key, list_patterns
from pro_app.scoring.vectorised.score_arrays import Floats

LARGEST_EXACT = 2**53
"""Whole numbers up to here are exact as floats."""


@dataclass(frozen=True, slots=True)
class SummaryPlan:
    """A summary whose scales are known by their `places` among the scales of the definition.

    `parts` are tables by key: the score as a whole number of parts of 100 / `denominator`, turned round
    where high is bad, NaN where there is no score.
    """

    places: tuple[int, ...]
    parts: tuple[NDArray[Any], ...]
    denominator: int

    def score(self, keys: NDArray[np.intp]) -> Floats:
        """Give the summary of each response, NaN where a scale is missing; the rows of `keys` are scales."""
        total = self.parts[0][keys[self.places[0]]]
        for place, parts in zip(self.places[1:], self.parts[1:], strict=True):
            total += parts[keys[place]]
        return np.asarray(100 * total / (self.denominator * len(self.places)), dtype=np.float64)


def plan_summary(summary: SummaryScale, scales: Sequence[Scale], *, stride: int) -> SummaryPlan:
    """Put all scores that the scales of the summary can have over one denominator."""
    places = {scale.code: place for place, scale in enumerate(scales)}
    used = [scales[places[code]] for code in summary.scales]
    denominator = lcm(*[pattern.steps for scale in used for pattern in list_patterns(scale)])
    # Python's own whole numbers are slower, and right where those of a float end; no known instrument
    # needs them.
    exact = 100 * denominator * len(used) <= LARGEST_EXACT
    tables = [
        _tabulate_parts(scale, stride, denominator=denominator, turned=scale.code in summary.reversed_scales)
        for scale in used
    ]
    return SummaryPlan(
        places=tuple(places[code] for code in summary.scales),
        parts=tuple(table.astype(np.float64) if exact else table for table in tables),
        denominator=denominator,
    )


def _tabulate_parts(scale: Scale, stride: int, *, denominator: int, turned: bool) -> NDArray[Any]:
    """Give the parts of one scale by key, as Python's whole numbers."""
    table = np.full(highest_key(scale, stride) + 1, np.nan, dtype=object)
    for pattern in list_patterns(scale):
        parts = pattern.good * (denominator // pattern.steps)
        table[pattern.key(stride)] = denominator - parts if turned else parts
    return table
