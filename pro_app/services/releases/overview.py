"""What a page says about a finished release: its files, who took it, and its tables to draw figures from."""

import tempfile
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
from sqlalchemy.orm import Session

from pro_app.errors import NotFound
from pro_app.exports.frames import Tables, make_frame
from pro_app.exports.making.frozen_tables import FrozenTables
from pro_app.exports.making.release_file import read_release_file
from pro_app.exports.release import Release
from pro_app.exports.tables.assessments import ASSESSMENTS
from pro_app.exports.tables.deterioration import DETERIORATION
from pro_app.exports.tables.items import ITEMS
from pro_app.exports.tables.participants import PARTICIPANTS
from pro_app.exports.tables.scores import SCORES
from pro_app.services.releases.contents import extract_source, find_archive, list_downloads
from pro_app.services.releases.records import ReleaseRecord
from pro_app.storage.catalogue import load_wording
from pro_app.storage.queries.accounts import find_display_name

TABLES_OF_FIGURES = (PARTICIPANTS, ASSESSMENTS, ITEMS, SCORES, DETERIORATION)
"""All that figures are estimated from."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the archive; `size` in bytes before compression."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Taken:
    """One time that somebody took a release or a part of it; people are named as the app knows them."""

    at: datetime
    by: str
    what: str


def list_members(session: Session, release: ReleaseRecord, *, folder: Path) -> list[Member]:
    """List the files of the archive in their order; none where the archive is gone."""
    try:
        path = find_archive(session, release, folder=folder)
    except NotFound:
        return []
    with zipfile.ZipFile(path) as archive:
        return [Member(info.filename, info.file_size) for info in archive.infolist()]


def list_takers(session: Session, release: ReleaseRecord) -> list[Taken]:
    """List who took what of a release, the newest first."""
    return [
        Taken(entry.at, find_display_name(session, entry.actor) or entry.role, entry.after("what"))
        for entry in list_downloads(session, release)
    ]


def load_released(session: Session, release: ReleaseRecord, *, folder: Path) -> tuple[Release, Tables]:
    """Read a release as it was frozen, with the tables that figures are estimated from.

    Raises NotFound where the archive is gone.
    """
    path = find_archive(session, release, folder=folder)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        extract_source(path, place)
        frozen, _ = read_release_file(place, load_wording=lambda sha256: load_wording(session, sha256))
        tables = FrozenTables(place)
        return frozen, {
            table.name: pl.concat([make_frame(table), *tables.frames(table.name)])
            for table in TABLES_OF_FIGURES
        }
