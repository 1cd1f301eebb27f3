"""What explains a release: its codebook in three forms, and the programs that read it."""

import polars as pl

from pro_app.exports.codebook.codes import list_codes
from pro_app.exports.codebook.page import render_codebook
from pro_app.exports.codebook.rows import CODEBOOK, list_codebook_rows
from pro_app.exports.codebook.scales import list_scales
from pro_app.exports.codebook.workbook import write_workbook
from pro_app.exports.formats.csv import write_csv
from pro_app.exports.frames import make_frame
from pro_app.exports.making.frozen_tables import FrozenTables
from pro_app.exports.making.workplace import Workplace
from pro_app.exports.manifest import build_manifest
from pro_app.exports.programs.render import write_programs
from pro_app.exports.remarks import Remark
from pro_app.exports.tables.catalogue import TABLES
from pro_app.protocol.visit_order import order_visit_codes


def make_codebook(place: Workplace) -> list[Remark]:
    """Make the codebook as a table, a page and a workbook; it names the visits that the data name."""
    release, folder = place.release, place.subfolder("codebook")
    visits = order_visit_codes(release.protocol, _find_visit_codes(place.tables))
    codes = list_codes(release.protocol, release.instruments, visits)
    scales = list_scales(release.protocol, release.instruments)
    frame = make_frame(CODEBOOK, list_codebook_rows(codes))
    write_csv(folder / "codebook.csv", CODEBOOK, [frame], release=release)
    place.rows["codebook/codebook.csv"] = frame.height
    page = render_codebook(build_manifest(release.provenance), codes, scales=scales)
    (folder / "codebook.html").write_text(page, encoding="utf-8", newline="\n")
    write_workbook(folder / "codebook.xlsx", release, codes=codes, scales=scales, remarks=place.remarks)
    return []


def make_programs(place: Workplace) -> list[Remark]:
    """Make the programs for R and SAS."""
    write_programs(place.subfolder("programs"), place.release)
    return []


def _find_visit_codes(tables: FrozenTables) -> set[str]:
    columns = [(t.name, c.name) for t in TABLES for c in t.columns if c.codes == "visit_code"]
    return {
        code
        for table, column in columns
        for code in tables.scan(table).select(pl.col(column).drop_nulls().unique()).collect().to_series()
    }
