"""Tables as CSV: typed, UTF-8, the same bytes for the same rows, safe to open in a spreadsheet."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from pro_app.exports.frames import check_frame, make_frame
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark
from pro_app.exports.tables.column import ColumnType, TableDefinition

_FORMULA_START = r"^[=+\-@\t\r\n]"
"""A spreadsheet takes a text that begins so for a formula; OWASP, CSV injection."""

_LINE_END = "\r\n"
"""RFC 4180."""


def write_csv(
    path: Path,
    table: TableDefinition,
    frames: Iterable[pl.DataFrame],
    *,
    release: Release | None = None,  # noqa: ARG001 -- every table writer is called alike
) -> list[Remark]:
    """Write a table frame after frame; everything can be said in CSV, so there is no remark.

    Empty is no value; a flag is 1 or 0; a date YYYY-MM-DD; a moment UTC to the millisecond; a number the
    shortest text that reads back as the same one. Raises ValueError for a frame of other columns.
    """
    with path.open("wb") as stream:
        make_frame(table).write_csv(stream, line_terminator=_LINE_END)
        for frame in frames:
            check_frame(table, frame)
            cells = frame.select(_cell(column.name, column.type) for column in table.columns)
            cells.write_csv(stream, include_header=False, line_terminator=_LINE_END)
    return []


def format_csv(frame: pl.DataFrame) -> str:
    """Give a frame of texts and numbers that is no table of a release as CSV, its texts as safe to open."""
    texts = [_cell(name, "text") for name, kind in frame.schema.items() if kind == pl.String]
    return frame.with_columns(texts).write_csv(line_terminator=_LINE_END)


def _cell(name: str, kind: ColumnType) -> pl.Expr:
    """Give a column as what the file says of it."""
    column = pl.col(name)
    if kind == "flag":
        return column.cast(pl.Int8)
    if kind == "datetime":
        return column.dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
    if kind == "text":
        # SAS ends a record at CR LF even inside quotes; a line break in a text is LF alone.
        column = column.str.replace_all("\r\n", "\n", literal=True)
        # An empty text and no value are one and the same here.
        return (
            pl.when(column.str.contains(_FORMULA_START))
            .then(pl.concat_str(pl.lit("'"), column))
            .when(column != "")
            .then(column)
            .alias(name)
        )
    return column
