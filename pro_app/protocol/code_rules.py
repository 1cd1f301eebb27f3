"""The rules on codes: none twice in its list, and none named that is not there."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pro_app.definitions.files import DefinitionFile
from pro_app.definitions.plain_yaml import NodePath
from pro_app.errors import Problem
from pro_app.language import mark
from pro_app.protocol.open_days import PLAN_REPLACED, SITE_LATE_RECORDING

_CODED_LISTS = (
    "instruments",
    "arms",
    "anchors",
    "phases",
    "visits",
    "event_kinds",
    "missing_reasons",
    "plan_reasons",
    "said_by",
    "respondents",
    "site_tasks",
)

_UNKNOWN = {
    "event_kinds": mark("There is no event kind “%(code)s”."),
    "anchors": mark("There is no anchor “%(code)s”."),
    "phases": mark("There is no phase “%(code)s”."),
    "instruments": mark("There is no instrument “%(code)s” in this protocol."),
    "arms": mark("There is no arm “%(code)s”."),
    "plan_reasons": mark("There is no reason “%(code)s” among the plan reasons."),
}

_OWN_REASONS = (("missing_reasons", SITE_LATE_RECORDING), ("plan_reasons", PLAN_REPLACED))

Reference = tuple[str, str, NodePath]
"""The list that a code is sought in, the code, and where it is named."""


def check_codes(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that no code appears twice in its list."""
    data = definition.data
    for name in _CODED_LISTS:
        yield from _check_unique(definition, data[name], (name,))
    for index, phase in enumerate(data["phases"]):
        yield from _check_unique(definition, phase["reminders"], ("phases", index, "reminders"))
    for name in ("time_windows", "deterioration"):
        yield from _check_unique(definition, data["analysis"][name], ("analysis", name))
    yield from _check_unique(definition, data["assumed"], ("assumed",))


def _check_unique(
    definition: DefinitionFile, parts: Iterable[Mapping[str, Any]], path: NodePath
) -> Iterator[Problem]:
    """Name each part whose code (of an assumption: whose id) an earlier one of the list has."""
    seen: set[str] = set()
    for index, part in enumerate(parts):
        key = "code" if "code" in part else "id"
        code = part[key]
        if code in seen:
            yield definition.problem(
                mark("The code “%(code)s” appears twice."), (*path, index, key), code=code
            )
        seen.add(code)


def check_references(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that every code that is named stands in its list."""
    data = definition.data
    known = {name: {part["code"] for part in data[name]} for name in _UNKNOWN}
    for list_name, code, path in _list_references(data):
        if code not in known[list_name]:
            yield definition.problem(_UNKNOWN[list_name], path, code=code)


def check_own_reasons(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that there are words for each reason that the app gives itself."""
    for list_name, code in _OWN_REASONS:
        if code not in {reason["code"] for reason in definition.data[list_name]}:
            message = mark("There is no reason “%(code)s”, which the app gives itself.")
            yield definition.problem(message, (list_name,), code=code)


def _list_references(data: Mapping[str, Any]) -> Iterator[Reference]:
    """Give every code that a part of the file names."""
    for index, anchor in enumerate(data["anchors"]):
        yield "event_kinds", anchor["event"], ("anchors", index, "event")
    for index, arm in enumerate(data["arms"]):
        yield from _list_arm_references(arm, ("arms", index))
    for index, phase in enumerate(data["phases"]):
        yield from _list_codes("instruments", phase, ("phases", index), key="instruments")
    for index, visit in enumerate(data["visits"]):
        yield from _list_visit_references(visit, ("visits", index))
    for index, kind in enumerate(data["event_kinds"]):
        yield from _list_kind_references(kind, ("event_kinds", index))
    for index, task in enumerate(data["site_tasks"]):
        yield from _list_codes("phases", task, ("site_tasks", index), key="phases")


def _list_codes(list_name: str, part: Mapping[str, Any], path: NodePath, *, key: str) -> Iterator[Reference]:
    """Give the codes under `key`, which may be absent."""
    for index, code in enumerate(part.get(key, ())):
        yield list_name, code, (*path, key, index)


def _list_arm_references(arm: Mapping[str, Any], path: NodePath) -> Iterator[Reference]:
    for key in ("event_labels", "expected", "proposed"):
        for kind in arm.get(key, {}):
            yield "event_kinds", kind, (*path, key, kind)
    for key in ("expected", "proposed"):
        for kind, rule in arm.get(key, {}).items():
            yield from _list_rule_references(rule, (*path, key, kind))


def _list_rule_references(rule: Mapping[str, Any], path: NodePath) -> Iterator[Reference]:
    for pick, moments in rule.items():
        for index, moment in enumerate(moments):
            yield "event_kinds", moment["event"], (*path, pick, index, "event")


def _list_visit_references(visit: Mapping[str, Any], path: NodePath) -> Iterator[Reference]:
    yield "phases", visit["phase"], (*path, "phase")
    yield "anchors", visit["anchor"], (*path, "anchor")
    if "opens_with" in visit:
        yield "event_kinds", visit["opens_with"], (*path, "opens_with")
    repeat = visit.get("repeat", {})
    if "ends_with" in repeat:
        yield "event_kinds", repeat["ends_with"], (*path, "repeat", "ends_with")
    yield from _list_rule_references(repeat.get("cap", {}), (*path, "repeat", "cap"))


def _list_kind_references(kind: Mapping[str, Any], path: NodePath) -> Iterator[Reference]:
    yield from _list_codes("event_kinds", kind, path, key="after")
    yield from _list_codes("event_kinds", kind, path, key="followed_by")
    yield from _list_codes("arms", kind, path, key="arms")
    reason = kind.get("effect", {}).get("reason")
    if reason is not None:
        yield "plan_reasons", reason, (*path, "effect", "reason")
