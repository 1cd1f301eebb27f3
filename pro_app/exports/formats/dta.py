"""Tables for Stata: `.dta` with labels, value labels, extended missing values and formats inside.

Format 118 (Stata 14 and later, UTF-8); the places in the file are those of Stata's `help dta`. Stata has no
labels for values of text columns: their codes stay as they are, the codebook explains them.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
import pyreadstat

from pro_app.exports.codebook.missing_codes import MISSING_CODES, MissingColumn, find_missing_column
from pro_app.exports.formats.dictionary import FileDictionary, cut_frames, describe_file
from pro_app.exports.formats.limits import Limits
from pro_app.exports.formats.records import Extent, Field, keep_frames, pack_rows
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark
from pro_app.exports.row_limit import MOST_ROWS, remark_on_rows
from pro_app.exports.spool import Spool
from pro_app.exports.tables.column import Column, ColumnType, TableDefinition
from pro_app.exports.times import name_month

STATA = Limits("Stata", len, file_label=80, column_label=80, value_label=32_000, text=2_044)

_VERSION = 14
_FORMATS: dict[ColumnType, str] = {
    "integer": "%12.0g",
    "number": "%10.2f",
    "flag": "%8.0g",
    "date": "%td",
    "datetime": "%tc",
}
_LONG, _DOUBLE = np.dtype("<i4"), np.dtype("<f8")
_LOWEST_LONG, _HIGHEST_LONG = -2_147_483_647, 2_147_483_620
_MISSING_LONG = 2_147_483_621
"""`.`; .a is the next number, and so on."""
_MISSING_DOUBLE: float = struct.unpack("<d", struct.pack("<Q", 0x7FE0_0000_0000_0000))[0]
_DAYS_TO_EPOCH = 3_653
"""Days from 1 January 1960, where Stata begins to count, to 1 January 1970."""
_ROWS, _MADE = b"<N>", b"<timestamp>\x11"
_DATA, _NO_MORE_DATA = b"<data>", b"</data>"
_MAP = b"<map>"
_MAP_PLACES, _DATA_PLACE, _FIRST_PLACE_AFTER = 14, 9, 10


@dataclass(frozen=True, slots=True)
class _Around:
    """What stands in a file before its rows and after them."""

    head: bytes
    tail: bytes


def write_dta(
    path: Path, table: TableDefinition, frames: Iterable[pl.DataFrame], *, release: Release
) -> list[Remark]:
    """Write a table for Stata; gives remarks on what had to be shortened, or why there is no file.

    Dates are dates, moments UTC; a flag is 1 or 0; an empty text is no value. The time in the file is that
    of the release, so that the same table gives the same bytes. Raises ValueError for other columns.
    """
    with TemporaryDirectory(dir=path.parent) as folder:
        spool = Spool(Path(folder))
        extent = keep_frames(table, frames, spool)
        if extent.rows > MOST_ROWS:
            return [remark_on_rows(table.name, extent.rows, program=STATA.program)]
        dictionary = describe_file(table, extent, release, limits=STATA)
        fields = [_field(column, extent) for column in table.columns]
        around = _make_around(path, table, dictionary, fields=fields)
        size = sum(one.kind.itemsize for one in fields)
        with path.open("wb") as stream:
            stream.write(_complete(around.head, rows=extent.rows, size=size, at=release.provenance.made_at))
            fitting = cut_frames(spool.frames(table.name), dictionary, limits=STATA)
            ready = (_as_numbers(frame, table, fields) for frame in fitting)
            stream.writelines(pack_rows(ready, fields, fill="\0"))
            stream.write(around.tail)
    return dictionary.remarks


def _field(column: Column, extent: Extent) -> Field:
    """Say how a column is stored: flags and integers as long where they fit, else double, or text."""
    if column.type == "text":
        width = max(1, min(extent.longest[column.name], STATA.text))
        return Field(column.name, np.dtype(f"S{width}"), width)
    low, high = extent.lowest.get(column.name, 0), extent.highest.get(column.name, 0)
    fits = low >= _LOWEST_LONG and high <= _HIGHEST_LONG
    is_long = column.type == "flag" or (column.type == "integer" and fits)
    return Field(column.name, _LONG if is_long else _DOUBLE)


def _make_around(
    path: Path, table: TableDefinition, dictionary: FileDictionary, *, fields: list[Field]
) -> _Around:
    """Let the library write the file with one row, and give what stands around that row."""
    missing = find_missing_column(table)
    texts = {one.name for one in fields if one.width}
    labels: dict[str, Any] = {
        name: found for name, found in dictionary.value_labels.items() if name not in texts
    }
    if missing:
        labels[missing.column] = {code.stata: code.fr for code in MISSING_CODES}
    pyreadstat.write_dta(
        pl.DataFrame([_template(one, missing) for one in fields]),
        path,
        file_label=dictionary.file_label,
        column_labels=dictionary.column_labels,
        version=_VERSION,
        variable_value_labels=labels,
        missing_user_values={missing.column: [code.stata for code in MISSING_CODES]} if missing else None,
        variable_format={c.name: _FORMATS[c.type] for c in table.columns if c.type != "text"},
    )
    content = path.read_bytes()
    places = _read_map(content)
    start = places[_DATA_PLACE] + len(_DATA)
    around = _Around(content[:start], content[places[_FIRST_PLACE_AFTER] - len(_NO_MORE_DATA) :])
    row = len(content) - len(around.head) - len(around.tail)
    if not around.tail.startswith(_NO_MORE_DATA) or row != sum(one.kind.itemsize for one in fields):
        raise RuntimeError(f"{table.name}: pyreadstat lays out a row in another way than expected")
    return around


def _template(one: Field, missing: MissingColumn | None) -> pl.Series:
    """Give a column of one row that makes the library choose the type of the field."""
    if one.width:
        return pl.Series(one.name, ["x" * one.width])
    if missing and one.name == missing.column:
        return pl.Series(one.name, [0 if one.kind == _LONG else 0.0], dtype=pl.Object)
    return pl.Series(one.name, [0], dtype=pl.Int32 if one.kind == _LONG else pl.Float64)


def _read_map(content: bytes) -> list[int]:
    start = content.index(_MAP) + len(_MAP)
    return list(struct.unpack_from(f"<{_MAP_PLACES}q", content, start))


def _complete(head: bytes, *, rows: int, size: int, at: datetime) -> bytes:
    """Put in the number of rows, the places of what comes after them, and the time of the release."""
    at = at.astimezone(UTC)
    places = [
        place + (rows - 1) * size * (number >= _FIRST_PLACE_AFTER)
        for number, place in enumerate(_read_map(head))
    ]
    made = f"{at:%d} {name_month(at)} {at:%Y %H:%M}".encode()
    for mark, value in (
        (_ROWS, struct.pack("<q", rows)),
        (_MADE, made),
        (_MAP, struct.pack(f"<{_MAP_PLACES}q", *places)),
    ):
        start = head.index(mark) + len(mark)
        head = head[:start] + value + head[start + len(value) :]
    return head


def _as_numbers(frame: pl.DataFrame, table: TableDefinition, fields: list[Field]) -> pl.DataFrame:
    """Give a frame in which all columns but those of text are the numbers of the file."""
    kinds = {one.name: one.kind for one in fields}
    missing = find_missing_column(table)
    columns = []
    for column in table.columns:
        if column.type != "text":
            empty = _MISSING_LONG if kinds[column.name] == _LONG else _MISSING_DOUBLE
            cells = _number(column)
            if missing and column.name == missing.column:
                cells = pl.coalesce(cells, _missing_codes(missing))
            dtype = pl.Int32 if kinds[column.name] == _LONG else pl.Float64
            columns.append(cells.fill_null(empty).cast(dtype))
    return frame.with_columns(columns)


def _missing_codes(missing: MissingColumn) -> pl.Expr:
    """Give the extended missing values of the reasons, .a for the first one."""
    codes = {code.state: _MISSING_LONG + 1 + ord(code.stata) - ord("a") for code in MISSING_CODES}
    return pl.col(missing.state).replace_strict(codes, default=None, return_dtype=pl.Int64)


def _number(column: Column) -> pl.Expr:
    """Give a column as Stata counts: days, or milliseconds, since 1 January 1960."""
    cell = pl.col(column.name)
    if column.type == "date":
        return cell.cast(pl.Int64) + _DAYS_TO_EPOCH
    if column.type == "datetime":
        return (cell.cast(pl.Int64) + _DAYS_TO_EPOCH * 86_400_000).cast(pl.Float64)
    return cell.cast(pl.Float64) if column.type == "number" else cell.cast(pl.Int64)
