"""Comparing two releases of a study, out of their stored ZIPs."""

import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from sqlalchemy.orm import Session

from pro_app.errors import InputRejected, NotFound, Problem
from pro_app.exports.making.frozen_tables import FOLDER, FrozenTables
from pro_app.exports.release_comparison import KEYS, list_changes
from pro_app.language import mark
from pro_app.services.releases.contents import find_archive
from pro_app.services.releases.records import ReleaseRecord


@dataclass(frozen=True)
class ReleaseChanges:
    """What changed, one frame of the table CHANGES for each compared table."""

    frames: tuple[pl.DataFrame, ...]

    def list_counts(self) -> list[tuple[str, int, int, int]]:
        """List each table with its rows added, values changed and rows removed."""
        return [
            (name, _count(frame, "added"), _count(frame, "changed"), _count(frame, "removed"))
            for name, frame in zip(KEYS, self.frames, strict=True)
        ]


def compare_releases(
    session: Session, first: ReleaseRecord, second: ReleaseRecord, *, folder: Path
) -> ReleaseChanges:
    """Compare two made releases, whichever is the earlier one being taken as the state before.

    Raises NotFound where one is not made or its ZIP is gone, InputRejected for a release and itself.
    """
    if first.number == second.number:
        raise InputRejected((Problem(mark("Name two releases that differ.")),))
    before, after = sorted((first, second), key=lambda release: release.number)
    if before.cut_off_at is None:
        raise NotFound("release")
    with tempfile.TemporaryDirectory(prefix="pro-app-compare-") as workshop:
        tables = [
            _extract(find_archive(session, release, folder=folder), Path(workshop) / str(release.number))
            for release in (before, after)
        ]
        return ReleaseChanges(tuple(list_changes(*tables, since=before.cut_off_at)))


def _extract(archive: Path, folder: Path) -> FrozenTables:
    """Unpack the frozen tables of a release."""
    with zipfile.ZipFile(archive) as stored:
        stored.extractall(folder, [name for name in stored.namelist() if name.startswith(f"{FOLDER}/")])
    return FrozenTables(folder)


def _count(frame: pl.DataFrame, change: str) -> int:
    return frame.filter(pl.col("change") == change).height
