"""The only reader of the time: everything else is told what time it is."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Gives the present as an aware UTC datetime."""


def system_clock() -> datetime:
    """Read the machine's clock as an aware UTC datetime."""
    return datetime.now(UTC)


class ShiftedClock:
    """The demo's clock, the same in every process: it runs beside the machine's, ahead by what a file says.

    The file is looked at each time and read only when it was replaced; without it there is no shift.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version: tuple[int, int] | None = None
        self._shift = timedelta(0)

    def __call__(self) -> datetime:
        """Give the shifted present as an aware UTC datetime."""
        return system_clock() + self.read_shift()

    def read_shift(self) -> timedelta:
        """Give how far the clock is ahead of the machine's."""
        try:
            status = self._path.stat()
            version = status.st_mtime_ns, status.st_ino
            if version != self._version:
                self._shift = timedelta(seconds=json.loads(self._path.read_text(encoding="utf-8"))["ahead_s"])
                self._version = version
        except FileNotFoundError:
            self._version, self._shift = None, timedelta(0)
        return self._shift

    def set_to(self, now: datetime) -> None:
        """Set the clock of all processes, in one step, so that no reader ever sees half a file."""
        ahead_s = (now - system_clock()).total_seconds()
        draft = self._path.with_suffix(".draft")
        draft.write_text(json.dumps({"ahead_s": ahead_s}), encoding="utf-8")
        draft.replace(self._path)


def open_clock(shift_file: Path | None) -> Clock:
    """Give the machine's clock, or the demo's where a file says how far that one is ahead."""
    return system_clock if shift_file is None else ShiftedClock(shift_file)


def end_of_day(day: date, zone: str) -> datetime:
    """Give the moment (UTC) at which a calendar date is over for people in `zone` (an IANA name)."""
    return datetime.combine(day + timedelta(days=1), time(0), ZoneInfo(zone)).astimezone(UTC)


def civil_date(now: datetime, zone: str) -> date:
    """Give the calendar date that people in `zone` (an IANA name) read at `now`."""
    return now.astimezone(ZoneInfo(zone)).date()
