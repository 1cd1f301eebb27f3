"""Calendar arithmetic on civil dates: an anchor plus a number of steps, never a step on a step."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, cast

Unit = Literal["days", "weeks", "months", "years"]

_DAYS = {"days": 1, "weeks": 7}
_MONTHS = {"months": 1, "years": 12}


@dataclass(frozen=True, slots=True)
class Offset:
    """A whole number of calendar units, negative ones lie before."""

    count: int
    unit: Unit

    def times(self, number: int) -> "Offset":
        """Give `number` of these steps as one offset from the anchor."""
        return Offset(self.count * number, self.unit)


def parse_offset(part: Mapping[str, Any]) -> Offset:
    """Read an offset as definition files write it: `{weeks: 8}`, exactly one unit."""
    ((unit, count),) = part.items()
    return Offset(count, cast("Unit", unit))


def add_offset(anchor_on: date, offset: Offset) -> date:
    """Give the date that lies `offset` after `anchor_on`; raises OverflowError outside years 1–9999."""
    if offset.unit in _DAYS:
        return anchor_on + timedelta(days=offset.count * _DAYS[offset.unit])
    return add_months(anchor_on, offset.count * _MONTHS[offset.unit])


def add_months(anchor_on: date, months: int) -> date:
    """Give the same day `months` later, clamped to the last day of that month.

    31 January + 3 months = 30 April; raises OverflowError outside years 1–9999.
    """
    year, month_index = divmod(anchor_on.year * 12 + anchor_on.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        raise OverflowError("date value out of range")
    month = month_index + 1
    return date(year, month, min(anchor_on.day, calendar.monthrange(year, month)[1]))
