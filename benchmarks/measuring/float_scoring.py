"""The floor of scoring: half rule, linear transform and summary in plain floats, and nothing counted."""

from collections.abc import Callable, Mapping

from pro_app.instruments.instrument import ScoringDefinition
from pro_app.scoring.scores import ItemValue


def plan_float_scoring(
    definition: ScoringDefinition,
) -> Callable[[Mapping[int, ItemValue]], dict[str, float | None]]:
    """Give the function that scores one response: scale codes to scores from 0 to 100, or None."""
    scales = [
        (scale.code, scale.items, scale.needed, scale.item_range, scale.kind == "functional")
        for scale in definition.scales
    ]
    summary = definition.summary

    def score(values: Mapping[int, ItemValue]) -> dict[str, float | None]:
        scores: dict[str, float | None] = {}
        for code, items, needed, item_range, is_functional in scales:
            given = [value for item in items if isinstance(value := values.get(item), int)]
            if len(given) < needed:
                scores[code] = None
                continue
            share = (sum(given) / len(given) - 1) / item_range
            scores[code] = 100 * (1 - share) if is_functional else 100 * share
        if summary:
            parts = [
                100 - part if code in summary.reversed_scales else part
                for code in summary.scales
                if (part := scores[code]) is not None
            ]
            scores[summary.code] = sum(parts) / len(parts) if len(parts) == len(summary.scales) else None
        return scores

    return score
