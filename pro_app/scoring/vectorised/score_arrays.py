"""The scores of many responses as arrays, and the codes that stand for answers without a number."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pro_app.instruments.instrument import ScoringDefinition

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]
"""A matrix of answers, (items, responses): response codes, MISSING_CODE or NOT_APPLICABLE_CODE."""

NOT_APPLICABLE_CODE: Final = -1
MISSING_CODE: Final = 0


@dataclass(frozen=True, slots=True)
class ScoreArrays:
    """The scores of many responses: every array has the shape (scales, responses).

    Scales stand in published order, the summary last. `value` (0-100) is the float nearest to the exact
    fraction, NaN where there is no score. The counts are of items, for a summary of scales; `needed` has
    one number for each scale. `total` is the sum of the codes, 0 for a summary; divided by `answered` it is
    the raw score, which would take as much memory as the scores.
    """

    value: Floats
    total: NDArray[np.unsignedinteger[Any]]
    answered: NDArray[np.int8]
    not_applicable: NDArray[np.int8]
    missing: NDArray[np.int8]
    needed: tuple[int, ...]

    def part(self, responses: slice) -> "ScoreArrays":
        """Give a view of some of the responses."""
        return ScoreArrays(
            self.value[:, responses],
            self.total[:, responses],
            self.answered[:, responses],
            self.not_applicable[:, responses],
            self.missing[:, responses],
            self.needed,
        )


def make_arrays(definition: ScoringDefinition, responses: int, total_type: np.dtype[Any]) -> ScoreArrays:
    """Make arrays to be filled; those of totals and of what is not applicable begin with zeros."""
    shape = (len(definition.scale_codes), responses)
    summary = definition.summary
    return ScoreArrays(
        value=np.empty(shape),
        total=np.zeros(shape, total_type),
        answered=np.empty(shape, np.int8),
        not_applicable=np.zeros(shape, np.int8),
        missing=np.empty(shape, np.int8),
        needed=(
            *(scale.needed for scale in definition.scales),
            *([len(summary.scales)] if summary else []),
        ),
    )
