"""One score with all that is needed to defend it, and the values that items can carry."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

NotApplicable = Literal["N"]
"""The answer "not applicable": an answer for completeness, but no number for a score."""

NOT_APPLICABLE: Final[NotApplicable] = "N"

ItemValue = int | NotApplicable | None
"""What an item carries: a response code, "not applicable", or None where there is no answer."""

NotScoredReason = Literal["too_few_answers", "scale_missing"]
"""Why there is no score: the half rule is not met, or a summary lacks one of its scales."""


@dataclass(frozen=True, slots=True)
class ScaleScore:
    """One scale of one response: the score from 0 to 100, and how many answers stand behind it.

    `raw` is the mean of the answered items, `value` the transformed score; both are exact, and None
    where the scale cannot be scored. `answered + not_applicable + missing` is the number of items,
    `needed` the number of answers without which there is no score. A summary score has no `raw`;
    it counts scales where the others count items.
    """

    scale_code: str
    value: Fraction | None
    raw: Fraction | None
    answered: int
    not_applicable: int
    missing: int
    needed: int
    reason: NotScoredReason | None

    @property
    def as_float(self) -> float | None:
        """The score as the nearest floating-point number, for files and databases."""
        return None if self.value is None else self.value.numerator / self.value.denominator
