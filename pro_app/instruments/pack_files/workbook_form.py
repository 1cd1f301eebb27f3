"""A wording pack written as a workbook: the sheets `pack`, `blocks`, `items` and `options`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pro_app.definitions.files import render_place
from pro_app.errors import Problem
from pro_app.instruments.pack_files.canonical import make_definition
from pro_app.instruments.pack_files.pack_file import PackFile, reject_file
from pro_app.instruments.pack_files.workbook import Row, Sheets, WorkbookUnreadable, parse_workbook
from pro_app.language import mark

PACK, BLOCKS, ITEMS, OPTIONS = "pack", "blocks", "items", "options"
NEEDED = {
    PACK: ("key", "value"),
    BLOCKS: ("block", "instruction", "recall_line"),
    ITEMS: ("number", "text"),
    OPTIONS: ("response_set", "code", "label"),
}
"""The columns that are read; they may stand in any order."""
FOR_INFORMATION = {
    PACK: frozenset({"note"}),
    BLOCKS: frozenset({"items", "recall_period"}),
    ITEMS: frozenset({"block", "response_set", "not_applicable"}),
    OPTIONS: frozenset({"layout"}),
}
"""The columns that only help whoever fills the sheet in."""
_FLAGS = {"true": True, "false": False}


@dataclass
class _Reading:
    """What was read so far: the pack, the cell of each part, and what is wrong."""

    sheets: Sheets
    data: dict[str, Any] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def note(self, message: str, cell: str, /, **values: str | int) -> None:
        self.problems.append(Problem(message, values or None, place=cell))

    def put(self, value: object, cell: str, *path: str) -> None:
        """Put a value at its place in the pack; a place that has one already is a problem."""
        place = render_place(path)
        if place in self.cells:
            message = mark("This stands twice; it stands first in %(first)s.")
            self.note(message, cell, first=self.cells[place])
            return
        self.cells[place] = cell
        part = self.data
        for key in path[:-1]:
            part = part.setdefault(key, {})
        part[path[-1]] = value

    def list_lines(self, sheet: str) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
        """Give each row below the header as column -> text and column -> cell; no needed column lacks."""
        rows = self.sheets[sheet]
        header = next(iter(sorted(rows)), 0)
        columns = self._read_header(sheet, rows.get(header, {}), header)
        for number in sorted(rows):
            if number == header or columns is None:
                continue
            texts, cells = {}, {}
            for name, letters in columns.items():
                cell = rows[number].get(letters)
                texts[name], cells[name] = cell.text if cell else "", f"{sheet}!{letters}{number}"
                if cell is not None and cell.is_formula:
                    self.note(mark("This is a formula: write its text instead."), cells[name])
            if any(texts.values()):
                yield texts, cells

    def _read_header(self, sheet: str, row: Row, number: int) -> dict[str, str] | None:
        """Give the letters of each needed column; None where one is missing."""
        columns: dict[str, str] = {}
        for letters, cell in row.items():
            name = cell.text.strip().lower()
            if name in NEEDED[sheet] and name not in columns:
                columns[name] = letters
            elif name not in FOR_INFORMATION[sheet]:
                message = mark("The column “%(name)s” is not known here, or stands twice.")
                self.note(message, f"{sheet}!{letters}{number}", name=cell.text[:60])
        missing = [name for name in NEEDED[sheet] if name not in columns]
        for name in missing:
            self.note(mark("The column “%(name)s” is missing."), f"{sheet}!A{number or 1}", name=name)
        return None if missing else columns


def parse_workbook_pack(raw: bytes, source: str) -> PackFile:
    """Read a pack from the bytes of a workbook; raises InputRejected with the cell of every problem."""
    try:
        sheets = {name.strip().lower(): rows for name, rows in parse_workbook(raw).items()}
    except WorkbookUnreadable as unreadable:
        raise reject_file(source, [unreadable.problem]) from unreadable
    missing = [name for name in NEEDED if name not in sheets]
    if missing:
        message = mark("The workbook has no sheet “%(name)s”.")
        raise reject_file(source, [Problem(message, {"name": name}) for name in missing])
    reading = _Reading(sheets)
    for read in (_read_pack_sheet, _read_blocks, _read_items, _read_options):
        read(reading)
    if reading.problems:
        raise reject_file(source, reading.problems)
    return PackFile(make_definition(source, reading.data), reading.cells)


def _read_pack_sheet(reading: _Reading) -> None:
    for texts, cells in reading.list_lines(PACK):
        key = texts["key"]
        if key in {"instrument_code", "instrument_version"}:
            reading.put(texts["value"], cells["value"], "instrument", key.removeprefix("instrument_"))
        elif key == "placeholder":
            # A word that is neither stays as it is, and the check says what is expected.
            word = texts["value"]
            reading.put(_FLAGS.get(word.strip().lower(), word), cells["value"], key)
        elif key in {BLOCKS, ITEMS, OPTIONS, "instrument"}:
            reading.note(mark("This has a sheet or keys of its own."), cells["key"])
        else:
            reading.put(texts["value"], cells["value"], key)


def _read_blocks(reading: _Reading) -> None:
    for texts, cells in reading.list_lines(BLOCKS):
        for name in ("instruction", "recall_line"):
            reading.put(texts[name], cells[name], BLOCKS, texts["block"], name)


def _read_items(reading: _Reading) -> None:
    for texts, cells in reading.list_lines(ITEMS):
        reading.put(texts["text"], cells["text"], ITEMS, texts["number"])


def _read_options(reading: _Reading) -> None:
    for texts, cells in reading.list_lines(OPTIONS):
        reading.put(texts["label"], cells["label"], OPTIONS, texts["response_set"], texts["code"])
