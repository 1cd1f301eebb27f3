"""What the demo knows of itself, in two small files: how to sign in, and how far it is filled."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the history is filled; `reached` is the simulated day (ISO) that it has come to."""

    done: int
    total: int
    reached: str
    finished: bool

    @property
    def percent(self) -> int:
        """Give the share that is done, in whole percent."""
        return 100 if self.finished else min(99, 100 * self.done // max(1, self.total))


def load_access(folder: Path) -> dict[str, Any] | None:
    """Read the addresses and sign-ins of the demo; None where it was never started."""
    path = folder / "access.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def save_access(folder: Path, access: dict[str, Any]) -> None:
    """Write the addresses and sign-ins of the demo, for its owner only."""
    path = folder / "access.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(access, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def load_progress(folder: Path) -> Progress | None:
    """Read how far the history is filled; None where filling never began."""
    path = folder / "progress.json"
    return Progress(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def save_progress(folder: Path, progress: Progress) -> None:
    """Write how far the history is filled, in one step, so that a reader never sees half a file."""
    draft = folder / "progress.json.draft"
    draft.write_text(json.dumps(asdict(progress)), encoding="utf-8")
    draft.replace(folder / "progress.json")
