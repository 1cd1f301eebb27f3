"""The completion rate by the month in which windows closed, and rolled over the months before."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

SPAN = 6
"""So many months are rolled into one rate, the month itself included."""


@dataclass(frozen=True, slots=True)
class MonthCounts:
    """The expected forms whose window closed in a month (its first day), and those of them that are valid."""

    month_on: date
    expected: int
    completed: int


@dataclass(frozen=True, slots=True)
class MonthRate:
    """One month and the months rolled into it; rates are 0–1, None where no form was expected."""

    own: MonthCounts
    rolled_expected: int
    rolled_completed: int

    @property
    def rate(self) -> float | None:
        """Valid ÷ expected of the windows that closed in this month."""
        return self.own.completed / self.own.expected if self.own.expected else None

    @property
    def rolled_rate(self) -> float | None:
        """Valid ÷ expected of the windows that closed in this month and the five before it."""
        return self.rolled_completed / self.rolled_expected if self.rolled_expected else None


def first_of_month(day: date) -> date:
    """Give the first day of the month of a day."""
    return day.replace(day=1)


def next_month(month_on: date) -> date:
    """Give the first day of the month that follows."""
    return date(month_on.year + month_on.month // 12, month_on.month % 12 + 1, 1)


def roll_months(counts: Iterable[MonthCounts]) -> tuple[MonthRate, ...]:
    """Give every month from the first to the last one named, those without any form included.

    A month is rolled together with those before it, at most `SPAN` of them; the first ones have fewer. The
    forms of several rows of one month are added.
    """
    months = list(_fill(counts))
    rates = []
    for place, own in enumerate(months):
        rolled = months[max(0, place - SPAN + 1) : place + 1]
        rates.append(
            MonthRate(own, sum(month.expected for month in rolled), sum(month.completed for month in rolled))
        )
    return tuple(rates)


def _fill(counts: Iterable[MonthCounts]) -> Iterator[MonthCounts]:
    """Give one row for each month without a gap, in order."""
    expected: dict[date, int] = {}
    completed: dict[date, int] = {}
    for row in counts:
        expected[row.month_on] = expected.get(row.month_on, 0) + row.expected
        completed[row.month_on] = completed.get(row.month_on, 0) + row.completed
    month_on = min(expected, default=None)
    while month_on is not None and month_on <= max(expected):
        yield MonthCounts(month_on, expected.get(month_on, 0), completed.get(month_on, 0))
        month_on = next_month(month_on)
