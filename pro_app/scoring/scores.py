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
    "ResponseScorer",
    "ScaleScore",
    "is_valid",
    "plan_scoring",
    "score_response",
]

ResponseScorer = Callable[[Mapping[int, ItemValue]], tuple[ScaleScore, ...]]
"""Scores one response: printed item number to value in, the scores in published order out."""

MANUALS: Mapping[str, Callable[[ScoringDefinition], ResponseScorer]] = {
    "eortc_linear": eortc_linear.plan_scoring
}
"""The scoring manuals by the name that definitions use for them."""


def score_response(scoring: ScoringDefinition, values: Mapping[int, ItemValue]) -> tuple[ScaleScore, ...]:
    """Score one response; the scores come in the order of `scoring.scale_codes`.

    `values` maps printed item numbers to response codes, "N" or None; an absent item counts as missing.
    Raises NotFound for an unknown manual, ValueError for a code outside its scale's range.
    """
    return plan_scoring(scoring)(values)


def plan_scoring(scoring: ScoringDefinition) -> ResponseScorer:
    """Give a scorer for many responses: the same as `score_response`, faster from the second one on.

    Raises NotFound for an unknown manual.
    """
    manual = MANUALS.get(scoring.manual)
    if manual is None:
        raise NotFound(f"scoring manual {scoring.manual}")
    return manual(scoring)


def is_valid(scores: Iterable[ScaleScore]) -> bool:
    """Tell whether a response is valid: at least one of its scales has a score.

    A summary needs no exception: it can only exist where its scales do.
    """
    return any(score.value is not None for score in scores)
