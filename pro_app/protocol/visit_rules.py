"""The rules on visits: a place in the calendar for each, an end to each series, no two windows at once."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from pro_app.definitions.files import DefinitionFile
from pro_app.definitions.plain_yaml import NodePath
from pro_app.errors import Problem
from pro_app.language import mark
from pro_app.protocol.calendar import Offset, add_offset, parse_offset

_FOUR_YEARS = tuple(date(2024, 1, 1) + timedelta(days=day) for day in range(1461))
"""Every kind of month and day that an anchor can fall on."""

_LONGEST_SERIES = 200

WindowDays = tuple[str, NodePath, int, int]
"""A visit's code, its place in the file, and its first and last day counted from the anchor."""


def check_visits(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that each visit stands either at one offset or in a series, and that its window has days."""
    for index, visit in enumerate(definition.data["visits"]):
        path: NodePath = ("visits", index)
        if ("at" in visit) == ("repeat" in visit):
            yield definition.problem(mark("A visit needs either “at” or “repeat”."), path)
        if ("#" in visit["code"]) != ("repeat" in visit):
            message = mark("The code of a series needs a “#” for its number, that of a single visit none.")
            yield definition.problem(message, (*path, "code"))
        if visit["window"]["opens"] > visit["window"]["closes"]:
            yield definition.problem(mark("The window closes before it opens."), (*path, "window"))


def check_repetitions(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that each series goes forward and comes to an end whatever is recorded."""
    events = {anchor["code"]: anchor["event"] for anchor in definition.data["anchors"]}
    for index, visit in enumerate(definition.data["visits"]):
        if "repeat" not in visit:
            continue
        path: NodePath = ("visits", index, "repeat")
        step = parse_offset(visit["repeat"]["every"])
        if step.count <= 0:
            yield definition.problem(mark("The step of a series must be at least one."), (*path, "every"))
            continue
        limit = _find_own_limit(visit, events.get(visit["anchor"], ""))
        if limit is None:
            message = mark("The series never ends: it needs a cap that counts from its own anchor.")
            yield definition.problem(message, path)
        elif not 1 <= _count_steps(step, limit) <= _LONGEST_SERIES:
            message = mark("The cap must leave room for 1 to %(most)s visits.")
            yield definition.problem(message, (*path, "cap"), most=_LONGEST_SERIES)


def check_reminders(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that no message is planned outside the window of a visit of its phase."""
    data = definition.data
    for index, phase in enumerate(data["phases"]):
        windows = [visit["window"] for visit in data["visits"] if visit["phase"] == phase["code"]]
        for number, rule in enumerate(phase["reminders"]):
            if any(not _is_inside(rule, window) for window in windows):
                message = mark("The message “%(code)s” would fall outside a window.")
                path = ("phases", index, "reminders", number)
                yield definition.problem(message, path, code=rule["code"])


def _is_inside(rule: Mapping[str, Any], window: Mapping[str, int]) -> bool:
    """Say whether the rule's day lies within the window, both ends included."""
    base = {"opening": window["opens"], "target": 0, "closing": window["closes"]}[rule["from"]]
    return window["opens"] <= base + int(rule["days"]) <= window["closes"]


def check_overlaps(definition: DefinitionFile) -> Iterator[Problem]:
    """Check for every possible anchor date that no two windows of one anchor share a day."""
    reported: set[tuple[str, str]] = set()
    for anchor_on in _FOUR_YEARS:
        for windows in _list_windows(definition.data, anchor_on).values():
            windows.sort(key=lambda window: window[2])
            for (code, _, _, last), (next_code, path, first, _) in pairwise(windows):
                if first <= last and (code, next_code) not in reported:
                    reported.add((code, next_code))
                    message = mark("The window of “%(next)s” opens before that of “%(code)s” has closed.")
                    yield definition.problem(message, path, next=next_code, code=code)


def _list_windows(data: Mapping[str, Any], anchor_on: date) -> dict[str, list[WindowDays]]:
    """Give the windows of each anchor as days from it; a series up to its own limit."""
    events = {anchor["code"]: anchor["event"] for anchor in data["anchors"]}
    windows: dict[str, list[WindowDays]] = defaultdict(list)
    for index, visit in enumerate(data["visits"]):
        for number, offset in _list_offsets(visit, events[visit["anchor"]]):
            target = (add_offset(anchor_on, offset) - anchor_on).days
            first, last = target + visit["window"]["opens"], target + visit["window"]["closes"]
            code = visit["code"].replace("#", "") + (str(number) if number else "")
            windows[visit["anchor"]].append((code, ("visits", index), first, last))
    return windows


def _list_offsets(visit: Mapping[str, Any], event: str) -> list[tuple[int, Offset]]:
    """Give number and offset of a visit, or of each visit of a series."""
    if "repeat" not in visit:
        return [(0, parse_offset(visit["at"]))]
    step, limit = parse_offset(visit["repeat"]["every"]), _find_own_limit(visit, event)
    steps = _count_steps(step, limit) if limit else 0
    return [(step.count * n, step.times(n)) for n in range(1, steps + 1)]


def _find_own_limit(visit: Mapping[str, Any], event: str) -> Offset | None:
    """Give the cap of a series that counts from the event of its own anchor."""
    for moments in visit["repeat"].get("cap", {}).values():
        for moment in moments:
            if moment["event"] == event and moment.get("at_least", 1) == 1:
                return parse_offset(moment["plus"])
    return None


def _count_steps(step: Offset, limit: Offset) -> int:
    """Count the steps up to the limit, stopping one beyond the longest series."""
    start = date(2024, 1, 1)
    last_on = add_offset(start, limit)
    steps = 0
    while steps <= _LONGEST_SERIES and add_offset(start, step.times(steps + 1)) <= last_on:
        steps += 1
    return steps
