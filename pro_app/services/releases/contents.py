"""Handing out a release: the whole ZIP, or one file of it; every time is kept in the audit trail."""

import hashlib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import IO

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import NotFound
from pro_app.exports.making.frozen_tables import FOLDER
from pro_app.exports.making.release_file import DEFINITIONS, NAME
from pro_app.exports.making.tidy_files import TABLE_FORMATS
from pro_app.exports.tables.catalogue import TABLES
from pro_app.services.releases.files import archive_path
from pro_app.services.releases.records import ReleaseRecord, require_taker
from pro_app.storage.queries.audit_trail import AuditRecord, list_entries
from pro_app.storage.tables.studies import Study

DOWNLOAD_ACTION = "release.download"
_SOURCE = (f"{FOLDER}/", f"{DEFINITIONS}/", NAME)


@dataclass(frozen=True, slots=True)
class ReleasedFile:
    """One file of a release while it is open; `size` in bytes."""

    name: str
    size: int
    stream: IO[bytes]


def list_table_files() -> dict[tuple[str, str], str]:
    """Give the file of each table in each format, by (table, ending of the file)."""
    files = {(table.name, "parquet"): f"{FOLDER}/{table.name}.parquet" for table in TABLES}
    for form in TABLE_FORMATS:
        files |= {(table.name, form.suffix): form.path_of(table.name) for table in TABLES}
    return files


def find_archive(session: Session, release: ReleaseRecord, *, folder: Path) -> Path:
    """Give the place of a release's ZIP; raises NotFound where it is not made, gone, or has other bytes."""
    path = locate_archive(session, release, folder=folder)
    if path.stat().st_size != release.archive_size or digest_file(path) != release.archive_sha256:
        raise NotFound("release_archive")
    return path


def locate_archive(session: Session, release: ReleaseRecord, *, folder: Path) -> Path:
    """Give the place of a release's ZIP, whatever its bytes; raises NotFound where it is not made or gone."""
    study = session.get(Study, release.study_id)
    if study is None or release.made_at is None:
        raise NotFound("release")
    path = archive_path(folder, study_code=study.study_code, number=release.number)
    if not path.is_file():
        raise NotFound("release_archive")
    return path


def digest_file(path: Path) -> str:
    """Give the SHA-256 of a file; a file that was not touched since is not read again in this process."""
    now = path.stat()
    return _digest_once(path, (now.st_mtime_ns, now.st_ctime_ns, now.st_ino, now.st_size))


@lru_cache(maxsize=256)
def _digest_once(path: Path, _state: tuple[int, ...]) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def extract_source(archive: Path, folder: Path) -> None:
    """Unpack the frozen source of a release: its tables, its definitions and what describes it."""
    with zipfile.ZipFile(archive) as stored:
        stored.extractall(folder, [name for name in stored.namelist() if name.startswith(_SOURCE)])


@contextmanager
def open_file(session: Session, release: ReleaseRecord, name: str, *, folder: Path) -> Iterator[ReleasedFile]:
    """Open one file of the ZIP by its name in it; raises NotFound where there is none."""
    path = find_archive(session, release, folder=folder)
    with zipfile.ZipFile(path) as archive:
        try:
            info = archive.getinfo(name)
        except KeyError as error:
            raise NotFound("file") from error
        with archive.open(info) as stream:
            yield ReleasedFile(Path(name).name, info.file_size, stream)


def record_download(
    session: Session, release: ReleaseRecord, *, what: str, actor: Actor, now: datetime
) -> None:
    """Keep in the audit trail who took which part of a release; `what` is a name in the ZIP, or `archive`.

    Raises NotPermitted for a role that takes no answers.
    """
    require_taker(actor)
    items = [
        {"field": "number", "before": None, "after": str(release.number)},
        {"field": "what", "before": None, "after": what},
        {"field": "sha256", "before": None, "after": release.archive_sha256},
    ]
    change = Change(DOWNLOAD_ACTION, f"release:{release.release_id}", items, reason=release.purpose)
    record_change(session, change, actor=actor, site_id=None, now=now)


def list_downloads(session: Session, release: ReleaseRecord, *, limit: int = 20) -> list[AuditRecord]:
    """List who took what of a release, the newest first."""
    return list_entries(
        session, action=DOWNLOAD_ACTION, subject_ref=f"release:{release.release_id}", limit=limit
    )
