"""Blocks of CSV text in which every field stands as it is: no quotation marks, no carriage returns.

Whatever cannot be brought into this form without a doubt is left to the reader of single records.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

COMMA: Final = ord(",")
LINE_END: Final = ord("\n")
_QUOTE: Final = ord('"')
_COMMA_INSIDE: Final = b"\1"
_QUOTE_KEPT: Final = b"\2"
_TAKEN: Final = (b"\0", _COMMA_INSIDE, _QUOTE_KEPT)


def find_plain_text(block: bytes) -> bytes | None:
    """Give whole lines of CSV text without quotation marks, each ended by a newline; None if not plain.

    Fields with a comma inside keep their quotation marks in another guise, see `restore_text`.
    """
    if any(taken in block for taken in _TAKEN) or not _is_utf8(block):
        return None
    if not block.endswith(b"\n"):
        block += b"\n"
    if b"\r" in block:
        if block.count(b"\r") != block.count(b"\r\n"):
            return None
        block = block.replace(b"\r\n", b"\n")
    return _unquote(block) if b'"' in block else block


def restore_text(text: str) -> str:
    """Give a part of a plain text as CSV: commas inside fields, and the marks around them."""
    return text.replace("\1", ",").replace("\2", '"')


def is_restored(plain: bytes) -> bool:
    """Tell whether no part of a plain text has to be restored."""
    return _COMMA_INSIDE not in plain


def find_separators(plain: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Give the places of all commas and line ends."""
    return np.flatnonzero((plain == COMMA) | (plain == LINE_END))


def _is_utf8(block: bytes) -> bool:
    try:
        return block.isascii() or bool(block.decode())
    except UnicodeDecodeError:
        return False


def _unquote(block: bytes) -> bytes | None:
    """Take quotation marks away that surround whole fields; None if there are any others.

    A doubled mark inside a field, a mark in the middle of one and a line break between marks are not plain.
    """
    text = np.frombuffer(block, np.uint8)
    marks = np.flatnonzero(text == _QUOTE)
    if len(marks) % 2:
        return None
    around = text[np.concatenate((marks[::2] - 1, marks[1::2] + 1))]
    if not ((around == COMMA) | (around == LINE_END)).all():
        return None
    separators = find_separators(text)
    marks_before = np.searchsorted(marks, separators)
    inside = marks_before % 2 == 1
    if inside.any():
        if (text[separators[inside]] == LINE_END).any():
            return None
        text = text.copy()
        text[separators[inside]] = ord(_COMMA_INSIDE)
        text[marks[marks_before[inside]]] = ord(_QUOTE_KEPT)
        text[marks[marks_before[inside] - 1]] = ord(_QUOTE_KEPT)
    return text.tobytes().replace(b'"', b"")
