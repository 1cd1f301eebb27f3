"""From the frozen source of a release to its ZIP; the same source gives the same bytes."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from pro_app.exports.archive import Archive, ArchivedFile
from pro_app.exports.making.first_page import render_first_page
from pro_app.exports.making.frozen_tables import FOLDER, FrozenTables, read_remarks
from pro_app.exports.making.layout import FIRST_PAGE, MANIFEST, place_in_archive
from pro_app.exports.making.products import LAST_PRODUCTS, PRODUCTS
from pro_app.exports.making.release_manifest import build_release_manifest
from pro_app.exports.making.workplace import Progress, Workplace, report_nothing
from pro_app.exports.manifest import render_manifest
from pro_app.exports.release import Release

LAST_STEP = "archive"
STEPS = len(PRODUCTS) + len(LAST_PRODUCTS) + 1
"""How many steps `make_archive` reports."""
AT_A_TIME = 2
"""How many products are made at a time: while one waits for Python, the other one computes."""


def make_archive(
    folder: Path,
    stream: BinaryIO,
    *,
    release: Release,
    remarks_of_data: int,
    progress: Progress = report_nothing,
) -> str:
    """Derive everything from the frozen source in `folder` and write the ZIP to `stream`.

    `remarks_of_data` is how many of the first remarks of the source are about the data. Gives the SHA-256
    of the source. Files that are in the ZIP are removed from `folder`, but for the source.
    """
    archive = Archive(stream, at=release.provenance.made_at)
    try:
        return _fill(archive, folder, release, remarks_of_data=remarks_of_data, progress=progress)
    finally:
        archive.finish()


def _fill(
    archive: Archive, folder: Path, release: Release, *, remarks_of_data: int, progress: Progress
) -> str:
    """Make every product and put its files into the archive; gives the SHA-256 of the source."""
    tables = FrozenTables(folder)
    source = _list_files(folder)
    place = Workplace(release, tables, folder, read_remarks(tables, remarks_of_data))
    with _filing(archive, place, kept=source) as filer, ThreadPoolExecutor(AT_A_TIME) as makers:
        try:
            _make_products(place, filer, makers, progress=progress)
        finally:
            makers.shutdown(cancel_futures=True)
        progress(LAST_STEP, STEPS - 1, STEPS)
        filer.file(source)
    names = {path.relative_to(folder).as_posix() for path in source}
    source_sha256 = digest_source(file for file in archive.files if file.name in names)
    _add_first_pages(archive, place, source_sha256)
    return source_sha256


def _make_products(
    place: Workplace, filer: "_Filer", makers: ThreadPoolExecutor, *, progress: Progress
) -> None:
    """Make and file every product; the order of files and remarks does not depend on who is ready first."""
    early = [(product, makers.submit(product.make, place)) for product in PRODUCTS]
    for number, (product, made) in enumerate(early):
        progress(product.step, number, STEPS)
        place.remarks.extend(made.result())
        filer.file_folder(product.folder)
    for number, product in enumerate(LAST_PRODUCTS, start=len(PRODUCTS)):
        progress(product.step, number, STEPS)
        place.remarks.extend(product.make(place))
        filer.file_folder(product.folder)


def digest_source(files: Iterator[ArchivedFile]) -> str:
    """Give one SHA-256 over the names and sums of the files of the frozen source."""
    lines = sorted(f"{file.sha256}  {file.name}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _add_first_pages(archive: Archive, place: Workplace, source_sha256: str) -> None:
    """Add the first page and the manifest, which speak of all other files."""
    archive.sort(place_in_archive)
    page = render_first_page(place.release, place.remarks, archive.files)
    archive.add(FIRST_PAGE, BytesIO(page.encode()))
    archive.sort(place_in_archive)
    manifest = build_release_manifest(
        place.release, files=archive.files, remarks=place.remarks, source_sha256=source_sha256
    )
    archive.add(MANIFEST, BytesIO(render_manifest(manifest)))
    archive.sort(place_in_archive)


class _Filer:
    """Puts files into the archive in a thread of its own, while the next ones are being made."""

    def __init__(self, archive: Archive, place: Workplace, kept: frozenset[Path]) -> None:
        self._archive = archive
        self._place = place
        self._taken = kept
        self._kept = kept
        self._pool = ThreadPoolExecutor(1)
        self._filed: list[Future[None]] = []

    def file_folder(self, name: str) -> None:
        """File whatever is new in a folder of the release, by name."""
        self.file(_list_files(self._place.folder / name) - self._taken)

    def file(self, paths: frozenset[Path]) -> None:
        """File these, by name; raises what went wrong with earlier ones."""
        self._taken |= paths
        for filed in self._filed:
            if filed.done():
                filed.result()
        self._filed += [self._pool.submit(self._file, path) for path in sorted(paths)]

    def finish(self) -> None:
        """Wait until everything is filed; raises what went wrong."""
        for filed in self._filed:
            filed.result()

    def close(self) -> None:
        """Let go of the thread, with what it has not begun."""
        self._pool.shutdown(cancel_futures=True)

    def _file(self, path: Path) -> None:
        name = path.relative_to(self._place.folder).as_posix()
        with path.open("rb") as source:
            self._archive.add(name, source, rows=self._count_rows(name))
        if path not in self._kept:
            path.unlink()

    def _count_rows(self, name: str) -> int | None:
        path = PurePosixPath(name)
        if name not in self._place.rows and path.parent == PurePosixPath(FOLDER):
            return self._place.tables.rows(path.stem)
        return self._place.rows.get(name)


@contextmanager
def _filing(archive: Archive, place: Workplace, *, kept: frozenset[Path]) -> Iterator[_Filer]:
    """File while the block makes files; everything is filed when the block has ended well."""
    filer = _Filer(archive, place, kept)
    try:
        yield filer
        filer.finish()
    finally:
        filer.close()


def _list_files(folder: Path) -> frozenset[Path]:
    return frozenset(path for path in folder.rglob("*") if path.is_file())
