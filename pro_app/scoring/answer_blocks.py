"""Many rows of a table of answers at once; rows in any unusual shape are read one by one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pro_app.scoring.answer_table import AnswerColumns, AnswerRow, ItemColumn, RejectedValue, list_answer_rows
from pro_app.scoring.csv_records import CsvRecord, list_csv_records
from pro_app.scoring.plain_text import LINE_END, find_plain_text, find_separators, restore_text
from pro_app.scoring.scale_score import NOT_APPLICABLE, ItemValue
from pro_app.scoring.vectorised.score_arrays import MISSING_CODE, NOT_APPLICABLE_CODE, Codes

LONGEST_FIELD = 100_000
"""Bytes of a field that the reader of single records certainly takes; its limit is a little higher."""
_UNUSUAL: Final = -128
_DECIMAL_WIDTH: Final = len("2.0")


@dataclass(frozen=True, slots=True)
class AnswerBlock:
    """The readable responses of a block in their order, and the unreadable ones.

    `codes` has a row for each item of the table and a column for each response; `others` are the columns
    to be passed through, as CSV text; `lines` counts the lines of the whole block.
    """

    codes: Codes
    others: list[str]
    rejected: list[tuple[RejectedValue, ...]]
    lines: int


class BlockReader:
    """Reads blocks of whole lines of one table, all of which have the same columns."""

    def __init__(self, columns: AnswerColumns) -> None:
        self._columns = columns
        self._fields = len(columns.header)
        self._positions = [column.position for column in columns.items]
        self._meanings = np.stack([_find_meanings(column) for column in columns.items])
        self._runs = list(_list_runs(columns.other_positions))

    def read(self, block: bytes, first_line: int) -> AnswerBlock | None:
        """Read a block whose first line has the given number; None if its structure is not plain."""
        plain = find_plain_text(block)
        if plain is None:
            return None
        text = np.frombuffer(plain, np.uint8)
        ends = self._find_ends(text, plain.count(b"\n"))
        if ends is None:
            return None
        codes = self._read_codes(text, ends)
        others = self._read_others(plain, ends)
        unusual = (codes == _UNUSUAL).any(axis=0) | self._find_unusual_ids(text, ends)
        if not unusual.any():
            return AnswerBlock(codes, others, [], len(ends))
        rejected = []
        rows = np.flatnonzero(unusual).tolist()
        records = self._list_records(plain, ends, rows=rows, first_line=first_line)
        for row, read in zip(rows, list_answer_rows(records, self._columns), strict=True):
            if isinstance(read, AnswerRow):
                codes[:, row] = [_code(read.values[column.item.number]) for column in self._columns.items]
                unusual[row] = False
            else:
                rejected.append(read)
        kept = ~unusual
        return AnswerBlock(codes[:, kept], list(compress(others, kept.tolist())), rejected, len(ends))

    def _list_records(
        self, plain: bytes, ends: NDArray[np.intp], *, rows: Sequence[int], first_line: int
    ) -> Iterator[CsvRecord]:
        """Read some rows in the way that single records are read."""
        starts = _find_starts(ends, 0)
        for row in rows:
            line = restore_text(plain[starts[row] : ends[row, -1] + 1].decode())
            (record,) = list_csv_records([line], self._fields)
            yield CsvRecord(first_line + row, record.fields)

    def _find_ends(self, text: NDArray[np.uint8], lines: int) -> NDArray[np.intp] | None:
        """Give the place after each field, (rows, fields); None if a row has more or fewer fields.

        None also for very long fields, which the reader of single records may refuse.
        """
        separators = find_separators(text)
        if len(separators) != lines * self._fields:
            return None
        ends = separators.reshape(lines, self._fields)
        if (text[ends[:, -1]] != LINE_END).any() or _find_widths(ends).max() > LONGEST_FIELD:
            return None
        return ends

    def _read_codes(self, text: NDArray[np.uint8], ends: NDArray[np.intp]) -> Codes:
        """Read the items; what is no code of its item, as it is usually written, becomes _UNUSUAL."""
        # In front of the end of an empty field stands the separator before it, which means "missing".
        last = np.ascontiguousarray(text[ends - 1][:, self._positions].T)
        codes = np.empty(last.shape, dtype=np.int8)
        for item, meanings in enumerate(self._meanings):
            np.take(meanings, last[item], out=codes[item], mode="clip")
        widths = _find_widths(ends)[:, self._positions]
        if (widths > 1).any():
            self._read_wide(text, ends, widths=widths, codes=codes)
        return codes

    def _read_wide(
        self, text: NDArray[np.uint8], ends: NDArray[np.intp], *, widths: NDArray[np.intp], codes: Codes
    ) -> None:
        """Read the items of more than one character: `2.0` is 2, and all others are unusual."""
        rows, items = np.nonzero(widths > 1)
        codes[items, rows] = _UNUSUAL
        places = ends[rows, np.array(self._positions)[items]]
        decimal = (
            (widths[rows, items] == _DECIMAL_WIDTH)
            & (text[places - 2] == ord("."))
            & (text[places - 1] == ord("0"))
            & (text[places - _DECIMAL_WIDTH] <= ord("9"))
        )
        rows, items, places = rows[decimal], items[decimal], places[decimal]
        codes[items, rows] = self._meanings[items, text[places - _DECIMAL_WIDTH]]

    def _find_unusual_ids(self, text: NDArray[np.uint8], ends: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Tell which ids may be empty or blank: those that do not begin with a visible ASCII character."""
        position = self._columns.id_position
        starts = _find_starts(ends, position)
        first = text[starts]
        unusual: NDArray[np.bool_] = (ends[:, position] == starts) | (first <= ord(" ")) | (first > ord("~"))
        return unusual

    def _read_others(self, plain: bytes, ends: NDArray[np.intp]) -> list[str]:
        """Cut out the columns to be passed through."""
        # In Latin-1 a byte is a character, so that places in the bytes are places in the text.
        text = plain.decode("latin-1")
        parts = [
            [text[start:end] for start, end in zip(starts, stops, strict=True)]
            for starts, stops in (
                (_find_starts(ends, first).tolist(), ends[:, last].tolist()) for first, last in self._runs
            )
        ]
        others = parts[0] if len(parts) == 1 else [",".join(cells) for cells in zip(*parts, strict=True)]
        if not plain.isascii():
            others = [other.encode("latin-1").decode() for other in others]
        return [restore_text(other) for other in others] if b"\1" in plain else others


def _find_meanings(column: ItemColumn) -> Codes:
    """Give what each byte means that stands at the end of a field of this item."""
    meanings = np.full(256, _UNUSUAL, dtype=np.int8)
    meanings[[ord(","), ord("\n")]] = MISSING_CODE
    for value in column.values:
        if value in range(10):
            meanings[ord(str(value))] = value
    if column.item.na_allowed:
        meanings[ord(NOT_APPLICABLE)] = NOT_APPLICABLE_CODE
    return meanings


def _code(value: ItemValue) -> int:
    """Give the code that stands for a value."""
    if value is None:
        return MISSING_CODE
    return NOT_APPLICABLE_CODE if value == NOT_APPLICABLE else value


def _list_runs(positions: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Give the first and last of positions that follow each other without a gap."""
    first = positions[0]
    for position, following in zip(positions, [*positions[1:], -1], strict=True):
        if following != position + 1:
            yield first, position
            first = following


def _find_widths(ends: NDArray[np.intp]) -> NDArray[np.intp]:
    """Give the number of bytes of each field, (rows, fields)."""
    return np.diff(ends.reshape(-1), prepend=-1).reshape(ends.shape) - 1


def _find_starts(ends: NDArray[np.intp], position: int) -> NDArray[np.intp]:
    """Give the place where the field at `position` begins in each row."""
    if position:
        return ends[:, position - 1] + 1
    return np.concatenate((np.zeros(1, dtype=np.intp), ends[:-1, -1] + 1))
