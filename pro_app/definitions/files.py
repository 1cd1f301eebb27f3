"""Definition files as values: their text, their hash, their data and the line of each part."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pro_app.definitions.plain_yaml import NodePath, parse_plain_yaml
from pro_app.errors import DefinitionRejected, Problem
from pro_app.language import mark

QUESTIONNAIRES = Path(__file__).resolve().parents[2] / "questionnaires"
"""The folder with everything that is content and not code."""


@dataclass(frozen=True)
class DefinitionFile:
    """One definition: `data` has text keys only; `sha256` is that of the file's bytes, in hex.

    `path` is the file, or for a text kept elsewhere the name it goes by in messages.
    """

    path: Path
    text: str
    sha256: str
    data: dict[str, Any]
    lines: Mapping[NodePath, int] = field(repr=False)

    @property
    def source(self) -> str:
        """The name of the definition in messages."""
        return str(self.path)

    def line_of(self, path: NodePath) -> int | None:
        """Give the 1-based line of a path of keys (text) and indexes (from 0).

        What the file does not have stands at the line of the nearest part around it.
        """
        for length in range(len(path), -1, -1):
            line = self.lines.get(path[:length])
            if line is not None:
                return line
        return None

    def problem(self, message: str, path: NodePath, /, **values: str | int) -> Problem:
        """Make a problem of this definition at `path`, with its place in words and its line."""
        return Problem(message, values or None, place=render_place(path), line=self.line_of(path))


def read_definition(path: Path) -> DefinitionFile:
    """Read the definition file at `path`.

    Raises DefinitionRejected with every problem of the text itself, OSError if there is no such file.
    """
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = mark("The file is not UTF-8: byte %(position)s cannot be read.")
        problem = Problem(message, {"position": error.start + 1}, line=line)
        raise DefinitionRejected(str(path), (problem,)) from error
    return parse_definition_text(text, str(path))


def parse_definition_text(text: str, source: str) -> DefinitionFile:
    """Read a definition that is kept as text; `source` is its name in messages.

    Raises DefinitionRejected with every problem of the text itself.
    """
    plain = parse_plain_yaml(text)
    problems = plain.problems
    if not problems and not isinstance(plain.data, dict):
        problems = [Problem(mark("The file must hold keys and their values at its top."), line=1)]
    if problems:
        raise DefinitionRejected(source, tuple(problems))
    sha256 = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return DefinitionFile(Path(source), text, sha256, plain.data, plain.lines)


def render_place(path: NodePath) -> str:
    """Write a path the way people read it: `items[3].response_set` (the first index is 1)."""
    place = ""
    for part in path:
        place += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if place else part
    return place
