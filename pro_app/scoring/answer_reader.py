"""A table of answers of any length: blocks of plain rows at once, everything else record by record.

Both ways of reading take the same rows to mean the same; the second one is the rule, the first the faster.
"""

from collections.abc import Iterator
from typing import Protocol

from pro_app.instruments.instrument import Instrument, ScoringDefinition
from pro_app.scoring.answer_blocks import AnswerBlock, BlockReader
from pro_app.scoring.answer_table import AnswerRow, RejectedValue, list_answer_rows, read_columns
from pro_app.scoring.csv_records import CsvRecord, CsvRecords


class TextBlocks(Iterator[str], Protocol):
    """The lines of a text, which comes in blocks of whole lines that can be taken in one go, too."""

    @property
    def begun(self) -> int:
        """How many blocks have been begun so far."""

    @property
    def is_between_blocks(self) -> bool:
        """Tell whether every line of the block that was begun has been read."""

    def peek_rest(self) -> bytes:
        """Give the lines of this block that were not read yet, or the next block; nothing at the end."""

    def skip_rest(self) -> None:
        """Count those lines as read; they all end with a newline."""


class AnswerReader:
    """Reads a table of answers; `columns` are known from the beginning.

    Raises InputRejected where there is no usable header.
    """

    def __init__(self, text: TextBlocks, instrument: Instrument, scoring: ScoringDefinition) -> None:
        self._text = text
        self._records = CsvRecords(text)
        self.columns = read_columns(self._records, instrument, scoring)

    def __iter__(self) -> Iterator[AnswerBlock | AnswerRow | tuple[RejectedValue, ...]]:
        """Give the responses in order: many at once, or one as a row or as all that is wrong with it."""
        reader = BlockReader(self.columns)
        while True:
            # After a stray quotation mark, lines that were read already wait to be read again first.
            rest = b"" if self._records.has_lines_back else self._text.peek_rest()
            if rest and (block := reader.read(rest, self._records.next_line)):
                self._text.skip_rest()
                self._records.skip_lines(block.lines)
                yield block
            elif rest or self._records.has_lines_back:
                yield from list_answer_rows(self._list_records_of_block(), self.columns)
            else:
                return

    def _list_records_of_block(self) -> Iterator[CsvRecord]:
        """Read record by record up to the end of the present block, or into the one after it."""
        present = self._text.begun
        for record in self._records:
            yield record
            is_over = self._text.is_between_blocks or self._text.begun > present
            if is_over and not self._records.has_lines_back:
                return
