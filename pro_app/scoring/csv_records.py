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
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def __next__(self) -> str:
        if len(self.taken) >= LONGEST_RECORD:
            raise StopIteration
        line = self._again.popleft() if self._again else next(self._source)
        self.taken.append(line)
        self.number += 1
        return line

    def give_back_all_but_first(self) -> None:
        """Let the lines after the first one of this record be read again, as records of their own."""
        self._again.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1
        del self.taken[1:]


def list_csv_records(lines: Iterable[str], expected_fields: int | None = None) -> Iterator[CsvRecord]:
    """Read comma-separated records one after the other, in constant memory; empty lines are passed over.

    `lines` keep their line ends. A record over several lines that is malformed, or that has not
    `expected_fields` (by default those of the first record), most likely has a stray quotation mark:
    only its first line is given up, and reading goes on with its second.
    """
    source = _Lines(lines)
    reader = csv.reader(source, strict=True)
    while True:
        source.taken.clear()
        line = source.number + 1
        fields = _read_fields(reader)
        if not source.taken:
            return
        if fields == []:
            continue
        broken = fields is None or len(fields) != (expected_fields or len(fields))
        if broken and len(source.taken) > 1:
            source.give_back_all_but_first()
            fields = None
        if fields and not expected_fields:
            expected_fields = len(fields)
        yield CsvRecord(line, fields)


def _read_fields(reader: Iterator[list[str]]) -> list[str] | None:
    """Read one record; None at the end of the text and where the quotation marks do not pair up."""
    try:
        return next(reader)
    except (csv.Error, StopIteration):
        return None
