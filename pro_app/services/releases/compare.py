"""Comparing two releases of a study, out of their stored ZIPs."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from sqlalchemy.orm import Session

from pro_app.errors import InputRejected, Problem
from pro_app.exports.making.frozen_tables import FrozenTables
from pro_app.exports.release_comparison import KEYS, list_changes
from pro_app.language import mark
from pro_app.services.releases.contents import extract_source, find_archive
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

    Raises NotFound where one is not made or its ZIP is gone or damaged, InputRejected where both are
    the same.
    """
    if first.number == second.number:
        raise InputRejected((Problem(mark("Name two releases that differ.")),))
    before, after = sorted((first, second), key=lambda release: release.number)
    with tempfile.TemporaryDirectory(prefix="pro-app-compare-") as workshop:
        tables = [
            _extract(find_archive(session, release, folder=folder), Path(workshop) / str(release.number))
            for release in (before, after)
        ]
        return ReleaseChanges(tuple(list_changes(*tables)))


def _extract(archive: Path, folder: Path) -> FrozenTables:
    """Unpack the frozen tables of a release."""
    extract_source(archive, folder)
    return FrozenTables(folder)


def _count(frame: pl.DataFrame, change: str) -> int:
    return frame.filter(pl.col("change") == change).height
