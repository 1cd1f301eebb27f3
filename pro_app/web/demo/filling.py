"""While the past of the demonstration is being filled, pages judge what is late by the day it has come to."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pro_app.web import request as this
from pro_app.web.demo.state import load_progress


@dataclass(frozen=True, slots=True)
class Filling:
    """How far the past is filled: `reached_at` (aware UTC) is lived and done, None before it has begun."""

    percent: int
    reached_at: datetime | None


def find_filling() -> Filling | None:
    """Find how far this demonstration is filled, or its time has passed; None once it has, and elsewhere.

    The messages of years that are not lived yet stand in the outbox as planned, and are not late.
    """
    settings = this.parts().settings
    return _read_filling(settings.data_folder) if settings.demo else None


def _read_filling(folder: Path) -> Filling | None:
    progress = load_progress(folder)
    if progress is None:
        return Filling(0, None)
    if progress.finished:
        return None
    reached_at = datetime.fromisoformat(progress.reached_at) if progress.reached_at else None
    return Filling(progress.percent, reached_at)
