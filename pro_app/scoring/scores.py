"""Scoring of one response by the manual that its scoring definition names."""

from collections.abc import Callable, Iterable, Mapping

from pro_app.errors import NotFound
from pro_app.instruments.instrument import ScoringDefinition
from pro_app.scoring.manuals import eortc_linear
from pro_app.scoring.scale_score import (
    NOT_APPLICABLE,
    ItemValue,
    NotApplicable,
    NotScoredReason,
    ScaleScore,
)

__all__ = [
    "MANUALS",
    "NOT_APPLICABLE",
    "ItemValue",
    "NotApplicable",
    "NotScoredReason",
    "ScaleScore",
    "is_valid",
    "score_response",
]

Manual = Callable[[ScoringDefinition, Mapping[int, ItemValue]], tuple[ScaleScore, ...]]

MANUALS: Mapping[str, Manual] = {"eortc_linear": eortc_linear.score_scales}
"""The scoring manuals by the name that definitions use for them."""


def score_response(scoring: ScoringDefinition, values: Mapping[int, ItemValue]) -> tuple[ScaleScore, ...]:
    """Score one response; the scores come in the order of `scoring.scale_codes`.

    `values` maps printed item numbers to response codes, "N" or None; an absent item counts as missing.
    Raises NotFound for an unknown manual, ValueError for a code outside its scale's range.
    """
    manual = MANUALS.get(scoring.manual)
    if manual is None:
        raise NotFound(f"scoring manual {scoring.manual}")
    return manual(scoring, values)


def is_valid(scores: Iterable[ScaleScore]) -> bool:
    """Tell whether a response is valid: at least one of its scales has a score.

    A summary needs no exception: it can only exist where its scales do.
    """
    return any(score.value is not None for score in scores)
