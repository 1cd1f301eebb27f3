"""A wording pack written as JSON: the same keys as in YAML."""

import json
from collections.abc import Mapping
from typing import Any

from pro_app.definitions.plain_yaml import NodePath, parse_plain_yaml
from pro_app.errors import Problem
from pro_app.instruments.pack_files.canonical import make_definition
from pro_app.instruments.pack_files.pack_file import PackFile, reject_file
from pro_app.language import mark

DEEPEST = 20
"""A pack has four levels; what checks them goes down by calling itself."""
TOO_DEEP = Problem(mark("The file is nested too deeply."))


def parse_json_pack(raw: bytes, source: str) -> PackFile:
    """Read a pack from the bytes of a JSON file; raises InputRejected."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = mark("The file is not UTF-8: byte %(position)s cannot be read.")
        line = raw.count(b"\n", 0, error.start) + 1
        problem = Problem(message, {"position": error.start + 1}, line=line)
        raise reject_file(source, [problem]) from error
    repeated: list[Problem] = []
    try:
        data = json.loads(text, object_pairs_hook=lambda pairs: _make_object(pairs, repeated))
    except json.JSONDecodeError as error:
        message = mark("The file is not readable JSON: %(detail)s.")
        raise reject_file(source, [Problem(message, {"detail": error.msg}, line=error.lineno)]) from error
    except (RecursionError, ValueError) as error:
        raise reject_file(source, [TOO_DEEP]) from error
    if _is_deeper(data, DEEPEST):
        raise reject_file(source, [TOO_DEEP])
    if not repeated and not isinstance(data, dict):
        repeated = [Problem(mark("The file must hold keys and their values at its top."), line=1)]
    if repeated:
        raise reject_file(source, repeated)
    return PackFile(make_definition(source, data, _find_lines(text, data)))


def _is_deeper(data: object, levels: int) -> bool:
    """Tell whether something is nested more than `levels` deep, level by level."""
    layer = [data]
    for _ in range(levels):
        layer = [
            part
            for each in layer
            if isinstance(each, dict | list)
            for part in (each.values() if isinstance(each, dict) else each)
        ]
    return any(isinstance(each, dict | list) for each in layer)


def _make_object(pairs: list[tuple[str, Any]], repeated: list[Problem]) -> dict[str, Any]:
    """Make one object; a key that stands twice would silently lose the first value."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            repeated.append(Problem(mark("The key “%(key)s” appears twice."), {"key": key}))
        found[key] = value
    return found


def _find_lines(text: str, data: object) -> Mapping[NodePath, int]:
    """Find the line of each part: most JSON is YAML too, and the reader of YAML knows them."""
    plain = parse_plain_yaml(text)
    return plain.lines if not plain.problems and plain.data == data else {}
