"""Records of a CSV text with the line each begins on; one broken record never takes others along."""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST_RECORD = 1000
"""Physical lines that one record may span before its quotation mark counts as never closed."""


@dataclass(frozen=True, slots=True)
class CsvRecord:
    """The fields of one record, None where they cannot be read; `line` is 1-based and physical."""

    line: int
    fields: list[str] | None


class _Lines(Iterator[str]):
    """The lines of a text, remembering those of the record being read so that it can be read again."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._source = iter(lines)
        self.again: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def __next__(self) -> str:
        if len(self.taken) >= LONGEST_RECORD:
            raise StopIteration
        line = self.again.popleft() if self.again else next(self._source)
        self.taken.append(line)
        self.number += 1
        return line

    def give_back_all_but_first(self) -> None:
        """Let the lines after the first one of this record be read again, as records of their own."""
        self.again.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1
        del self.taken[1:]


class CsvRecords(Iterator[CsvRecord]):
    """Comma-separated records one after the other, in constant memory; empty lines are passed over.

    `lines` keep their line ends. A record over several lines that is malformed, or that has not
    `expected_fields` (by default those of the first record), most likely has a stray quotation mark:
    only its first line is given up, and reading goes on with its second.
    """

    def __init__(self, lines: Iterable[str], expected_fields: int | None = None) -> None:
        self._lines = _Lines(lines)
        self._reader = csv.reader(self._lines, strict=True)
        self._expected_fields = expected_fields

    def __next__(self) -> CsvRecord:
        while True:
            self._lines.taken.clear()
            line = self._lines.number + 1
            fields = _read_fields(self._reader)
            if not self._lines.taken:
                raise StopIteration
            if fields != []:
                return CsvRecord(line, self._check_fields(fields))

    @property
    def next_line(self) -> int:
        """The number of the physical line that the next record begins on."""
        return self._lines.number + 1

    @property
    def has_lines_back(self) -> bool:
        """Tell whether lines that were read already still wait to become records."""
        return bool(self._lines.again)

    def skip_lines(self, count: int) -> None:
        """Count lines that somebody else took from the text between two records."""
        self._lines.number += count

    def _check_fields(self, fields: list[str] | None) -> list[str] | None:
        """Give up the first line of a record that takes more lines than it should."""
        broken = fields is None or len(fields) != (self._expected_fields or len(fields))
        if broken and len(self._lines.taken) > 1:
            self._lines.give_back_all_but_first()
            return None
        if fields and not self._expected_fields:
            self._expected_fields = len(fields)
        return fields


def list_csv_records(lines: Iterable[str], expected_fields: int | None = None) -> Iterator[CsvRecord]:
    """Read the records of a text; see CsvRecords."""
    return CsvRecords(lines, expected_fields)


def _read_fields(reader: Iterator[list[str]]) -> list[str] | None:
    """Read one record; None at the end of the text and where the quotation marks do not pair up."""
    try:
        return next(reader)
    except (csv.Error, StopIteration):
        return None
