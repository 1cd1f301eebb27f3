"""Writing a table as CSV: typed, UTF-8, the same bytes for the same rows, safe to open in a spreadsheet."""

import csv
import io
from datetime import UTC, date, datetime
from typing import BinaryIO

from pro_app.exports.columns import Column, TableDefinition
from pro_app.exports.datasets import Cell, Row

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet takes a text that begins so for a formula; OWASP, CSV injection."""


class CsvTable:
    """One table while it is being written to a binary stream; `rows` counts its rows."""

    def __init__(self, table: TableDefinition, stream: BinaryIO) -> None:
        self.table = table
        self.rows = 0
        self._text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
        self._writer = csv.writer(self._text, lineterminator="\n")
        self._writer.writerow(column.name for column in table.columns)
        self._names = frozenset(column.name for column in table.columns)

    def write(self, row: Row) -> None:
        """Write one row; raises ValueError where its columns are not exactly those of the table."""
        if row.keys() != self._names:
            raise ValueError(f"{self.table.name}: {sorted(self._names ^ row.keys())}")
        self._writer.writerow(render_cell(row[column.name], column) for column in self.table.columns)
        self.rows += 1

    def finish(self) -> None:
        """Bring everything into the stream and let go of it."""
        self._text.flush()
        self._text.detach()


def render_cell(value: Cell, column: Column) -> str:
    """Write one value by the type of its column; nothing stays empty, numbers have full precision."""
    if value is None:
        return ""
    match column.type:
        case "flag":
            return "1" if value else "0"
        case "integer" | "number":
            return repr(value)
        case "date" if isinstance(value, date):
            return value.isoformat()
        case "datetime" if isinstance(value, datetime):
            return render_time(value)
        case _:
            return render_text(str(value))


def render_time(at: datetime) -> str:
    """Write a moment in UTC, to the millisecond: 2026-03-02T09:00:00.000Z."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def render_text(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run as a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
