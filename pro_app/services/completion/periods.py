"""Periods of closing as people choose them: a year, a quarter or a month, as codes and as months."""

import re
from datetime import datetime

_PERIOD = re.compile(r"(?P<year>\d{4})(?:-Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2]))?")


def name_quarter(month: str) -> str:
    """Give the quarter of a month: `2026-05` is in `2026-Q2`."""
    year, number = month.split("-")
    return f"{year}-Q{(int(number) + 2) // 3}"


def find_months(period: str) -> tuple[str, str] | None:
    """Find the first and the last month of `2026`, `2026-Q2` or `2026-05`; None for anything else."""
    known = _PERIOD.fullmatch(period)
    if known is None:
        return None
    year = known["year"]
    if known["month"]:
        return period, period
    if known["quarter"]:
        last = int(known["quarter"]) * 3
        return f"{year}-{last - 2:02}", f"{year}-{last:02}"
    return f"{year}-01", f"{year}-12"


def list_periods(first: datetime, last: datetime) -> list[str]:
    """List the years and quarters from one day to another, the latest first, a year before its quarters."""
    begin, end = name_quarter(f"{first:%Y-%m}"), name_quarter(f"{last:%Y-%m}")
    return [
        period
        for year in range(int(end[:4]), int(begin[:4]) - 1, -1)
        for period in (f"{year}", *(f"{year}-Q{number}" for number in (4, 3, 2, 1)))
        if len(period) == len("2026") or begin <= period <= end
    ]
