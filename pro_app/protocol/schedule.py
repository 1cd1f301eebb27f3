"""The plan of one participant: which visits, when, and what counts, from the rules and the facts alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from pro_app.protocol.anchors import find_expected_date, find_recorded_date, find_rule_date
from pro_app.protocol.calendar import add_offset
from pro_app.protocol.events import Facts
from pro_app.protocol.leaving import find_visit_effect
from pro_app.protocol.protocol import InstrumentReference, Protocol, Repetition, Visit


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """One visit of a plan; civil dates, both ends of the window included.

    `target_on` and `closes_on` are None while the anchor is unknown. `provisional`: the anchor's date,
    or whether the visit takes place, is only expected yet. `reason`: why it is closed or not expected.
    """

    visit_code: str
    anchor: str
    target_on: date | None
    opens_on: date
    closes_on: date | None
    provisional: bool
    expected: bool
    reason: str | None
    instruments: tuple[InstrumentReference, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a visit stands in the calendar, before anything is known about leaving."""

    visit_code: str
    target_on: date | None
    opens_on: date
    closes_on: date | None
    provisional: bool


@dataclass(frozen=True, slots=True)
class _AnchorDate:
    """The date that a visit counts from, and whether it is only expected."""

    event: str
    on: date
    provisional: bool


def plan_visits(protocol: Protocol, facts: Facts) -> tuple[PlannedVisit, ...]:
    """Plan every visit of a participant, by target date, in protocol order where those are equal.

    Before its anchor has a date a visit is absent, or open without an end if the protocol opens it
    with an earlier event. Raises OverflowError for dates outside years 1–9999.
    """
    planned = [
        _put_together(protocol, facts, visit=visit, place=place)
        for visit in protocol.visits
        for place in _list_places(protocol, facts, visit)
    ]
    return tuple(sorted(planned, key=lambda visit: visit.target_on or visit.opens_on))


def list_visit_codes(protocol: Protocol) -> tuple[str, ...]:
    """List the codes of all visits in protocol order, of a series those up to its cap without any delay."""
    anchor_on = date(2000, 1, 1)
    codes: list[str] = []
    for visit in protocol.visits:
        anchor = _AnchorDate(protocol.anchors_by_code[visit.anchor].event, anchor_on, provisional=False)
        codes += [place.visit_code for place in _list_anchored(protocol, Facts(), visit=visit, anchor=anchor)]
    return tuple(codes)


def _put_together(protocol: Protocol, facts: Facts, *, visit: Visit, place: _Place) -> PlannedVisit:
    """Give the place of a visit what the ways of leaving make of it."""
    effect = find_visit_effect(protocol, facts, place.closes_on)
    return PlannedVisit(
        visit_code=place.visit_code,
        anchor=visit.anchor,
        target_on=place.target_on,
        opens_on=place.opens_on,
        closes_on=place.closes_on,
        provisional=place.provisional,
        expected=effect.expected if effect else True,
        reason=effect.reason if effect else None,
        instruments=protocol.phases_by_code[visit.phase].instruments,
    )


def _list_places(protocol: Protocol, facts: Facts, visit: Visit) -> Iterator[_Place]:
    """Give the places of a visit: one, several of a series, or none."""
    anchor = _find_anchor_date(protocol, facts, protocol.anchors_by_code[visit.anchor].event)
    if anchor is not None:
        yield from _list_anchored(protocol, facts, visit=visit, anchor=anchor)
    elif visit.opens_with is not None:
        opens_on = find_recorded_date(facts, visit.opens_with)
        if opens_on is not None:
            yield _Place(visit.code, None, opens_on, None, provisional=False)


def _find_anchor_date(protocol: Protocol, facts: Facts, event: str) -> _AnchorDate | None:
    """Find the date of an anchor's event: the recorded one, else the expected one."""
    recorded_on = find_recorded_date(facts, event)
    on = recorded_on or find_expected_date(protocol, facts, event)
    return None if on is None else _AnchorDate(event, on, provisional=recorded_on is None)


def _list_anchored(
    protocol: Protocol, facts: Facts, *, visit: Visit, anchor: _AnchorDate
) -> Iterator[_Place]:
    """Give the places of a visit whose anchor has a date."""
    not_before = find_recorded_date(facts, visit.opens_with) if visit.opens_with else None
    if visit.repeats is not None:
        yield from _list_series(protocol, facts, visit=visit, series=visit.repeats, anchor=anchor)
        return
    opens_on, target_on, closes_on = _window(visit, add_offset(anchor.on, visit.at))
    if not_before is not None:
        # The event may come when the window is over already: its last day is left, and is past.
        opens_on = min(max(opens_on, not_before), closes_on)
    yield _Place(visit.code, target_on, opens_on, closes_on, anchor.provisional)


def _list_series(
    protocol: Protocol, facts: Facts, *, visit: Visit, series: Repetition, anchor: _AnchorDate
) -> Iterator[_Place]:
    """Give the places of a series up to its cap, and not beyond the event that ends it."""
    cap_on = find_rule_date(
        series.cap, lambda event: facts.dates_of(event) or ((anchor.on,) if event == anchor.event else ())
    )
    ended_on = find_recorded_date(facts, series.ends_with) if series.ends_with else None
    expected_end_on = (
        find_expected_date(protocol, facts, series.ends_with)
        if series.ends_with and ended_on is None
        else None
    )
    for number in count(1):
        step = series.every.times(number)
        opens_on, target_on, closes_on = _window(visit, add_offset(anchor.on, step))
        if cap_on is None or target_on > cap_on or (ended_on is not None and opens_on > ended_on):
            return
        provisional = anchor.provisional or (expected_end_on is not None and target_on > expected_end_on)
        yield _Place(visit.code_of(step.count), target_on, opens_on, closes_on, provisional)


def _window(visit: Visit, target_on: date) -> tuple[date, date, date]:
    """Give opening, target and closing of a visit."""
    opens_on = target_on + timedelta(days=visit.opens_days)
    return opens_on, target_on, target_on + timedelta(days=visit.closes_days)
