"""What the demo's processes tell each other, in small files: sign-ins, progress, the next journey."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

Step = Literal["day", "week", "visit", "date"]
Note = Literal["end", "no_visit", "failed"]
STEPS: tuple[Step, ...] = ("day", "week", "visit", "date")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the history is filled; `reached` is the simulated day (ISO) that it has come to.

    `reached_at` is the moment (ISO) up to which everything was done, for whoever goes on from there. `note`
    says how the last journey ended where it did not just arrive.
    """

    done: int
    total: int
    reached: str
    finished: bool
    reached_at: str | None = None
    note: Note | None = None

    @property
    def reached_on(self) -> date:
        """Give the simulated day that it has come to."""
        return date.fromisoformat(self.reached)

    @property
    def percent(self) -> int:
        """Give the share that is done, in whole percent."""
        return 100 if self.finished else min(99, 100 * self.done // max(1, self.total))


@dataclass(frozen=True, slots=True)
class Wish:
    """A journey through time that somebody asked for; `on` (ISO) belongs to the step `date`.

    `goes_back`: it was said to lie in the past, and that everything begins anew. `until` (ISO) is the moment
    that it leads to, once that is known: what is cut short goes on to there, not as far again.
    """

    step: Step
    on: str | None = None
    goes_back: bool = False
    until: str | None = None


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """Between which days (ISO) the demo's clock can be set: the day it was first started, the trial's end."""

    first: date
    last: date


def load_access(folder: Path) -> dict[str, Any] | None:
    """Read the addresses and sign-ins of the demo; None where it was never started."""
    return _load(folder / "access.json")


def save_access(folder: Path, access: dict[str, Any]) -> None:
    """Write the addresses and sign-ins of the demo, for its owner only."""
    path = folder / "access.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(access, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def load_time_span(folder: Path) -> TimeSpan | None:
    """Read between which days the clock can be set; None where the demo was never started."""
    access = load_access(folder)
    if access is None or "first_day" not in access:
        return None
    return TimeSpan(date.fromisoformat(access["first_day"]), date.fromisoformat(access["last_day"]))


def load_progress(folder: Path) -> Progress | None:
    """Read how far the history is filled; None where filling never began."""
    known = _load(folder / "progress.json")
    return None if known is None else Progress(**known)


def save_progress(folder: Path, progress: Progress) -> None:
    """Write how far the history is filled."""
    _save(folder / "progress.json", asdict(progress))


def find_wish(folder: Path) -> Wish | None:
    """Find the journey that is asked for and not made yet; None without one."""
    known = _load(folder / "wish.json")
    return None if known is None else Wish(**known)


def has_wish(folder: Path) -> bool:
    """Tell whether a journey is noted, readable or not."""
    return (folder / "wish.json").exists()


def save_wish(folder: Path, wish: Wish) -> bool:
    """Ask for a journey, unless another one is waiting or under way; tells whether it was noted."""
    progress = load_progress(folder)
    if find_wish(folder) is not None or progress is None or not progress.finished:
        return False
    _save(folder / "wish.json", asdict(wish))
    return True


def keep_wish(folder: Path, wish: Wish) -> None:
    """Write down what is now known of the journey that is under way."""
    _save(folder / "wish.json", asdict(wish))


def forget_wish(folder: Path) -> None:
    """Take the journey off the list, once it is made."""
    (folder / "wish.json").unlink(missing_ok=True)


def _load(path: Path) -> dict[str, Any] | None:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def _save(path: Path, values: Mapping[str, Any]) -> None:
    """Write a small file in one step, so that a reader never sees half of it."""
    draft = path.with_name(f"{path.name}.draft")
    draft.write_text(json.dumps(values), encoding="utf-8")
    draft.replace(path)
