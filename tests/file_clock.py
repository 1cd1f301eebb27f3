"""A clock that every process of an installation reads from one file, so that a test can let time pass."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class FileClock:
    """The time that stands in a file."""

    path: Path

    def __call__(self) -> datetime:
        """Give the time that was set."""
        return datetime.fromisoformat(self.path.read_text(encoding="ascii"))

    def set(self, now: datetime) -> None:
        """Let it be `now` for everybody."""
        self.path.write_text(now.isoformat(), encoding="ascii")
