"""Comparing the calendar with its second computation, for every date that anything can count from."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache

from pro_app.definitions.files import DefinitionFile
from pro_app.protocol.events import Event, Facts, fold_events
from pro_app.protocol.parse import parse_protocol
from pro_app.protocol.proof_histories import History, list_histories
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.schedule import PlannedVisit, plan_visits
from pro_app.protocol.second_computation import Row, SecondCalendar, day_number, find_day_starts
from pro_app.protocol.windows import Window, civil_window

PlanVisits = Callable[[Protocol, Facts], Sequence[PlannedVisit]]
CivilWindow = Callable[[date, date | None, str], Window]

MOST_TOLD = 20

_RECORDED_AT = datetime(2021, 1, 1, tzinfo=UTC)


@dataclass
class Proof:
    """What was compared: counts, and the first differences in words.

    `visits` are compared by code, anchor, three dates and provisional; `windows` are the different pairs of
    days in each zone, `moments` the openings and closings of those in UTC.
    """

    histories: int = 0
    visits: int = 0
    windows: int = 0
    moments: int = 0
    differences: int = 0
    told: list[str] = field(default_factory=list)

    def differ(self, what: str) -> None:
        """Count one difference, and keep its words if it is among the first."""
        self.differences += 1
        if len(self.told) < MOST_TOLD:
            self.told.append(what)


@dataclass(frozen=True, slots=True)
class FirstComputation:
    """The functions that are proved; a test plants errors here."""

    plan_visits: PlanVisits = plan_visits
    civil_window: CivilWindow = civil_window


def prove_calendar(
    definition: DefinitionFile,
    *,
    from_on: date,
    until_on: date,
    first: FirstComputation | None = None,
    on_step: Callable[[int], None] | None = None,
) -> Proof:
    """Compare both computations for every anchor date of a span, every arm, visit and zone.

    `on_step` is told how many of `count_steps` are done more. Raises DefinitionRejected for a bad protocol.
    """
    first, tell = first or FirstComputation(), on_step or (lambda _: None)
    protocol, second = parse_protocol(definition), SecondCalendar(definition.text)
    proof = Proof()
    windows: dict[tuple[date, date | None], None] = {}
    for number in range((until_on - from_on).days + 1):
        for history in list_histories(protocol, from_on + timedelta(days=number), number):
            plan = _compare_plan(proof, history, first=first, protocol=protocol, second=second)
            windows.update(dict.fromkeys((visit.opens_on, visit.closes_on) for visit in plan))
        tell(1)
    for zone in protocol.zones:
        _compare_windows(proof, list(windows), zone, first=first)
        tell(ZONE_STEPS)
    return proof


ZONE_STEPS = 100
"""What one zone counts for in the progress, in days."""


def count_steps(protocol: Protocol, *, from_on: date, until_on: date) -> int:
    """Give how many steps a proof has."""
    return (until_on - from_on).days + 1 + ZONE_STEPS * len(protocol.zones)


def _compare_plan(
    proof: Proof, history: History, *, first: FirstComputation, protocol: Protocol, second: SecondCalendar
) -> Sequence[PlannedVisit]:
    """Compare the visits of one history, and give those of the first computation."""
    plan = first.plan_visits(protocol, _facts(history))
    rows = second.list_rows(
        history.arm, {kind: [_number(day) for day in days] for kind, days in history.days.items()}
    )
    proof.histories += 1
    proof.visits += max(len(plan), len(rows))
    found = [_read_visit(visit) for visit in plan]
    if found != rows:
        for index in range(max(len(found), len(rows))):
            one, other = found[index : index + 1], rows[index : index + 1]
            if one != other:
                proof.differ(f"{_say(history)}: {_say_row(one)} / {_say_row(other)}")
    return plan


def _facts(history: History) -> Facts:
    days = [(kind, day) for kind, all_days in history.days.items() for day in all_days]
    details = {"arm": history.arm} if history.arm else {}
    return fold_events(
        Event(number, kind, day, _RECORDED_AT, details) for number, (kind, day) in enumerate(days, start=1)
    )


def _read_visit(visit: PlannedVisit) -> Row:
    """Give a visit in day numbers."""
    return Row(
        visit.visit_code,
        visit.anchor,
        None if visit.target_on is None else _number(visit.target_on),
        _number(visit.opens_on),
        None if visit.closes_on is None else _number(visit.closes_on),
        visit.provisional,
    )


@cache
def _number(day: date) -> int:
    return day_number(day.year, day.month, day.day)


def _compare_windows(
    proof: Proof, windows: Sequence[tuple[date, date | None]], zone: str, *, first: FirstComputation
) -> None:
    """Compare the moments at which windows open and close in a zone; they close where the next day begins."""
    days = [_number(day) for pair in windows for day in pair if day is not None]
    starts = find_day_starts(zone, first=min(days), last=max(days) + 1)
    for opens_on, closes_on in windows:
        window = first.civil_window(opens_on, closes_on, zone)
        proof.windows += 1
        for name, found, expected in _list_moments(window, starts, opens_on=opens_on, closes_on=closes_on):
            proof.moments += 1
            if found != expected:
                told = [moment and moment.isoformat() for moment in (found, expected)]
                proof.differ(f"{zone} {opens_on}–{closes_on} {name}: {told[0]} / {told[1]}")


def _list_moments(
    window: Window, starts: dict[int, int], *, opens_on: date, closes_on: date | None
) -> Iterator[tuple[str, datetime | None, datetime | None]]:
    """Give name, first and second computation of each moment of a window."""
    yield "opens", window.opens_at, datetime.fromtimestamp(starts[_number(opens_on)], UTC)
    if closes_on is not None:
        yield "closes", window.closes_at, datetime.fromtimestamp(starts[_number(closes_on) + 1], UTC)
    elif window.closes_at is not None:
        yield "closes", window.closes_at, None


def _say(history: History) -> str:
    events = (f"{kind} {day}" for kind, days in history.days.items() for day in days)
    return ", ".join([*([history.arm] if history.arm else []), *events])


def _say_row(rows: Sequence[Row]) -> str:
    """Say one visit, or that there is none."""
    if not rows:
        return "–"
    (row,) = rows
    days = (row.opens, row.target, row.closes)
    told = (date.fromordinal(day - _FIRST_DAY).isoformat() if day is not None else "–" for day in days)
    return " ".join([row.visit, *told, *(["provisional"] if row.provisional else [])])


_FIRST_DAY = 1721425
"""The day number before 0001-01-01, from which Python counts."""
