"""Reading a large text file that somebody hands us in blocks of whole lines, or line by line."""

import io
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pro_app.cli.file_problems import file_problem
from pro_app.cli.utf8_lines import check_encoding, check_is_text
from pro_app.errors import InputRejected

BLOCK_SIZE = 1 << 18


class Utf8Blocks(Iterator[str]):
    """The lines of a UTF-8 text with their ends (newline, carriage return or both).

    They come in blocks, so that many lines can be looked at as the bytes that they are. Raises
    InputRejected where the file cannot be read and, line by line, where it is not UTF-8.
    """

    def __init__(self, raw: io.BufferedReader, block_size: int = BLOCK_SIZE) -> None:
        self._raw = raw
        self._block_size = block_size
        self._block = b""
        self._place = 0
        self._beyond = b""
        self._line = 0
        self.begun = 0

    @property
    def is_between_blocks(self) -> bool:
        """Tell whether every line of the block that was begun has been read."""
        return self._place == len(self._block)

    def peek_rest(self) -> bytes:
        """Give the lines of this block that were not read yet, or the next block; nothing at the end."""
        self._begin_block()
        return self._block[self._place :]

    def skip_rest(self) -> None:
        """Count those lines as read; they all end with a newline."""
        self._line += self._block.count(b"\n", self._place)
        self._place = len(self._block)

    def __next__(self) -> str:
        """Give the next line."""
        self._begin_block()
        if self.is_between_blocks:
            raise StopIteration
        end = self._find_line_end()
        # A byte that is not UTF-8 becomes a lone surrogate, so that the line it stands in can be named.
        line = self._block[self._place : end].decode("utf-8", "surrogateescape")
        self._place = end
        self._line += 1
        if not line.isascii():
            check_encoding(line, self._line)
        return line

    def _find_line_end(self) -> int:
        """Give the place after the line that begins at the present place."""
        newline = self._block.find(b"\n", self._place)
        newline = len(self._block) - 1 if newline < 0 else newline
        carriage_return = self._block.find(b"\r", self._place, newline)
        if carriage_return < 0 or self._block[carriage_return + 1] == ord("\n"):
            return newline + 1
        return carriage_return + 1

    def _begin_block(self) -> None:
        """Read the next block if the present one is over; an empty one follows the last."""
        if not self.is_between_blocks:
            return
        try:
            if not self.begun:
                check_is_text(self._raw.peek())
            self._block, self._place = self._read_block(), 0
        except OSError as error:
            raise InputRejected((file_problem(error),)) from error
        if not self.begun:
            self._block = self._block.removeprefix(BOM_UTF8)
        self.begun += 1

    def _read_block(self) -> bytes:
        """Read up to the last line end within the block size, or on to the end of a longer line."""
        parts = [self._beyond]
        while piece := self._raw.read1(self._block_size):
            if cut := _find_cut(piece):
                self._beyond = piece[cut:]
                return b"".join([*parts, piece[:cut]])
            parts.append(piece)
        self._beyond = b""
        return b"".join(parts)


def _find_cut(piece: bytes) -> int:
    """Give the place after the last line end, 0 if there is none; a newline may follow a last byte."""
    return piece.rfind(b"\n") + 1 or piece.rfind(b"\r", 0, -1) + 1


@contextmanager
def open_utf8_blocks(path: Path) -> Iterator[Utf8Blocks]:
    """Open a UTF-8 text (a byte order mark is allowed); raises InputRejected."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise InputRejected((file_problem(error),)) from error
    with raw:
        yield Utf8Blocks(raw)
