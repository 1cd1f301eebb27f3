"""The floor of scoring many responses: half rule, transform and summary in plain numpy, no counts."""

import numpy as np
from numpy.typing import NDArray

from pro_app.instruments.instrument import Scale, ScoringDefinition


def score_in_numpy(
    definition: ScoringDefinition, answers: NDArray[np.float64], rows: dict[int, int]
) -> dict[str, NDArray[np.float64]]:
    """Give the scores of each scale, NaN for none; `answers` has a row for each item, NaN where missing.

    `rows` are the rows of `answers` by printed item number: each item stands together in memory, which is
    the faster way round.
    """
    scores = {
        scale.code: _score_scale(scale, answers[[rows[item] for item in scale.items]])
        for scale in definition.scales
    }
    if summary := definition.summary:
        parts = [
            100 - scores[code] if code in summary.reversed_scales else scores[code] for code in summary.scales
        ]
        scores[summary.code] = sum(parts[1:], start=parts[0]) / len(parts)
    return scores


def _score_scale(scale: Scale, answers: NDArray[np.float64]) -> NDArray[np.float64]:
    given = ~np.isnan(answers)
    count = given.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        raw = np.where(given, answers, 0).sum(axis=0) / count
    share = (raw - 1) / scale.item_range
    score = 100 * (1 - share) if scale.kind == "functional" else 100 * share
    score[count < scale.needed] = np.nan
    return score
