"""What each possible pattern of answers to one linear scale is worth, reckoned once for all responses.

A linear score depends on two whole numbers alone: how many items were answered, and the total of their
codes. Both fit in one key, so that the score of any response is one look into a table.
Source: Fayers PM et al., EORTC QLQ-C30 Scoring Manual, 3rd edition, Brussels 2001.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pro_app.instruments.instrument import Scale
from pro_app.scoring.vectorised.score_arrays import Floats

LOWEST_CODE = 1


@dataclass(frozen=True, slots=True)
class Pattern:
    """One number of answers with one total of their codes; the score is 100 * `good` / `steps`."""

    answered: int
    total: int
    good: int
    steps: int

    def key(self, stride: int) -> int:
        """Give the key of this pattern in tables where keys of the next number are `stride` further on."""
        return self.answered * stride + self.total


def highest_code(scale: Scale) -> int:
    """Give the highest code that an item of the scale can have."""
    return LOWEST_CODE + scale.item_range


def find_stride(scale: Scale) -> int:
    """Give the least stride that keeps the keys of a scale apart: one above its highest total."""
    return 1 + len(scale.items) * highest_code(scale)


def highest_key(scale: Scale, stride: int) -> int:
    """Give the key of the response that answers every item with the highest code."""
    return len(scale.items) * (stride + highest_code(scale))


def list_patterns(scale: Scale) -> Iterator[Pattern]:
    """Give every pattern with enough answers for a score (half rule)."""
    for answered in range(scale.needed, len(scale.items) + 1):
        lowest, steps = answered * LOWEST_CODE, answered * scale.item_range
        for above in range(steps + 1):
            good = steps - above if scale.kind == "functional" else above
            yield Pattern(answered, lowest + above, good, steps)


def tabulate_scores(scale: Scale, stride: int) -> Floats:
    """Give the scores of a scale by key, NaN where too few items were answered.

    Each is one division of whole numbers, which Python rounds to the nearest float.
    """
    scores = np.full(highest_key(scale, stride) + 1, np.nan)
    for pattern in list_patterns(scale):
        scores[pattern.key(stride)] = 100 * pattern.good / pattern.steps
    return scores
