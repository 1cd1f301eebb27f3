"""The moments at which civil days begin, found by walking through UTC and reading the local date there."""

from datetime import datetime
from zoneinfo import ZoneInfo

from pro_app.protocol.second_computation.day_numbers import day_number

_HOUR = 3600
_DAY = 24 * _HOUR
_STEPS_BACK = (2048, 1024, 512, 256, 128, 64, 32, 16, 8, 4, 2, 1)
"""Steps back that together reach every second of an hour."""

_EPOCH_DAY = 2440588
"""The day number of 1970-01-01, when the seconds of POSIX time begin."""


def find_day_starts(zone: str, *, first: int, last: int) -> dict[int, int]:
    """Give for each day number from `first` to `last` the POSIX second at which the day begins in `zone`.

    Every hour is looked at, and the hour in which the local date changes is halved down to the second. A
    day that the zone skips begins with the one after it; one that comes twice begins the first time.
    """
    tz = ZoneInfo(zone)
    starts: dict[int, int] = {}
    second = (first - _EPOCH_DAY - 2) * _DAY
    seen = datetime.fromtimestamp(second, tz)
    reached = _number(seen)
    while reached <= last:
        second += _HOUR
        there = datetime.fromtimestamp(second, tz)
        if there.day == seen.day:
            continue
        if (day := _number(there)) > reached:
            began = second
            for back in _STEPS_BACK:
                if _number(datetime.fromtimestamp(began - back, tz)) > reached:
                    began -= back
            starts.update(dict.fromkeys(range(reached + 1, day + 1), began))
            reached = day
        seen = there
    return {day: began for day, began in starts.items() if first <= day <= last}


def _number(there: datetime) -> int:
    return day_number(there.year, there.month, there.day)
