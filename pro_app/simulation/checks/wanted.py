"""The plan that the recorded events ask for, worked out apart from the code that plans.

The days come from the second computation of the calendar, which reads the text of the protocol by itself; the
corrections, the ways of leaving and the visits recorded too late are folded here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from pro_app.protocol.rules import Effect
from pro_app.protocol.second_computation import Row, civil_day, day_number
from pro_app.simulation.checks.evidence import Life
from pro_app.storage.tables.assessments import PlannedVisit

LATE = "SITE_LATE_RECORDING"
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class WantedVisit:
    """One visit as the facts ask for it; whether it was recorded too late is another question."""

    opens_on: date
    target_on: date | None
    closes_on: date | None
    provisional: bool
    expected: bool
    reason: str | None


@dataclass
class _Folded:
    """What stands after all corrections: arm, days of each kind of event, and spells that were ended."""

    arm: str | None = None
    days: dict[str, list[date]] = field(default_factory=dict)
    spells: list[tuple[str, date, date]] = field(default_factory=list)


def list_wanted(life: Life) -> dict[str, WantedVisit]:
    """Give by its code every visit that the events recorded so far ask for."""
    folded = _fold(life)
    happened = {
        kind: [day_number(day.year, day.month, day.day) for day in days]
        for kind, days in folded.days.items()
        if days
    }
    rows = life.calendar.list_rows(folded.arm, happened)
    return {row.visit: _judge(life, folded, row) for row in rows}


def _fold(life: Life) -> _Folded:
    folded = _Folded()
    for event in life.list_as_recorded(_END_OF_TIME):
        ended = event.details.get("of")
        if ended is None:
            folded.days.setdefault(event.kind, []).append(event.occurred_on)
            folded.arm = event.details.get("arm", folded.arm)
        elif folded.days.get(ended):
            folded.spells.append((ended, min(folded.days[ended]), event.occurred_on))
            folded.days[ended] = []
    for days in folded.days.values():
        days.sort()
    return folded


def count_window(life: Life, closes_on: date | None) -> tuple[bool, str | None]:
    """Say whether the facts expect a window that closes on a day, and the reason that they put on it."""
    return _count(life, _fold(life), closes_on)


def _judge(life: Life, folded: _Folded, row: Row) -> WantedVisit:
    closes_on = None if row.closes is None else date(*civil_day(row.closes))
    expected, reason = _count(life, folded, closes_on)
    return WantedVisit(
        opens_on=date(*civil_day(row.opens)),
        target_on=None if row.target is None else date(*civil_day(row.target)),
        closes_on=closes_on,
        provisional=row.provisional,
        expected=expected,
        reason=reason,
    )


def _count(life: Life, folded: _Folded, closes_on: date | None) -> tuple[bool, str | None]:
    reaching = [
        (effect.expected, from_on, effect.reason)
        for effect, from_on, until_on in _list_effects(life, folded)
        if (from_on <= closes_on if closes_on else True)
        and (until_on is None or (closes_on is not None and closes_on < until_on))
    ]
    # What takes a visit out of the expected ones goes before what only closes it; then the first day decides.
    expected, _, reason = min(reaching, key=lambda found: found[:2], default=(True, None, None))
    return expected, reason


def _list_effects(life: Life, folded: _Folded) -> Iterator[tuple[Effect, date, date | None]]:
    """Give what closes visits or makes them unnecessary, from which day on, and until before which."""
    effects = {
        kind.code: kind.effect
        for kind in life.protocol.event_kinds
        if kind.effect is not None and kind.effect.visits != "stay"
    }
    for kind, effect in effects.items():
        if folded.days.get(kind):
            yield effect, folded.days[kind][0], None
        for ended, from_on, until_on in folded.spells:
            if ended == kind:
                yield effect, from_on, until_on


def may_be_late(visit: PlannedVisit, revisions: Sequence[PlannedVisit]) -> bool:
    """Say whether a visit was past when it was planned, and no earlier plan had had it open to be answered.

    `revisions` are all plans of the same visit, in their order.
    """
    planned_on = _local_day(visit.planned_at, visit.zone)
    if visit.closes_on is None or visit.closes_on >= planned_on:
        return False
    window = _days(visit.opens_on, visit.closes_on)
    for earlier in revisions:
        if earlier.revision >= visit.revision or earlier.reason_code is not None or not earlier.expected:
            continue
        replaced_on = (
            planned_on if earlier.replaced_at is None else _local_day(earlier.replaced_at, earlier.zone)
        )
        until_on = min(replaced_on, planned_on)
        closes_on = earlier.closes_on or until_on
        from_on = max(earlier.opens_on, _local_day(earlier.planned_at, earlier.zone))
        was_open = _days(from_on, min(closes_on, until_on))
        had_all = (
            earlier.closes_on is not None and earlier.closes_on < until_on and from_on == earlier.opens_on
        )
        if was_open & window or had_all:
            return False
    return True


def _local_day(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def _days(first: date, last: date) -> frozenset[date]:
    return frozenset(first + timedelta(days=number) for number in range((last - first).days + 1))


def group_revisions(life: Life) -> Mapping[str, list[PlannedVisit]]:
    """Give all plans of each visit, in their order."""
    found: dict[str, list[PlannedVisit]] = {}
    for visit in life.visits:
        found.setdefault(visit.visit_code, []).append(visit)
    return found
