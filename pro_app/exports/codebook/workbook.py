"""The codebook as a workbook (XLSX), to filter and to print."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import xlsxwriter

from pro_app.exports.codebook.codes import Code
from pro_app.exports.codebook.format_notes import FORMAT_NOTES
from pro_app.exports.codebook.scales import ScaleFacts
from pro_app.exports.manifest import build_manifest
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark
from pro_app.exports.tables.catalogue import TABLES
from pro_app.exports.tables.column import TableDefinition
from pro_app.exports.times import render_time

Cell = str | int | float | None
LANDSCAPE_PAPER = 9
"""A4."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: header and width in characters of each column, then the rows."""

    name: str
    columns: tuple[tuple[str, int], ...]
    rows: Iterable[Sequence[Cell]]


def write_workbook(
    path: Path,
    release: Release,
    *,
    codes: Sequence[Code],
    scales: Sequence[ScaleFacts],
    remarks: Iterable[Remark],
    tables: Sequence[TableDefinition] = TABLES,
) -> None:
    """Write the workbook; the same contents and release give the same bytes.

    What must be known first (test mode, placeholder wording) stands on top of the first sheet. No cell is a
    formula or a link.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        book.set_properties(
            {
                "title": f"Dictionnaire des données · Codebook · {release.provenance.study}",
                "created": release.provenance.made_at.astimezone(UTC).replace(tzinfo=None),
            }
        )
        writer = _SheetWriter(book)
        writer.write(_introduction(release), warnings=build_manifest(release.provenance)["remarks"])
        for sheet in _list_sheets(codes, scales, remarks, tables=tables):
            writer.write(sheet)


class _SheetWriter:
    """Gives every sheet of a workbook the same look: frozen header, filter, widths, print setup."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self._book = book
        self._header = book.add_format({"bold": True, "bg_color": "#E3F0F1", "border": 1, "text_wrap": True})
        self._cell = book.add_format({"valign": "top", "text_wrap": True})
        self._warning = book.add_format(
            {"bold": True, "bg_color": "#FBF1DC", "valign": "top", "text_wrap": True}
        )

    def write(self, sheet: Sheet, *, warnings: Sequence[Mapping[str, str]] = ()) -> None:
        """Add a sheet; `warnings` stand above its rows, marked."""
        page = self._book.add_worksheet(sheet.name)
        for place, (_, width) in enumerate(sheet.columns):
            page.set_column(place, place, width)
        page.write_row(0, 0, [title for title, _ in sheet.columns], self._header)
        row = 0
        for warning in warnings:
            row += 1
            page.write_row(row, 0, ["À savoir · Note", warning["fr"], warning["en"]], self._warning)
        for cells in sheet.rows:
            row += 1
            for place, cell in enumerate(cells):
                if isinstance(cell, str):
                    page.write_string(row, place, cell, self._cell)
                elif cell is not None:
                    page.write_number(row, place, cell, self._cell)
        page.freeze_panes(1, 0)
        page.autofilter(0, 0, row, len(sheet.columns) - 1)
        page.set_landscape()
        page.set_paper(LANDSCAPE_PAPER)
        page.fit_to_pages(1, 0)
        page.repeat_rows(0)
        page.set_footer("&L&A&R&P / &N")


def _introduction(release: Release) -> Sheet:
    """Say what the workbook is about and how the files are to be read."""
    made = release.provenance
    number = "" if release.number is None else str(release.number)
    facts: list[tuple[str, str, str]] = [
        ("Étude · Study", f"{made.study} ({made.study_mode})", release.protocol.title.text("en")),
        ("Gel · Release", number, number),
        ("Motif · Reason", release.reason, release.reason),
        ("But · Purpose", made.purpose, made.purpose),
        ("Fait le · Made at", render_time(made.made_at), render_time(made.made_at)),
        ("Par · By", made.made_by, made.made_by),
        ("Logiciel · Software", f"pro-app {made.app_version}", f"pro-app {made.app_version}"),
        ("Protocole · Protocol", made.protocol_version, f"SHA-256 {made.protocol_sha256}"),
    ]
    notes = ((note.about, note.fr, note.en) for note in FORMAT_NOTES)
    columns = (("Lisez-moi · README", 24), ("Français", 70), ("English", 70))
    return Sheet("Lisez-moi README", columns, (*facts, *notes))


def _list_sheets(
    codes: Sequence[Code],
    scales: Sequence[ScaleFacts],
    remarks: Iterable[Remark],
    *,
    tables: Sequence[TableDefinition],
) -> Iterator[Sheet]:
    words = (("Français", 60), ("English", 60))
    yield Sheet("Tables", (("Table", 18), *words), [(t.name, t.fr, t.en) for t in tables])
    yield Sheet(
        "Columns",
        (("Table", 18), ("Colonne · Column", 26), ("Type", 10), *words, ("Codes", 22)),
        [(t.name, c.name, c.type, c.fr, c.en, c.codes) for t in tables for c in t.columns],
    )
    yield Sheet(
        "Codes",
        (("Codes", 22), ("Code", 26), ("Questionnaire", 16), *words),
        [(c.codes, c.code, c.instrument, c.fr, c.en) for c in codes],
    )
    yield Sheet("Scales", _SCALE_COLUMNS, (_scale_row(scale) for scale in scales))
    yield Sheet(
        "Remarks",
        (
            ("Remarque · Remark", 22),
            ("Table", 16),
            ("Centre · Site", 8),
            ("Participant", 14),
            ("Visite · Visit", 14),
            *words,
        ),
        ((r.code, r.table, r.site, r.participant_code, r.visit_code, r.fr, r.en) for r in remarks),
    )


_SCALE_COLUMNS = (
    ("Questionnaire", 16),
    ("Version", 8),
    ("Calcul · Scoring", 12),
    ("Échelle · Scale", 12),
    ("Français", 34),
    ("English", 34),
    ("Sens", 34),
    ("Direction", 34),
    ("Items", 30),
    ("Nécessaires · Needed", 12),
    ("CDISC", 18),
    ("Différence minimale · Minimal difference", 14),
    ("Important si · Important if", 14),
)


def _scale_row(scale: ScaleFacts) -> Sequence[Cell]:
    return (
        scale.instrument,
        scale.version,
        scale.scoring,
        scale.code,
        scale.name_fr,
        scale.name_en,
        scale.kind_fr,
        scale.kind_en,
        scale.parts,
        scale.needed,
        scale.testcd,
        scale.minimal_difference,
        scale.important,
    )
