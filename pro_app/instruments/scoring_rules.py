"""The rules that the scoring definitions of an instrument keep beyond their schema."""

from collections.abc import Iterator
from typing import Any

from pro_app.definitions.files import DefinitionFile
from pro_app.definitions.plain_yaml import NodePath
from pro_app.errors import Problem
from pro_app.instruments.instrument_rules import check_one_origin
from pro_app.language import mark


def check_default_scoring(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that the default is one of the scoring definitions."""
    scoring = definition.data["scoring"]
    if scoring["default"] not in scoring["definitions"]:
        message = mark("There is no scoring definition “%(name)s”.")
        yield definition.problem(message, ("scoring", "default"), name=scoring["default"])


def check_scale_codes(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that no two scores of a scoring definition share their code."""
    for place, scoring in _list_definitions(definition):
        codes: list[str] = []
        for index, scale in enumerate(scoring["scales"]):
            if scale["code"] in codes:
                message = mark("The scale %(scale)s appears twice.")
                yield definition.problem(message, (*place, "scales", index, "code"), scale=scale["code"])
            codes.append(scale["code"])
        summary = scoring.get("summary")
        if summary is not None and summary["code"] in codes:
            message = mark("The scale %(scale)s appears twice.")
            yield definition.problem(message, (*place, "summary", "code"), scale=summary["code"])


def check_scale_items(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that scales are made of known items; in EORTC's scoring no item counts in two of them."""
    known = {item["number"] for item in definition.data["items"]}
    for place, scoring in _list_definitions(definition):
        scored: list[int] = []
        for index, scale in enumerate(scoring["scales"]):
            for position, number in enumerate(scale["items"]):
                path = (*place, "scales", index, "items", position)
                if number not in known:
                    yield definition.problem(mark("There is no item %(item)s."), path, item=number)
                elif number in scored:
                    yield definition.problem(mark("Item %(item)s counts in two scales."), path, item=number)
                scored.append(number)


def check_scale_ranges(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that the items of a scale share their lowest and highest code, else their mean says nothing."""
    sets = definition.data["response_sets"]
    values = {
        item["number"]: sets[item["response_set"]]["values"]
        for item in definition.data["items"]
        if item["response_set"] in sets
    }
    for place, scoring in _list_definitions(definition):
        for index, scale in enumerate(scoring["scales"]):
            ends = {(values[n][0], values[n][-1]) for n in scale["items"] if n in values}
            if len(ends) > 1:
                message = mark("The items of the scale %(scale)s have different response ranges.")
                yield definition.problem(message, (*place, "scales", index), scale=scale["code"])


def check_summaries(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that a summary has known scales that point one way: exactly the symptom scales are reversed."""
    for place, scoring in _list_definitions(definition):
        kinds = {scale["code"]: scale["kind"] for scale in scoring["scales"]}
        summary = scoring.get("summary", {"scales": [], "reversed_scales": []})
        for index, code in enumerate(summary["scales"]):
            path = (*place, "summary", "scales", index)
            if code not in kinds:
                yield definition.problem(mark("There is no scale %(scale)s."), path, scale=code)
            elif (kinds[code] == "symptom") != (code in summary["reversed_scales"]):
                message = mark("%(scale)s: in a summary exactly the symptom scales are reversed.")
                yield definition.problem(message, path, scale=code)
        for index, code in enumerate(summary["reversed_scales"]):
            if code not in summary["scales"]:
                message = mark("%(scale)s is reversed but not part of the summary.")
                path = (*place, "summary", "reversed_scales", index)
                yield definition.problem(message, path, scale=code)


def check_score_codes(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that one test code means the same items and direction in every scoring definition."""
    meanings: dict[str, object] = {
        code: item["number"]
        for item in definition.data["items"]
        for code in (item.get("cdisc_testcd"), item.get("sponsor_testcd"))
        if code is not None
    }
    for place, score, meaning in _list_scores(definition):
        yield from check_one_origin(definition, score, place, name="testcd")
        code = score.get("cdisc_testcd", score.get("sponsor_testcd"))
        if code is not None and meanings.setdefault(code, meaning) != meaning:
            message = mark("The test code %(code)s stands for two different things.")
            yield definition.problem(message, place, code=code)


def _list_scores(definition: DefinitionFile) -> Iterator[tuple[NodePath, dict[str, Any], object]]:
    """Give every scale and summary with its path and with what its number means."""
    for place, scoring in _list_definitions(definition):
        for index, scale in enumerate(scoring["scales"]):
            yield (*place, "scales", index), scale, (scale["code"], scale["kind"], sorted(scale["items"]))
        summary = scoring.get("summary")
        if summary is not None:
            yield (*place, "summary"), summary, (summary["code"], sorted(summary["scales"]))


def _list_definitions(definition: DefinitionFile) -> Iterator[tuple[NodePath, dict[str, Any]]]:
    """Give every scoring definition with its path."""
    for name, scoring in definition.data["scoring"]["definitions"].items():
        yield ("scoring", "definitions", name), scoring
