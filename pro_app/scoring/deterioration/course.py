"""The scores of one person on one scale in the order of time: what a time to deterioration is made from."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Course:
    """One person's course on one scale; all days are on one count, of which any day may be 0.

    `starts` is time zero. `baseline` is the baseline score, None where there is none. `days` and
    `scores` are the scores observed after it, in the order of time; visits without a score are left
    out. `died` is the day of death, if it is known.
    """

    starts: int
    baseline: float | None
    days: Sequence[int]
    scores: Sequence[float]
    died: int | None = None
