"""Linear scoring of EORTC questionnaires: half rule, 0-100 transform, summary score.

Sources: Fayers PM et al., EORTC QLQ-C30 Scoring Manual, 3rd edition, Brussels 2001 (D/2001/6136/001);
Giesinger JM et al., J Clin Epidemiol 2016;69:79-88 (summary score).
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from math import lcm

from pro_app.instruments.instrument import Scale, ScoringDefinition, SummaryScale
from pro_app.scoring.scale_score import NOT_APPLICABLE, ItemValue, ScaleScore

LOWEST_CODE = 1
"""Every EORTC response set starts at 1; the formulas of the manual rest on it."""


def plan_scoring(
    definition: ScoringDefinition,
) -> Callable[[Mapping[int, ItemValue]], tuple[ScaleScore, ...]]:
    """Give the function that scores one response: all scales in published order, the summary last.

    It maps printed item numbers to response codes; an absent item counts as missing. It raises
    ValueError where a code lies outside the range of its scale. Source: EORTC manual, 3rd ed.
    """
    scorers = [(scale.items, _remember_scores(scale)) for scale in definition.scales]
    summary = definition.summary

    def score(values: Mapping[int, ItemValue]) -> tuple[ScaleScore, ...]:
        scores = [scorer(tuple(map(values.get, items))) for items, scorer in scorers]
        if summary:
            scores.append(score_summary(summary, scores))
        return tuple(scores)

    return score


def _remember_scores(scale: Scale) -> Callable[[tuple[ItemValue, ...]], ScaleScore]:
    """Give `score_scale` of one scale with a memory.

    A scale has few patterns of answers, and a file of a million rows shows each of them all the time.
    """

    @lru_cache(maxsize=8192)
    def score(answers: tuple[ItemValue, ...]) -> ScaleScore:
        return score_scale(scale, answers)

    return score


def score_scale(scale: Scale, answers: Sequence[ItemValue]) -> ScaleScore:
    """Score one scale from at least half of its items, unit 0-100; "not applicable" is no number.

    `answers` are those to `scale.items`, in their order. Raises ValueError where a code lies outside
    the range of the scale. Source: EORTC manual, 3rd ed.
    """
    codes = [answer for answer in answers if isinstance(answer, int)]
    for code in codes:
        if not LOWEST_CODE <= code <= LOWEST_CODE + scale.item_range:
            raise ValueError(f"{code} is outside the range of scale {scale.code}")
    not_applicable = sum(answer == NOT_APPLICABLE for answer in answers)
    enough = len(codes) >= scale.needed
    raw = Fraction(sum(codes), len(codes)) if enough else None
    return ScaleScore(
        scale_code=scale.code,
        value=None if raw is None else _transform(scale, raw),
        raw=raw,
        answered=len(codes),
        not_applicable=not_applicable,
        missing=len(scale.items) - len(codes) - not_applicable,
        needed=scale.needed,
        reason=None if enough else "too_few_answers",
    )


def _transform(scale: Scale, raw: Fraction) -> Fraction:
    """Transform a raw score linearly to 0-100, high = good for functional scales."""
    share = (raw - LOWEST_CODE) / scale.item_range
    return 100 * (1 - share) if scale.kind == "functional" else 100 * share


def score_summary(summary: SummaryScale, scores: Sequence[ScaleScore]) -> ScaleScore:
    """Score the mean of the summary's scales, unit 0-100, if every one of them has a score.

    Scales in `reversed_scales` (high = bad) enter as 100 - score. Source: Giesinger 2016.
    """
    by_code = {score.scale_code: score.value for score in scores}
    parts = {code: value for code in summary.scales if (value := by_code[code]) is not None}
    complete = len(parts) == len(summary.scales)
    return ScaleScore(
        scale_code=summary.code,
        value=_mean(parts, summary.reversed_scales) if complete else None,
        raw=None,
        answered=len(parts),
        not_applicable=0,
        missing=len(summary.scales) - len(parts),
        needed=len(summary.scales),
        reason=None if complete else "scale_missing",
    )


def _mean(parts: Mapping[str, Fraction], reversed_scales: Sequence[str]) -> Fraction:
    """Give the exact mean; one common denominator is many times faster than adding fractions."""
    denominator = lcm(*[part.denominator for part in parts.values()])
    total = 0
    for code, part in parts.items():
        above, below = part.as_integer_ratio()
        total += (100 * below - above if code in reversed_scales else above) * (denominator // below)
    return Fraction(total, denominator * len(parts))
