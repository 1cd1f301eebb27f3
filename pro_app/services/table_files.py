"""Small tables that people hand in: CSV as spreadsheets write it, or a workbook, as rows with their lines."""

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO

from pro_app.errors import InputRejected, Problem
from pro_app.instruments.pack_files.workbook import Row, WorkbookUnreadable, parse_workbook
from pro_app.language import mark

LARGEST_FILE = 1 << 20
"""In bytes: below what the app takes of any request, so that the form itself can refuse a bigger file."""
_WORKBOOK_START = b"PK\x03\x04"
_DELIMITERS = ";\t,"
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""What no database stores as text."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: `line` is that of the file (from 1), `values` are by column, without spaces around them.

    `is_misfit`: the row has fewer fields than the table has columns, or says something beyond them.
    """

    line: int
    values: Mapping[str, str]
    is_misfit: bool = False


@dataclass(frozen=True, slots=True)
class TableFile:
    """The columns of a table in their order, and its rows that hold anything."""

    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]


def read_table(
    content: bytes, *, needed: Sequence[str], place: str, largest: int = LARGEST_FILE
) -> TableFile:
    """Read CSV in UTF-8 (commas, semicolons or tabs) or the first sheet of an XLSX workbook.

    Raises InputRejected, with `place` as the field: not readable, more than `largest` bytes, a column that
    is `needed` and not there, or one that comes twice.
    """
    if len(content) > largest:
        raise _refuse(place, mark("The file is too large."))
    read = _read_workbook if content.startswith(_WORKBOOK_START) else _read_csv
    columns, rows = read(content, place)
    missing = [name for name in needed if name not in columns]
    if missing:
        message = mark("The file needs the columns %(columns)s; it has no %(missing)s.")
        raise _refuse(place, message, columns=", ".join(needed), missing=", ".join(missing))
    twice = [name for name, times in Counter(columns).items() if name and times > 1]
    if any(UNSTORABLE.search(text) for row in rows for text in (*columns, *row.values.values())):
        raise _refuse(place, mark("The file holds characters that are no text."))
    if twice:
        raise _refuse(place, mark("The column “%(column)s” comes twice."), column=twice[0][:64])
    return TableFile(columns, tuple(row for row in rows if any(row.values.values())))


def _read_csv(content: bytes, place: str) -> tuple[tuple[str, ...], list[TableRow]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refuse(place, mark("The file is not UTF-8.")) from error
    first, _, _ = text.partition("\n")
    delimiter = next((sign for sign in _DELIMITERS if sign in first), ",")
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = tuple(name.strip() for name in next(reader, []))
        return columns, [_make_row(reader.line_num, columns, fields) for fields in reader]
    except csv.Error as error:
        message = mark("Line %(line)s: the quotes do not match.")
        raise _refuse(place, message, line=reader.line_num) from error


def _read_workbook(content: bytes, place: str) -> tuple[tuple[str, ...], list[TableRow]]:
    try:
        sheets = parse_workbook(content)
    except WorkbookUnreadable as error:
        raise InputRejected((replace(error.problem, place=place),)) from error
    sheet = next(iter(sheets.values()), {})
    letters = list(sheet.get(1, {}))
    columns = tuple(_read_cell(sheet[1], letter) for letter in letters)
    rows = []
    for line, cells in sorted(sheet.items()):
        beyond = [_read_cell(cells, letter) for letter in cells if letter not in letters]
        fields = [_read_cell(cells, letter) for letter in letters]
        rows += [_make_row(line, columns, [*fields, *beyond])] if line > 1 else []
    return columns, rows


def _read_cell(cells: Row, letter: str) -> str:
    return cells[letter].text.strip() if letter in cells else ""


def _make_row(line: int, columns: Sequence[str], fields: Sequence[str]) -> TableRow:
    """Make a row of fields; those that are not there are empty."""
    width = len(columns)
    padded = [*fields, *([""] * width)][:width]
    is_misfit = len(fields) < width or any(field.strip() for field in fields[width:])
    values = {name: field.strip() for name, field in zip(columns, padded, strict=True)}
    return TableRow(line, values, is_misfit)


def _refuse(place: str, message: str, **values: str | int) -> InputRejected:
    return InputRejected((Problem(message, values or None, place=place),))
