"""Made-up histories that bring every visit of a protocol to every date, for comparing two computations."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations

from pro_app.protocol.protocol import Protocol

_GAPS = 251
"""How many different distances between two events are tried, one day after the other."""

_SHORT_GAPS = 21
"""The same for an event that opens a visit, so that it falls before, into and behind the first window."""


@dataclass(frozen=True, slots=True)
class History:
    """What is recorded of somebody in `arm` (None in a trial of one arm): the days of each kind of event."""

    arm: str | None
    days: Mapping[str, tuple[date, ...]]


def list_histories(protocol: Protocol, on: date, number: int) -> Iterator[History]:
    """Give the histories in which something that visits count from falls on `on`, the `number`-th day tried.

    For each arm: every anchor on that day, with and without each event that may move or end visits after
    it; and every event that opens a visit before its anchor is known. The distances change with `number`.
    """
    for arm in protocol.arms:
        arm_code = arm.code if len(protocol.arms) > 1 else None
        for pivots, others in _list_patterns(protocol, arm.code):
            yield History(arm_code, _place(protocol, pivots, others, on=on, number=number))


def _list_patterns(protocol: Protocol, arm: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give each kind that is tried on every day of the arm, with each set of kinds recorded after it."""
    kinds = [code for code in _list_moving_kinds(protocol) if _happens(protocol, code, arm)]
    anchors = {anchor.event for anchor in protocol.anchors}
    openers = {visit.opens_with for visit in protocol.visits} - anchors
    for pivot in kinds:
        if pivot in openers:
            yield pivot, ()
        elif pivot in anchors:
            known = {pivot, *_list_earlier(protocol, pivot)}
            later = [code for code in kinds if code not in known]
            for size in range(len(later) + 1):
                for others in combinations(later, size):
                    if all(_list_earlier(protocol, code) <= known | set(others) for code in others):
                        yield pivot, others


def _list_moving_kinds(protocol: Protocol) -> list[str]:
    """List the kinds of event that a visit's place depends on, in the protocol's order."""
    repeats = [visit.repeats for visit in protocol.visits if visit.repeats]
    rules = [rule for arm in protocol.arms for rule in arm.expected.values()]
    rules += [repeat.cap for repeat in repeats]
    moving = {anchor.event for anchor in protocol.anchors}
    moving |= {moment.event for rule in rules for moment in rule.moments}
    moving |= {visit.opens_with for visit in protocol.visits if visit.opens_with}
    moving |= {repeat.ends_with for repeat in repeats if repeat.ends_with}
    return [kind.code for kind in protocol.event_kinds if kind.code in moving]


def _happens(protocol: Protocol, code: str, arm: str) -> bool:
    arms = protocol.event_kinds_by_code[code].arms
    return arms is None or arm in arms


def _list_earlier(protocol: Protocol, code: str) -> set[str]:
    """List the kinds that must be recorded before `code`, directly or through another one."""
    earlier: set[str] = set()
    waiting = list(protocol.event_kinds_by_code[code].after)
    while waiting:
        kind = waiting.pop()
        if kind not in earlier:
            earlier.add(kind)
            waiting += protocol.event_kinds_by_code[kind].after
    return earlier


def _place(
    protocol: Protocol, pivot: str, others: Sequence[str], *, on: date, number: int
) -> dict[str, tuple[date, ...]]:
    """Put the pivot on its day, what must precede it at some distance before, and the others after it."""
    openers = {visit.opens_with for visit in protocol.visits}
    order = [kind.code for kind in protocol.event_kinds]
    days: dict[str, tuple[date, ...]] = {pivot: (on,)}
    day = on
    for code in sorted(
        _list_earlier(protocol, pivot), key=lambda kind: (kind in openers, -order.index(kind))
    ):
        day -= timedelta(days=number % (_SHORT_GAPS if code in openers else _GAPS))
        days[code] = (day,)
    for place, code in enumerate(others, start=1):
        first = on + timedelta(days=(number * (2 * place - 1) + 40 * (place - 1)) % _GAPS)
        second = first + timedelta(days=1 + number % 90)
        days[code] = (first,) if protocol.event_kinds_by_code[code].once else (first, second)
    return days
