"""The look at the present data: one ZIP of CSV tables, with its codebook and manifest."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from pro_app.exports.archive import Archive
from pro_app.exports.codebook.codes import list_codes
from pro_app.exports.codebook.format_notes import FORMAT_NOTES
from pro_app.exports.codebook.page import render_codebook
from pro_app.exports.codebook.rows import CODEBOOK, list_codebook_rows
from pro_app.exports.codebook.scales import list_scales
from pro_app.exports.formats.csv import write_csv
from pro_app.exports.frames import make_frame
from pro_app.exports.manifest import build_manifest, render_manifest
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark
from pro_app.exports.spool import Spool
from pro_app.exports.tables.catalogue import TABLES
from pro_app.exports.tables.column import TableDefinition
from pro_app.exports.tables.remarks import REMARKS
from pro_app.exports.tidy.remarks import remark_on_differences
from pro_app.protocol.visit_order import order_visit_codes


def write_live_dataset(
    stream: BinaryIO,
    spool: Spool,
    release: Release,
    *,
    folder: Path,
    remarks: Sequence[Remark],
    differences: int,
) -> dict[str, int]:
    """Write the ZIP from every table that the spool holds, the remarks apart; gives the rows of each.

    Scores that differ between what is stored and the two computations do not stop a look at the data, but
    are the first remark. `folder` is for files on their way.
    """
    found = [*([remark_on_differences(differences)] if differences else []), *remarks]
    spool.add(REMARKS, make_frame(REMARKS, (remark.as_row(release.provenance.study) for remark in found)))
    archive = Archive(stream, at=release.provenance.made_at)
    for table in TABLES:
        _add_table(archive, table, spool, folder=folder)
    _add_codebook(archive, spool, release, folder=folder)
    manifest = build_manifest(release.provenance, archive.files)
    archive.add("manifest.json", io.BytesIO(render_manifest(manifest)))
    archive.finish()
    return {table.name: spool.rows(table.name) for table in TABLES}


def _add_table(archive: Archive, table: TableDefinition, spool: Spool, *, folder: Path) -> None:
    path = folder / f"{table.name}.csv"
    write_csv(path, table, spool.frames(table.name))
    with path.open("rb") as file:
        archive.add(path.name, file, rows=spool.rows(table.name))
    path.unlink()


def _add_codebook(archive: Archive, spool: Spool, release: Release, *, folder: Path) -> None:
    """Add the codebook as a table and as a page; it names the visits that the data name."""
    visits = order_visit_codes(release.protocol, _find_visit_codes(spool))
    codes = list_codes(release.protocol, release.instruments, visits)
    spool.add(CODEBOOK, make_frame(CODEBOOK, list_codebook_rows(codes)))
    _add_table(archive, CODEBOOK, spool, folder=folder)
    manifest: Mapping[str, object] = build_manifest(release.provenance)
    scales = list_scales(release.protocol, release.instruments)
    page = render_codebook(manifest, codes, scales=scales, notes=FORMAT_NOTES[:1])
    archive.add("codebook.html", io.BytesIO(page.encode()))


def _find_visit_codes(spool: Spool) -> set[str]:
    return {
        code
        for table in TABLES
        for column in table.columns
        if column.codes == "visit_code"
        for frame in spool.frames(table.name)
        for code in frame[column.name].unique().drop_nulls()
    }
