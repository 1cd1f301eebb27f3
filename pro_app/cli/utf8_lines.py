"""Reading a text file that somebody hands us: its lines, or in words what it is instead."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pro_app.cli.file_problems import file_problem
from pro_app.errors import InputRejected, Problem
from pro_app.language import mark

_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_ZIP_MARK = b"PK\x03\x04"


@contextmanager
def open_utf8_lines(path: Path) -> Iterator[Iterator[str]]:
    """Open a UTF-8 text (a byte order mark is allowed) as lines that keep their line ends.

    Raises InputRejected, also while the lines are read: no such file, no text, another encoding.
    """
    try:
        raw = path.open("rb")
    except OSError as error:
        raise InputRejected((file_problem(error),)) from error
    # A byte that is not UTF-8 becomes a lone surrogate, so that the line it stands in can be named.
    with raw, io.TextIOWrapper(raw, "utf-8-sig", errors="surrogateescape", newline="") as stream:
        yield _list_lines(raw, stream)


def _list_lines(raw: io.BufferedReader, stream: io.TextIOWrapper) -> Iterator[str]:
    """Read line by line; what goes wrong here is wrong with this file and no other."""
    try:
        check_is_text(raw.peek())
        for number, line in enumerate(stream, start=1):
            if not line.isascii():
                check_encoding(line, number)
            yield line
    except OSError as error:
        raise InputRejected((file_problem(error),)) from error


def check_is_text(head: bytes) -> None:
    """Refuse what is no text at all, by its first bytes; a stray zero byte in a row is that row's affair."""
    first_line = head.partition(b"\n")[0]
    if head.startswith(_ZIP_MARK):
        message = mark(
            "This is not a CSV file but a workbook or a ZIP archive. Save the table as “CSV UTF-8”."
        )
    elif head.startswith(_UTF_16_MARKS):
        message = mark("The file is in UTF-16. Save it as “CSV UTF-8”.")
    elif b"\0" in first_line or (b"\0" in head and b"," not in first_line):
        message = mark("This is not a text file.")
    else:
        return
    raise InputRejected((Problem(message),))


def check_encoding(line: str, number: int) -> None:
    """Refuse a line with a byte that is not UTF-8, and name that byte."""
    try:
        line.encode()
    except UnicodeEncodeError as error:
        byte = len(line[: error.start].encode()) + 1
        message = mark(
            "The file is not UTF-8: byte %(byte)s of this line cannot be read. Save it as “CSV UTF-8”."
        )
        raise InputRejected((Problem(message, {"byte": byte}, line=number),)) from error
