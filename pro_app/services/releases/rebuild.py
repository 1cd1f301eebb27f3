"""Making a release anew from its own frozen source, and comparing the result with what is stored."""

import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from sqlalchemy.orm import Session

from pro_app.exports.making import release_file
from pro_app.exports.making.archive_comparison import FileDifference, list_file_differences
from pro_app.exports.making.frozen_tables import FrozenTables
from pro_app.exports.making.make_archive import make_archive
from pro_app.exports.making.workplace import Progress, report_nothing
from pro_app.services.releases.contents import digest_file, extract_source, locate_archive
from pro_app.services.releases.records import ReleaseRecord
from pro_app.services.releases.traces import TraceDifference, list_trace_differences
from pro_app.storage.catalogue import load_wording

APP_VERSION = version("pro-app")


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What came out: whether the stored ZIP is the one that was made, and every difference found.

    `same_version` tells whether bytes were compared, under the version of the software that made the
    release, or values, under another one. `same_bytes` is about the whole ZIPs: another library may compress
    the same files into other bytes. Without `is_readable`, the stored ZIP is so damaged that nothing could be
    derived from it, and nothing else was compared.
    """

    same_version: bool
    is_intact: bool
    same_bytes: bool
    files: tuple[FileDifference, ...]
    traces: tuple[TraceDifference, ...]
    is_readable: bool = True

    @property
    def is_well(self) -> bool:
        """Tell whether everything is as it should be."""
        return self.is_intact and not self.files and not self.traces


def rebuild_release(
    session: Session,
    release: ReleaseRecord,
    out: Path,
    *,
    folder: Path,
    progress: Progress = report_nothing,
) -> RebuildReport:
    """Derive everything again from the source in the stored ZIP, into a new ZIP at `out`, and compare.

    Of the database only what never changes is read: the wording packs by their hash, and, to trace the
    answers back, the operations. Raises NotFound where the ZIP is gone or a definition is. There is nothing
    at `out` where the stored ZIP cannot be read.
    """
    stored = locate_archive(session, release, folder=folder)
    is_intact = digest_file(stored) == release.archive_sha256
    try:
        return _rebuild(session, release, stored=stored, out=out, is_intact=is_intact, progress=progress)
    except Exception:
        # Damage shows as anything, from a broken checksum to a table that is none any more.
        if is_intact:
            raise
        out.unlink(missing_ok=True)
        same_version = release.app_version == APP_VERSION
        return RebuildReport(
            same_version=same_version,
            is_intact=False,
            same_bytes=False,
            files=(),
            traces=(),
            is_readable=False,
        )


def _rebuild(
    session: Session,
    release: ReleaseRecord,
    *,
    stored: Path,
    out: Path,
    is_intact: bool,
    progress: Progress,
) -> RebuildReport:
    """Derive the ZIP at `out` from the source in `stored`, and compare the two."""
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".rebuild-") as workshop:
        source = Path(workshop)
        extract_source(stored, source)
        described, remarks_of_data = release_file.read_release_file(
            source, load_wording=lambda sha256: load_wording(session, sha256)
        )
        traces = tuple(list_trace_differences(session, FrozenTables(source), study_id=release.study_id))
        with out.open("xb") as stream:
            make_archive(
                source, stream, release=described, remarks_of_data=remarks_of_data, progress=progress
            )
    same_version = release.app_version == APP_VERSION
    return RebuildReport(
        same_version=same_version,
        is_intact=is_intact,
        same_bytes=digest_file(stored) == digest_file(out),
        files=tuple(list_file_differences(stored, out, by_values=not same_version)),
        traces=traces,
    )
