"""The one YAML text of a pack that came in another form: the same contents give the same text and hash."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pro_app.definitions.files import DefinitionFile
from pro_app.definitions.plain_yaml import NodePath

_LINE_ENDS_OF_YAML = {"\x85": "\\x85", "\u2028": "\\u2028", "\u2029": "\\u2029", "\x7f": "\\x7f"}
"""What JSON leaves as it is inside quotes, and YAML would read as the end of a line or not at all."""


_ORDER = (
    "pack",
    "instrument",
    "language",
    "placeholder",
    "licence_reference",
    "title",
    "blocks",
    "items",
    "options",
    "not_applicable_label",
    "copyright_line",
)


def make_definition(
    source: str, data: dict[str, Any], lines: Mapping[NodePath, int] | None = None
) -> DefinitionFile:
    """Make the definition that `data` stands for; its hash is that of the canonical text."""
    text = write_pack_text(_arrange(data))
    # Half a surrogate pair is named by the check of the texts; it must only not stop the hash before.
    sha256 = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return DefinitionFile(Path(source), text, sha256, data, lines or {})


def _arrange(data: Mapping[str, Any]) -> dict[str, Any]:
    """Put the keys into one order, numbers by their size, whatever order the file had them in."""
    known = {key: rank for rank, key in enumerate(_ORDER)}
    arranged = {key: data[key] for key in sorted(data, key=lambda key: (known.get(key, len(known)), key))}
    return {key: _sort(value, is_numbered=key in {"items", "options"}) for key, value in arranged.items()}


def _sort(part: object, *, is_numbered: bool) -> object:
    if not isinstance(part, dict):
        return part
    keys = sorted(part, key=lambda key: (len(key), key) if is_numbered and key.isdigit() else (0, key))
    return {key: _sort(part[key], is_numbered=is_numbered) for key in keys}


def write_pack_text(data: Mapping[str, Any], notes: Mapping[NodePath, str] | None = None) -> str:
    """Write plain data as plain YAML, every text in quotes; `notes` are comments above their places."""
    return "".join(f"{line}\n" for line in _list_lines(data, (), notes or {}))


def _list_lines(data: Mapping[str, Any], path: NodePath, notes: Mapping[NodePath, str]) -> list[str]:
    indent = "  " * len(path)
    lines: list[str] = []
    for key, value in data.items():
        place = (*path, key)
        if place in notes:
            lines.append(f"{indent}# {notes[place]}")
        if isinstance(value, dict) and value:
            lines += [f"{indent}{_key(key)}:", *_list_lines(value, place, notes)]
        else:
            lines.append(f"{indent}{_key(key)}: {_quote(value)}")
    return lines


def _key(key: str) -> str:
    plain = key.isascii() and key.replace("_", "").replace("-", "").isalnum() and not key.startswith("-")
    return key if plain else _quote(key)


def _quote(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    for character, escape in _LINE_ENDS_OF_YAML.items():
        text = text.replace(character, escape)
    return text
