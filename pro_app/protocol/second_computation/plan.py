"""The visits of a participant, once more from the text of the protocol file."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import yaml

from pro_app.protocol.second_computation.day_numbers import later

Happened = Mapping[str, Sequence[int]]
"""The day numbers of each kind of event that was recorded, rising."""


class Row(NamedTuple):
    """One visit in day numbers; `target` and `closes` are None while its anchor is unknown."""

    visit: str
    anchor: str
    target: int | None
    opens: int
    closes: int | None
    provisional: bool


class SecondCalendar:
    """The visits of one protocol file, given as text."""

    def __init__(self, text: str) -> None:
        data = yaml.safe_load(text)
        self.zones: list[str] = data["zones"]
        self._visits: list[dict[str, Any]] = data["visits"]
        self._event_of = {anchor["code"]: anchor["event"] for anchor in data["anchors"]}
        self._arms = {arm["code"]: arm.get("expected", {}) for arm in data["arms"]}

    def list_rows(self, arm: str | None, happened: Happened) -> list[Row]:
        """List the visits of somebody in `arm` (None: not known, or the only one), by their days."""
        if arm is None and len(self._arms) == 1:
            (arm,) = self._arms
        expected = {
            kind: day
            for kind, rule in self._arms.get(arm or "", {}).items()
            if kind not in happened and (day := _rule_day(rule, happened)) is not None
        }
        rows = [row for visit in self._visits for row in self._rows_of(visit, happened, expected)]
        rows.sort(key=lambda row: row.opens if row.target is None else row.target)
        return rows

    def _rows_of(
        self, visit: Mapping[str, Any], happened: Happened, expected: Mapping[str, int]
    ) -> Iterator[Row]:
        event = self._event_of[visit["anchor"]]
        opener = happened.get(visit.get("opens_with", ""))
        if event not in happened and event not in expected:
            if opener:
                yield Row(visit["code"], visit["anchor"], None, opener[0], None, provisional=False)
            return
        counted_from = happened[event][0] if event in happened else expected[event]
        ending = visit.get("repeat", {}).get("ends_with", "")
        for code, target in _list_targets(visit, counted_from, {event: [counted_from], **happened}):
            opens = target + visit["window"]["opens"]
            closes = target + visit["window"]["closes"]
            if ending in happened and opens > happened[ending][0]:
                continue
            if opener and opener[0] > opens:
                opens = min(closes, opener[0])
            is_doubtful = event not in happened or (ending in expected and target > expected[ending])
            yield Row(code, visit["anchor"], target, opens, closes, is_doubtful)


def _list_targets(
    visit: Mapping[str, Any], counted_from: int, happened: Happened
) -> Iterator[tuple[str, int]]:
    """Give code and day of each visit under one entry, of a series those up to its cap."""
    if "repeat" not in visit:
        ((unit, count),) = visit["at"].items()
        yield visit["code"], later(counted_from, count, unit)
        return
    ((unit, count),) = visit["repeat"]["every"].items()
    cap = _rule_day(visit["repeat"]["cap"], happened)
    stem, width = visit["code"].replace("#", ""), visit["code"].count("#")
    step = 1
    while cap is not None and (target := later(counted_from, step * count, unit)) <= cap:
        yield f"{stem}{step * count:0{width}d}", target
        step += 1


def _rule_day(rule: Mapping[str, Any], happened: Happened) -> int | None:
    """Give the earliest or the latest of the days that a rule names, as far as they are known."""
    days = [
        later(known[-1 if moment.get("which") == "last" else 0], count, unit)
        for moments in rule.values()
        for moment in moments
        if len(known := happened.get(moment["event"], ())) >= moment.get("at_least", 1)
        for unit, count in moment["plus"].items()
    ]
    if not days:
        return None
    return min(days) if "earliest_of" in rule else max(days)
