"""From the sections `thresholds` and `analysis` of a checked protocol file to frozen values."""

from collections.abc import Mapping
from typing import Any

from pro_app.protocol.analysis import (
    Analysis,
    BaselineRule,
    BoundSide,
    ClinicalImportance,
    DeteriorationDefinition,
    DeteriorationRule,
    ImportanceBound,
    TimeWindow,
)
from pro_app.protocol.rules import Label
from pro_app.protocol.thresholds import Thresholds

Part = Mapping[str, Any]

_RULE_KEYS = ("reference", "kind", "death", "no_baseline", "no_follow_up", "time_zero")


def parse_thresholds(part: Part) -> Thresholds:
    """Read the thresholds; without published ones there are no bounds."""
    importance = part.get("clinical_importance", {"source": "", "bounds": {}})
    return Thresholds(
        minimal_difference=part["minimal_difference"],
        by_scale=part["minimal_difference_by_scale"],
        clinical_importance=ClinicalImportance(
            source=importance["source"],
            bounds={scale: _parse_bound(bound) for scale, bound in importance["bounds"].items()},
        ),
    )


def _parse_bound(part: Part) -> ImportanceBound:
    side: BoundSide = "below" if "below" in part else "above"
    return ImportanceBound(side, part[side])


def parse_analysis(part: Part) -> Analysis:
    """Read how scores are to be analysed."""
    return Analysis(
        baseline=BaselineRule(
            visits=tuple(part["baseline"]["visits"]),
            visits_before_randomisation=tuple(part["baseline"]["visits_before_randomisation"]),
        ),
        time_windows=tuple(
            TimeWindow(
                code=window["code"],
                label=Label(window["label"]),
                target_day=window["target_day"],
                from_day=window["from_day"],
                to_day=window["to_day"],
            )
            for window in part["time_windows"]
        ),
        deterioration=tuple(_parse_definition(definition) for definition in part["deterioration"]),
    )


def _parse_definition(part: Part) -> DeteriorationDefinition:
    return DeteriorationDefinition(
        code=part["code"],
        label=Label(part["label"]),
        rule=DeteriorationRule(**{key: part[key] for key in _RULE_KEYS}),
        scales=None if part["scales"] == "all" else tuple(part["scales"]),
    )
