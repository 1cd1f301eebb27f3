"""The rules on visits: a place in the calendar for each, no two windows of an anchor at once."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from pro_app.definitions.files import DefinitionFile
from pro_app.definitions.plain_yaml import NodePath
from pro_app.errors import Problem
from pro_app.language import mark
from pro_app.protocol.calendar import add_offset
from pro_app.protocol.protocol import UNSCHEDULED
from pro_app.protocol.series_rules import list_offsets

_FOUR_YEARS = tuple(date(2024, 1, 1) + timedelta(days=day) for day in range(1461))
"""Every kind of month and day that an anchor can fall on."""

_DAYS = {"days": 1, "weeks": 7, "months": 31, "years": 366}
_FURTHEST_DAYS = 36_600

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


def check_offsets(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that nothing lies so far from what it counts from that the calendar could not hold it."""
    data = definition.data
    for path, offset in [
        *_list_visit_offsets(data["visits"]),
        *(
            part
            for index, arm in enumerate(data["arms"])
            for key in ("expected", "proposed")
            for kind, rule in arm.get(key, {}).items()
            for part in _list_rule_offsets(rule, ("arms", index, key, kind))
        ),
    ]:
        ((unit, count),) = offset.items()
        if abs(count) * _DAYS[unit] > _FURTHEST_DAYS:
            message = mark("%(count)s %(unit)s is too far away: at most 100 years.")
            yield definition.problem(message, (*path, unit), count=count, unit=unit)


def _list_visit_offsets(visits: list[Mapping[str, Any]]) -> Iterator[tuple[NodePath, Mapping[str, int]]]:
    for index, visit in enumerate(visits):
        if "at" in visit:
            yield ("visits", index, "at"), visit["at"]
        if "repeat" in visit:
            path: NodePath = ("visits", index, "repeat")
            yield (*path, "every"), visit["repeat"]["every"]
            yield from _list_rule_offsets(visit["repeat"].get("cap", {}), (*path, "cap"))


def _list_rule_offsets(
    rule: Mapping[str, Any], path: NodePath
) -> Iterator[tuple[NodePath, Mapping[str, int]]]:
    for pick, moments in rule.items():
        for number, moment in enumerate(moments):
            yield (*path, pick, number, "plus"), moment["plus"]


def check_visit_codes(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that no visit of a series has the code of another visit, and none a code that is the app's."""
    events = {anchor["code"]: anchor["event"] for anchor in definition.data["anchors"]}
    first: dict[str, int] = {}
    for index, visit in enumerate(definition.data["visits"]):
        path: NodePath = ("visits", index, "code")
        for code, _ in list_offsets(visit, events[visit["anchor"]]):
            if code == UNSCHEDULED:
                message = mark("The code “%(code)s” is kept for answers that fit no visit.")
                yield definition.problem(message, path, code=code)
            if first.setdefault(code, index) != index:
                message = mark("Two visits would have the code “%(code)s”.")
                yield definition.problem(message, path, code=code)


def check_site_tasks(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that no invitation waits for the site beyond the window that it is for."""
    data = definition.data
    for index, task in enumerate(data["site_tasks"]):
        for visit in data["visits"]:
            days = visit["window"]["closes"] - visit["window"]["opens"]
            if visit["phase"] in task["phases"] and task["invitation_waits_days"] > days:
                message = mark("The invitation would wait beyond the window of “%(code)s”.")
                path: NodePath = ("site_tasks", index, "invitation_waits_days")
                yield definition.problem(message, path, code=visit["code"])


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
    """Check for every possible anchor date that no two windows of one anchor share a day.

    Two series, or a series and itself, are reported once. Visits of different anchors may overlap.
    """
    reported: set[tuple[NodePath, NodePath]] = set()
    for anchor_on in _FOUR_YEARS:
        for windows in _list_windows(definition.data, anchor_on).values():
            windows.sort(key=lambda window: window[2])
            for (code, path, _, last), (next_code, next_path, first, _) in pairwise(windows):
                if first <= last and (path, next_path) not in reported:
                    reported.add((path, next_path))
                    message = mark("The window of “%(next)s” opens before that of “%(code)s” has closed.")
                    yield definition.problem(message, next_path, next=next_code, code=code)


def _list_windows(data: Mapping[str, Any], anchor_on: date) -> dict[str, list[WindowDays]]:
    """Give the windows of each anchor as days from it; a series up to its own limit."""
    events = {anchor["code"]: anchor["event"] for anchor in data["anchors"]}
    windows: dict[str, list[WindowDays]] = defaultdict(list)
    for index, visit in enumerate(data["visits"]):
        for code, offset in list_offsets(visit, events[visit["anchor"]]):
            target = (add_offset(anchor_on, offset) - anchor_on).days
            first, last = target + visit["window"]["opens"], target + visit["window"]["closes"]
            windows[visit["anchor"]].append((code, ("visits", index), first, last))
    return windows
