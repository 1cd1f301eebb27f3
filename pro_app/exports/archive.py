"""The archive of a dataset: a ZIP with the same bytes for the same files and time."""

import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import BinaryIO

_BLOCK = 1 << 20
_REGULAR_FILE = 0o100644 << 16
_UNIX = 3
"""The system that the ZIP says it was made on; the same everywhere, whatever system it is."""
_COMPRESSED = frozenset({".parquet", ".xlsx", ".zip"})
"""Files that are compressed already: deflating them again would only take time."""
_QUICK = 1
"""Tables of so many repeated values shrink to a few percent at the quickest level already."""


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """What the manifest says of one file; `rows` is None where it is no table."""

    name: str
    sha256: str
    size: int
    rows: int | None


class Archive:
    """A ZIP while it is being written; every entry carries the time `at`."""

    def __init__(self, stream: BinaryIO, *, at: datetime) -> None:
        self.files: list[ArchivedFile] = []
        self._zip = zipfile.ZipFile(stream, "w")
        # A ZIP keeps the parts of a civil time, in steps of two seconds.
        self._date_time = at.astimezone(UTC).timetuple()[:6]

    def add(self, name: str, source: BinaryIO, *, rows: int | None = None) -> ArchivedFile:
        """Add a file from the beginning of `source`, with its SHA-256 and size noted for the manifest."""
        source.seek(0)
        digest, size = hashlib.sha256(), 0
        with self._zip.open(self._entry(name), "w", force_zip64=True) as entry:
            while block := source.read(_BLOCK):
                digest.update(block)
                size += len(block)
                entry.write(block)
        added = ArchivedFile(name, digest.hexdigest(), size, rows)
        self.files.append(added)
        return added

    def sort(self, key: Callable[[str], object]) -> None:
        """List the files in the order of `key` of their names, in whatever order they were written."""
        self._zip.filelist.sort(key=lambda info: key(info.filename))  # type: ignore[arg-type,return-value]  # any order will do
        self.files.sort(key=lambda file: key(file.name))  # type: ignore[arg-type,return-value]  # as above

    def finish(self) -> None:
        """Write the directory of the ZIP."""
        self._zip.close()

    def _entry(self, name: str) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(name, self._date_time)
        compressed = PurePosixPath(name).suffix in _COMPRESSED
        info.compress_type = zipfile.ZIP_STORED if compressed else zipfile.ZIP_DEFLATED
        info._compresslevel = _QUICK  # type: ignore[attr-defined]  # noqa: SLF001 -- no public name before 3.13
        info.create_system = _UNIX
        info.external_attr = _REGULAR_FILE
        return info
