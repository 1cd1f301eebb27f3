"""Days as Julian day numbers, by the integer formulas of Fliegel and Van Flandern (CACM 1968;11:657)."""

_MONTHS_OF = {"months": 1, "years": 12}
_DAYS_OF = {"days": 1, "weeks": 7}


def day_number(year: int, month: int, day: int) -> int:
    """Give the Julian day number of a day of the Gregorian calendar; 2000-01-01 is 2451545."""
    shift = -1 if month <= 2 else 0  # noqa: PLR2004 -- January and February belong to the year before
    return (
        (1461 * (year + 4800 + shift)) // 4
        + (367 * (month - 2 - 12 * shift)) // 12
        - (3 * ((year + 4900 + shift) // 100)) // 4
        + day
        - 32075
    )


def civil_day(number: int) -> tuple[int, int, int]:
    """Give year, month and day of a Julian day number."""
    rest = number + 68569
    century = 4 * rest // 146097
    rest -= (146097 * century + 3) // 4
    year = 4000 * (rest + 1) // 1461001
    rest = rest - 1461 * year // 4 + 31
    month = 80 * rest // 2447
    day = rest - 2447 * month // 80
    overflow = month // 11
    return 100 * (century - 49) + year + overflow, month + 2 - 12 * overflow, day


def later(number: int, count: int, unit: str) -> int:
    """Give the day `count` units later; where the month is too short for the day, its last one."""
    if unit in _DAYS_OF:
        return number + count * _DAYS_OF[unit]
    year, month, day = civil_day(number)
    month += count * _MONTHS_OF[unit]
    while month > 12:  # noqa: PLR2004 -- the months of a year
        year, month = year + 1, month - 12
    while month < 1:
        year, month = year - 1, month + 12
    while civil_day(day_number(year, month, day)) != (year, month, day):
        day -= 1
    return day_number(year, month, day)
