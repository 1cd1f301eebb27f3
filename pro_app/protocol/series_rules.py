"""The rules on series of visits: each goes forward, begins, and comes to an end whatever is recorded."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from pro_app.definitions.files import DefinitionFile
from pro_app.definitions.plain_yaml import NodePath
from pro_app.errors import Problem
from pro_app.language import mark
from pro_app.protocol.calendar import Offset, add_offset, parse_offset
from pro_app.protocol.event_order import list_earlier_kinds

_LONGEST_SERIES = 200
_START = date(2024, 1, 1)


def check_repetitions(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that each series goes forward and comes to an end whatever is recorded."""
    events = {anchor["code"]: anchor["event"] for anchor in definition.data["anchors"]}
    for index, visit in enumerate(definition.data["visits"]):
        if "repeat" not in visit:
            continue
        path: NodePath = ("visits", index, "repeat")
        if parse_offset(visit["repeat"]["every"]).count <= 0:
            yield definition.problem(mark("The step of a series must be at least one."), (*path, "every"))
            continue
        event = events.get(visit["anchor"], "")
        yield from _check_cap(definition, visit, path, event=event)
        yield from _check_ending(definition, visit, path, event=event)


def _check_cap(
    definition: DefinitionFile, visit: Mapping[str, Any], path: NodePath, *, event: str
) -> Iterator[Problem]:
    """Check that the cap can be reached, and that no moment of it lies too many visits away."""
    step, limit = parse_offset(visit["repeat"]["every"]), find_own_limit(visit, event)
    if limit is None:
        message = mark("The series never ends: it needs a cap that counts from its own anchor.")
        yield definition.problem(message, path)
        return
    furthest = max(
        count_steps(step, parse_offset(moment["plus"]))
        for moments in visit["repeat"]["cap"].values()
        for moment in moments
    )
    if count_steps(step, limit) < 1 or furthest > _LONGEST_SERIES:
        message = mark("The cap must leave room for 1 to %(most)s visits.")
        yield definition.problem(message, (*path, "cap"), most=_LONGEST_SERIES)


def _check_ending(
    definition: DefinitionFile, visit: Mapping[str, Any], path: NodePath, *, event: str
) -> Iterator[Problem]:
    """Check that a series does not end before it can begin, and that nothing opens it early."""
    ends_with = visit["repeat"].get("ends_with")
    if ends_with is not None and ends_with in {event, *list_earlier_kinds(definition.data, event)}:
        message = mark("The series ends with “%(code)s”, which comes no later than what it counts from.")
        yield definition.problem(message, (*path, "ends_with"), code=ends_with)
    if "opens_with" in visit:
        message = mark("A series cannot open before its anchor has a date.")
        yield definition.problem(message, (*path[:-1], "opens_with"))


def list_offsets(visit: Mapping[str, Any], event: str) -> list[tuple[str, Offset]]:
    """Give code and offset of a visit, or of each visit of a series up to the limit of its own anchor."""
    if "repeat" not in visit:
        return [(visit["code"], parse_offset(visit["at"]))]
    step, limit = parse_offset(visit["repeat"]["every"]), find_own_limit(visit, event)
    stem = visit["code"].rstrip("#")
    width = len(visit["code"]) - len(stem)
    return [
        (stem + str(step.count * number).zfill(width), step.times(number))
        for number in range(1, 1 + (count_steps(step, limit) if limit else 0))
    ]


def find_own_limit(visit: Mapping[str, Any], event: str) -> Offset | None:
    """Give the cap of a series that counts from the event of its own anchor."""
    for moments in visit["repeat"].get("cap", {}).values():
        for moment in moments:
            if moment["event"] == event and moment.get("at_least", 1) == 1:
                return parse_offset(moment["plus"])
    return None


def count_steps(step: Offset, limit: Offset) -> int:
    """Count the steps up to the limit, stopping one beyond the longest series."""
    last_on = add_offset(_START, limit)
    steps = 0
    while steps <= _LONGEST_SERIES and add_offset(_START, step.times(steps + 1)) <= last_on:
        steps += 1
    return steps
