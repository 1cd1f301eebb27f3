"""The order in which the kinds of event of a protocol file can come, by what each must come after."""

from collections.abc import Iterator, Mapping
from typing import Any

from pro_app.definitions.files import DefinitionFile
from pro_app.errors import Problem
from pro_app.language import mark

ENROLLED = "enrolled"
"""The kind of event that the app records itself, for everybody and first of all."""


def check_event_order(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that every kind of event can be recorded at some time, and that enrolment can be first."""
    kinds = definition.data["event_kinds"]
    if ENROLLED not in {kind["code"] for kind in kinds}:
        message = mark("There is no event kind “%(code)s”, which the app records for everybody.")
        yield definition.problem(message, ("event_kinds",), code=ENROLLED)
    recordable = _list_recordable(kinds)
    for index, kind in enumerate(kinds):
        if kind["code"] == ENROLLED and kind["after"]:
            message = mark("“%(code)s” is recorded first: nothing can come before it.")
            yield definition.problem(message, ("event_kinds", index, "after"), code=ENROLLED)
        elif kind["code"] not in recordable:
            message = mark("“%(code)s” can never be recorded: what must come before it waits for it.")
            yield definition.problem(message, ("event_kinds", index, "after"), code=kind["code"])


def check_opening_events(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that what opens a visit before its anchor has a date does not itself wait for the anchor."""
    events = {anchor["code"]: anchor["event"] for anchor in definition.data["anchors"]}
    for index, visit in enumerate(definition.data["visits"]):
        code = visit.get("opens_with")
        event = events.get(visit["anchor"])
        if code is not None and event in {code, *list_earlier_kinds(definition.data, code)}:
            message = mark(
                "“%(code)s” opens the visit, but comes no earlier than what the visit counts from."
            )
            yield definition.problem(message, ("visits", index, "opens_with"), code=code)


def list_earlier_kinds(data: Mapping[str, Any], code: str) -> set[str]:
    """List the kinds that must be recorded before `code`, directly or through another one."""
    after = {kind["code"]: kind["after"] for kind in data["event_kinds"]}
    earlier: set[str] = set()
    waiting = list(after.get(code, ()))
    while waiting:
        kind = waiting.pop()
        if kind not in earlier:
            earlier.add(kind)
            waiting += after.get(kind, ())
    return earlier


def _list_recordable(kinds: list[Mapping[str, Any]]) -> set[str]:
    """List the kinds whose predecessors can all be recorded; unknown ones are told elsewhere."""
    known = {kind["code"] for kind in kinds}
    recordable: set[str] = set()
    for _ in kinds:
        recordable |= {kind["code"] for kind in kinds if known & set(kind["after"]) <= recordable}
    return recordable
