"""The only reader of the time: everything else is told what time it is."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Gives the present as an aware UTC datetime."""


def system_clock() -> datetime:
    """Read the machine's clock as an aware UTC datetime."""
    return datetime.now(UTC)


def civil_date(now: datetime, zone: str) -> date:
    """Give the calendar date that people in `zone` (an IANA name) read at `now`."""
    return now.astimezone(ZoneInfo(zone)).date()
