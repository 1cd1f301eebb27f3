"""Writing a table as CSV: typed, UTF-8, the same bytes for the same rows, safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import BinaryIO

from pro_app.exports.columns import ColumnType, TableDefinition
from pro_app.exports.datasets import Cell, Row

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet takes a text that begins so for a formula; OWASP, CSV injection."""


class CsvTable:
    """One table while it is being written to a binary stream; `rows` counts its rows."""

    def __init__(self, table: TableDefinition, stream: BinaryIO) -> None:
        self.table = table
        self.rows = 0
        self._text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        # RFC 4180. The writer of Python 3.11 quotes a line break only if it is part of the terminator.
        self._writer = csv.writer(self._text, lineterminator="\r\n")
        self._writer.writerow(column.name for column in table.columns)
        self._names = frozenset(column.name for column in table.columns)
        self._renderers = [(column.name, _RENDERERS[column.type]) for column in table.columns]

    def write(self, row: Row) -> None:
        """Write one row; raises ValueError where its columns are not exactly those of the table."""
        if row.keys() != self._names:
            raise ValueError(f"{self.table.name}: {sorted(self._names ^ row.keys())}")
        self._writer.writerow(
            [render(row[name]) if render else row[name] for name, render in self._renderers]
        )
        self.rows += 1

    def finish(self) -> None:
        """Bring everything into the stream and let go of it."""
        self._text.flush()
        self._text.detach()


def render_flag(value: Cell) -> str:
    """Write 1 or 0."""
    return "" if value is None else "1" if value else "0"


def render_date(value: Cell) -> str:
    """Write a civil date: 2026-03-02."""
    return value.isoformat() if isinstance(value, date) else ""


def render_moment(value: Cell) -> str:
    """Write a moment, or nothing."""
    return render_time(value) if isinstance(value, datetime) else ""


def render_text(value: Cell) -> str:
    """Write a text, with an apostrophe before one that a spreadsheet would run as a formula."""
    if value is None:
        return ""
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def render_time(at: datetime) -> str:
    """Write a moment in UTC, to the millisecond: 2026-03-02T09:00:00.000Z."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


_RENDERERS: Mapping[ColumnType, Callable[[Cell], str] | None] = {
    "text": render_text,
    "flag": render_flag,
    "date": render_date,
    "datetime": render_moment,
    # The CSV writer itself gives whole numbers and the shortest text that reads back as the same number.
    "integer": None,
    "number": None,
}
