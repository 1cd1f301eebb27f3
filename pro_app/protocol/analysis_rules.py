"""The rules on the analysis: visits and scales that exist, windows that follow each other in time."""

from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from typing import Any

from pro_app.definitions.files import DefinitionFile
from pro_app.definitions.plain_yaml import NodePath
from pro_app.errors import Problem
from pro_app.language import mark
from pro_app.protocol.protocol import UNSCHEDULED


def check_time_windows(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that each time window holds its target, and that they follow each other and share no day."""
    windows = definition.data["analysis"]["time_windows"]
    for index, window in enumerate(windows):
        path: NodePath = ("analysis", "time_windows", index)
        if not window["from_day"] <= window["target_day"] <= window["to_day"]:
            message = mark("The target day lies outside the time window “%(code)s”.")
            yield definition.problem(message, (*path, "target_day"), code=window["code"])
    for index, (window, following) in enumerate(pairwise(windows), start=1):
        path = ("analysis", "time_windows", index, "from_day")
        codes = {"code": window["code"], "next": following["code"]}
        if following["from_day"] <= window["to_day"]:
            message = mark("The time window “%(next)s” begins before “%(code)s” has ended.")
            yield definition.problem(message, path, **codes)


def check_baseline_visits(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that every visit that may hold the baseline stands in the calendar."""
    known = {visit["code"] for visit in definition.data["visits"]} | {UNSCHEDULED}
    for key, codes in definition.data["analysis"]["baseline"].items():
        for index, code in enumerate(codes):
            if code not in known:
                message = mark("There is no visit “%(code)s”.")
                yield definition.problem(message, ("analysis", "baseline", key, index), code=code)


def check_scales(definition: DefinitionFile, scale_codes: Collection[str]) -> Iterator[Problem]:
    """Check that every scale that a protocol of sound shape names is one of `scale_codes`.

    Those are the scales of its instruments, which a protocol alone does not know.
    """
    for code, path in _list_named_scales(definition.data):
        if code not in scale_codes:
            message = mark("No questionnaire of this trial has a scale “%(code)s”.")
            yield definition.problem(message, path, code=code)


def _list_named_scales(data: Mapping[str, Any]) -> Iterator[tuple[str, NodePath]]:
    """Give every scale code that the file names, with its place."""
    thresholds = data["thresholds"]
    for code in thresholds["minimal_difference_by_scale"]:
        yield code, ("thresholds", "minimal_difference_by_scale", code)
    for code in thresholds.get("clinical_importance", {}).get("bounds", {}):
        yield code, ("thresholds", "clinical_importance", "bounds", code)
    for index, definition in enumerate(data["analysis"]["deterioration"]):
        if definition["scales"] != "all":
            for number, code in enumerate(definition["scales"]):
                yield code, ("analysis", "deterioration", index, "scales", number)
