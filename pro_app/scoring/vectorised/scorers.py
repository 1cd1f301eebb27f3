"""The vectorised scoring of a manual by the name that scoring definitions use for it."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from pro_app.errors import NotFound
from pro_app.instruments.instrument import Instrument, ScoringDefinition
from pro_app.scoring.vectorised.linear import LinearScorer

VECTORISED_MANUALS: Mapping[str, Callable[[ScoringDefinition, Sequence[int]], LinearScorer]] = {
    "eortc_linear": LinearScorer
}
"""The manuals that many responses at once can be scored by."""


def plan_vectorised_scoring(instrument: Instrument, scoring: ScoringDefinition) -> LinearScorer:
    """Give a scorer for matrices of codes that have a row for each item of the instrument, in its order.

    Raises NotFound for an unknown manual.
    """
    return _plan_once(scoring, tuple(item.number for item in instrument.items))


@lru_cache(maxsize=32)
def _plan_once(scoring: ScoringDefinition, items: tuple[int, ...]) -> LinearScorer:
    """Plan each definition once: data come in many small batches, and a scorer never changes."""
    manual = VECTORISED_MANUALS.get(scoring.manual)
    if manual is None:
        raise NotFound(f"scoring manual {scoring.manual}")
    return manual(scoring, items)
