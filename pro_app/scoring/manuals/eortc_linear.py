"""Linear scoring of EORTC questionnaires: half rule, 0-100 transform, summary score.

Sources: Fayers PM et al., EORTC QLQ-C30 Scoring Manual, 3rd edition, Brussels 2001 (D/2001/6136/001);
Giesinger JM et al., J Clin Epidemiol 2016;69:79-88 (summary score).
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from math import lcm

from pro_app.instruments.instrument import Scale, ScaleKind, ScoringDefinition, SummaryScale
from pro_app.scoring.scale_score import NOT_APPLICABLE, ItemValue, ScaleScore

LOWEST_CODE = 1
"""Every EORTC response set starts at 1; the formulas of the manual rest on it."""


def score_scales(definition: ScoringDefinition, values: Mapping[int, ItemValue]) -> tuple[ScaleScore, ...]:
    """Score all scales of one response in published order, the summary last.

    `values` maps printed item numbers to response codes; an absent item counts as missing.
    Raises ValueError where a code lies outside the range of its scale. Source: EORTC manual, 3rd ed.
    """
    scores = [score_scale(scale, values) for scale in definition.scales]
    if definition.summary:
        scores.append(score_summary(definition.summary, scores))
    return tuple(scores)


def score_scale(scale: Scale, values: Mapping[int, ItemValue]) -> ScaleScore:
    """Score one scale from at least half of its items, unit 0-100; "not applicable" is no number.

    Raises ValueError where a code lies outside the range of the scale. Source: EORTC manual, 3rd ed.
    """
    total = answered = not_applicable = 0
    for number in scale.items:
        value = values.get(number)
        if value is None:
            continue
        if value == NOT_APPLICABLE:
            not_applicable += 1
            continue
        if not LOWEST_CODE <= value <= LOWEST_CODE + scale.item_range:
            raise ValueError(f"item {number}: {value} is outside the range of scale {scale.code}")
        total += value
        answered += 1
    raw = transformed = None
    enough = answered >= scale.needed
    if enough:
        raw, transformed = _transform(scale.kind, scale.item_range, (total, answered))
    return ScaleScore(
        scale_code=scale.code,
        value=transformed,
        raw=raw,
        answered=answered,
        not_applicable=not_applicable,
        missing=len(scale.items) - answered - not_applicable,
        needed=scale.needed,
        reason=None if enough else "too_few_answers",
    )


# Few (total, answered) pairs exist, and a file of a million rows meets each of them all the time.
@lru_cache(maxsize=4096)
def _transform(kind: ScaleKind, item_range: int, sums: tuple[int, int]) -> tuple[Fraction, Fraction]:
    """Give the raw score (mean of the answered items) and its linear transform to 0-100."""
    total, answered = sums
    raw = Fraction(total, answered)
    share = (raw - LOWEST_CODE) / item_range
    return raw, 100 * ((1 - share) if kind == "functional" else share)


def score_summary(summary: SummaryScale, scores: Sequence[ScaleScore]) -> ScaleScore:
    """Score the mean of the summary's scales, unit 0-100, if every one of them has a score.

    Scales in `reversed_scales` (high = bad) enter as 100 - score. Source: Giesinger 2016.
    """
    by_code = {score.scale_code: score.value for score in scores}
    parts = [
        100 - value if code in summary.reversed_scales else value
        for code in summary.scales
        if (value := by_code[code]) is not None
    ]
    complete = len(parts) == len(summary.scales)
    return ScaleScore(
        scale_code=summary.code,
        value=_mean(parts) if complete else None,
        raw=None,
        answered=len(parts),
        not_applicable=0,
        missing=len(summary.scales) - len(parts),
        needed=len(summary.scales),
        reason=None if complete else "scale_missing",
    )


def _mean(parts: Sequence[Fraction]) -> Fraction:
    """Give the exact mean; one common denominator is many times faster than adding fractions."""
    denominator = lcm(*(part.denominator for part in parts))
    total = sum(part.numerator * (denominator // part.denominator) for part in parts)
    return Fraction(total, denominator * len(parts))
