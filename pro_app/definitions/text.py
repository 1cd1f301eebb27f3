"""Checking that the texts of a definition are clean Unicode: people read them, and hashes depend on them."""

import unicodedata
from collections.abc import Iterator

from pro_app.definitions.files import DefinitionFile
from pro_app.definitions.plain_yaml import NodePath
from pro_app.errors import Problem
from pro_app.language import mark

_UNSEEN = frozenset("\u200b\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that nobody sees and that change what a text says or how it compares."""


def check_text(definition: DefinitionFile) -> list[Problem]:
    """List every text of the definition that is not composed (NFC), not printable or edged with blanks."""
    return [
        problem
        for path, text in list_texts(definition.data, ())
        for problem in _check(definition, path, text)
    ]


def list_texts(part: object, path: NodePath) -> Iterator[tuple[NodePath, str]]:
    """Give every text below `part` with its path."""
    if isinstance(part, str):
        yield path, part
    elif isinstance(part, dict):
        for key, value in part.items():
            yield from list_texts(value, (*path, key))
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from list_texts(value, (*path, index))


def _check(definition: DefinitionFile, path: NodePath, text: str) -> Iterator[Problem]:
    """Give what is wrong with one text."""
    if text != text.strip():
        yield definition.problem(mark("The text begins or ends with a blank or an empty line."), path)
    if not unicodedata.is_normalized("NFC", text):
        yield definition.problem(
            mark("The text has letters and accents apart (it is not Unicode NFC)."), path
        )
    for character in sorted(set(text)):
        if not _is_readable(character):
            message = mark("The text has the unreadable character U+%(code)s.")
            yield definition.problem(message, path, code=f"{ord(character):04X}")


def _is_readable(character: str) -> bool:
    """Say whether `character` may stand in a text: no control, private or replacement character."""
    if character == "\n":
        return True
    unreadable = character == "\N{REPLACEMENT CHARACTER}" or character in _UNSEEN
    return not unreadable and unicodedata.category(character) not in {"Cc", "Co", "Cn", "Cs"}
