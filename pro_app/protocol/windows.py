"""Windows as moments: civil days of the participant's own time zone turned into UTC bounds."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Window:
    """When an answer counts: from `opens_at` up to but not including `closes_at`, aware UTC moments.

    `closes_at` is None while the day of closing is unknown.
    """

    opens_at: datetime
    closes_at: datetime | None

    def is_open(self, at: datetime) -> bool:
        """Say whether `at` lies in the window."""
        return self.opens_at <= at and (self.closes_at is None or at < self.closes_at)

    def has_closed(self, at: datetime) -> bool:
        """Say whether the window is over at `at`."""
        return self.closes_at is not None and at >= self.closes_at


# The same window is asked for at every answer, and for every row of a list.
@lru_cache(maxsize=4096)
def civil_window(opens_on: date, closes_on: date | None, zone: str) -> Window:
    """Give the window from 00:00 of the first day to 24:00 of the last one in `zone` (an IANA name)."""
    closes_at = None if closes_on is None else start_of_day(closes_on + timedelta(days=1), zone)
    return Window(start_of_day(opens_on, zone), closes_at)


def start_of_day(day: date, zone: str) -> datetime:
    """Give the first moment of a civil day in `zone` as UTC.

    Where the clocks skip midnight, that is the moment they jump; where midnight comes twice, the first.
    """
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
