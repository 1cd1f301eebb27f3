"""Tables for SPSS: `.sav` with labels, value labels, missing codes and formats inside.

The places in the header are those of PSPP's developer's guide, chapter "System File Format".
"""

import struct
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import polars as pl
import pyreadstat

from pro_app.exports.codebook.missing_codes import (
    HIGHEST_SPSS,
    LOWEST_SPSS,
    MISSING_CODES,
    MissingColumn,
    find_missing_column,
)
from pro_app.exports.formats.dictionary import FileDictionary, cut_frames, describe_file
from pro_app.exports.formats.limits import Limits, count_bytes
from pro_app.exports.formats.records import Extent, Field, keep_frames, pack_rows
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark
from pro_app.exports.row_limit import MOST_ROWS, remark_on_rows
from pro_app.exports.spool import Spool
from pro_app.exports.tables.column import Column, ColumnType, TableDefinition
from pro_app.exports.times import name_month

SPSS = Limits("SPSS", count_bytes, file_label=64, column_label=255, value_label=120, text=32_000)

_FORMATS: dict[ColumnType, str] = {
    "integer": "F8.0",
    "number": "F8.2",
    "flag": "F1.0",
    "date": "SDATE10",
    "datetime": "DATETIME23.3",
}
_DAYS_TO_EPOCH = 141_428
"""Days from 14 October 1582, where SPSS begins to count, to 1 January 1970."""
_SYSTEM_MISSING = -sys.float_info.max
_NO_MORE_DICTIONARY = struct.pack("<ii", 999, 0)
_LONGEST_SEGMENT = 255
_CASES_AT, _MADE_AT = 80, 92
_MANY_CASES = struct.pack("<iiiiq", 7, 16, 8, 2, 1)
"""The record that says the number of cases again, in 64 bits, up to that number."""


def write_sav(
    path: Path, table: TableDefinition, frames: Iterable[pl.DataFrame], *, release: Release
) -> list[Remark]:
    """Write a table for SPSS; gives remarks on what had to be shortened, or why there is no file.

    Dates are dates, moments UTC; a flag is 1 or 0; an empty text is no value, and blanks at the end of a
    text are none, as SPSS fills up with blanks. The time in the file is that
    of the release, so that the same table gives the same bytes. Raises ValueError for other columns.
    """
    with TemporaryDirectory(dir=path.parent) as folder:
        spool = Spool(Path(folder))
        extent = keep_frames(table, frames, spool)
        if extent.rows > MOST_ROWS:
            return [remark_on_rows(table.name, extent.rows, program=SPSS.program)]
        dictionary = describe_file(table, extent, release, limits=SPSS)
        fields = [_field(column, extent, dictionary) for column in table.columns]
        header = _make_header(path, table, dictionary, fields=fields)
        with path.open("wb") as stream:
            stream.write(_complete_header(header, rows=extent.rows, at=release.provenance.made_at))
            fitting = cut_frames(spool.frames(table.name), dictionary, limits=SPSS)
            ready = (_as_numbers(frame, table) for frame in fitting)
            stream.writelines(pack_rows(ready, fields, fill=" "))
    return dictionary.remarks


def _field(column: Column, extent: Extent, dictionary: FileDictionary) -> Field:
    """Say how a column is stored: as doubles, or as text in units of eight bytes."""
    if column.type != "text":
        return Field(column.name, np.dtype("<f8"))
    width = dictionary.text_width(column.name, extent, most=SPSS.text)
    if width <= _LONGEST_SEGMENT:
        return Field(column.name, np.dtype(f"S{-(-width // 8) * 8}"), width)
    full = (width - 1) // 252
    last = -(-(width - full * 252) // 8) * 8
    return Field(column.name, np.dtype(f"S{full * 256 + last}"), width, segmented=True)


def _make_header(
    path: Path, table: TableDefinition, dictionary: FileDictionary, *, fields: list[Field]
) -> bytes:
    """Let the library write the file with one row, and give what stands before that row."""
    missing = find_missing_column(table)
    labels: dict[str, Any] = dict(dictionary.value_labels)
    if missing:
        labels[missing.column] = {code.spss: code.fr for code in MISSING_CODES}
    pyreadstat.write_sav(
        pl.DataFrame({one.name: ["x" * one.width] if one.width else [0.0] for one in fields}),
        path,
        file_label=dictionary.file_label,
        column_labels=dictionary.column_labels,
        variable_value_labels=labels,
        missing_ranges={missing.column: [{"lo": LOWEST_SPSS, "hi": HIGHEST_SPSS}]} if missing else None,
        variable_format={
            column.name: _FORMATS[column.type] for column in table.columns if column.type != "text"
        },
        variable_measure={c.name: _measure_of(c) for c in table.columns},
    )
    content = path.read_bytes()
    header = content[: len(content) - sum(one.kind.itemsize for one in fields)]
    if not header.endswith(_NO_MORE_DICTIONARY):
        raise RuntimeError(f"{table.name}: pyreadstat lays out a row in another way than expected")
    return header


def _complete_header(header: bytes, *, rows: int, at: datetime) -> bytes:
    """Put in the number of rows and the time of the release."""
    at = at.astimezone(UTC)
    made = f"{at:%d} {name_month(at)} {at:%y}{at:%H:%M:%S}".encode()
    cases = struct.pack("<i", rows)
    header = header[:_CASES_AT] + cases + header[_CASES_AT + len(cases) :]
    header = header[:_MADE_AT] + made + header[_MADE_AT + len(made) :]
    return header.replace(_MANY_CASES + struct.pack("<q", 1), _MANY_CASES + struct.pack("<q", rows), 1)


def _measure_of(column: Column) -> Literal["nominal", "scale"]:
    return "scale" if column.type in {"number", "date", "datetime"} else "nominal"


def _as_numbers(frame: pl.DataFrame, table: TableDefinition) -> pl.DataFrame:
    """Give a frame in which all columns but those of text are the doubles of the file."""
    missing = find_missing_column(table)
    if missing:
        frame = frame.with_columns(_with_missing_codes(missing))
    return frame.with_columns(
        _number(column).fill_null(_SYSTEM_MISSING) for column in table.columns if column.type != "text"
    )


def _with_missing_codes(missing: MissingColumn) -> pl.Expr:
    codes = {code.state: code.spss for code in MISSING_CODES}
    reason = pl.col(missing.state).replace_strict(codes, default=None, return_dtype=pl.Int64)
    return pl.coalesce(missing.column, reason)


def _number(column: Column) -> pl.Expr:
    """Give a column as SPSS counts: days and moments in seconds since 14 October 1582."""
    cell = pl.col(column.name)
    if column.type == "date":
        return (cell.cast(pl.Int64) + _DAYS_TO_EPOCH) * 86_400.0
    if column.type == "datetime":
        milliseconds = cell.cast(pl.Int64) + _DAYS_TO_EPOCH * 86_400_000
        return milliseconds.map_batches(_as_seconds, return_dtype=pl.Float64, is_elementwise=True)
    return cell.cast(pl.Float64)


def _as_seconds(milliseconds: pl.Series) -> pl.Series:
    """Divide to the nearest number; polars would multiply by a rounded reciprocal."""
    return pl.Series(np.divide(milliseconds.to_numpy(), 1000), nan_to_null=True)
