"""Read YAML plainly: only text, whole and decimal numbers, true, false and null; no tags, no aliases.

YAML 1.1 turns `no`, `on`, `1:30` and `2026-11-22` into other things than people wrote; here they stay text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from pro_app.errors import Problem
from pro_app.language import mark

_TYPE_PREFIX = "tag:yaml.org,2002:"
"""What YAML puts before the short name of a type."""

NodePath = tuple[str | int, ...]
"""Keys (always text) and 0-based indexes that lead from the top of a file to one of its parts."""

_PLAIN_FORMS = (
    ("null", re.compile(r"^(?:null|~|)$"), ["n", "~", ""]),
    ("bool", re.compile(r"^(?:true|false)$"), ["t", "f"]),
    ("int", re.compile(r"^-?(?:0|[1-9][0-9]{0,17})$"), list("-0123456789")),
    ("float", re.compile(r"^-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,17}$"), list("-0123456789")),
)


class _NotPlain(ComposerError):
    """The text uses an anchor, an alias or a tag."""


class _PlainLoader(yaml.SafeLoader):
    """PyYAML's loader with none of its surprising types."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:  # noqa: ANN401  (PyYAML's own signature)
        """Refuse what makes one place of a file change another one."""
        event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs leave it out
        if getattr(event, "anchor", None) is not None or getattr(event, "tag", None) is not None:
            raise _NotPlain(None, None, None, event.start_mark)
        return super().compose_node(parent, index)


for _name, _form, _first in _PLAIN_FORMS:
    _PlainLoader.add_implicit_resolver(_TYPE_PREFIX + _name, _form, _first)


@dataclass(slots=True)
class PlainText:
    """What a YAML text holds: its data (keys are text), the line of each part, and what is wrong."""

    data: Any = None
    lines: dict[NodePath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def parse_plain_yaml(text: str) -> PlainText:
    """Read `text`; lines are 1-based, a key's line stands for its value; never raises for bad content."""
    result = PlainText()
    try:
        node = yaml.compose(text, Loader=_PlainLoader)
        result.data = None if node is None else _build(node, (), result)
    except RecursionError:
        result.problems.append(Problem(mark("The file is nested too deeply.")))
    except yaml.YAMLError as error:
        result.problems.append(_explain(error, text))
    return result


def _build(node: Node, path: NodePath, result: PlainText) -> object:
    """Turn `node` into plain data and note the line of every part of it."""
    result.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, MappingNode):
        return {key: _build(value, (*path, key), result) for key, value in _list_entries(node, path, result)}
    if isinstance(node, SequenceNode):
        return [_build(value, (*path, index), result) for index, value in enumerate(node.value)]
    return _build_scalar(node)


def _list_entries(node: MappingNode, path: NodePath, result: PlainText) -> Iterator[tuple[str, Node]]:
    """Give the entries of a mapping; a key that is no plain word or that appears again is a problem."""
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            result.problems.append(Problem(mark("A key must be a plain word or number."), line=line))
            continue
        key = str(key_node.value)
        first = result.lines.get((*path, key))
        if first is not None:
            message = mark("The key “%(key)s” appears twice; it stands first in line %(first)s.")
            result.problems.append(Problem(message, {"key": key, "first": first}, line=line))
            continue
        result.lines[(*path, key)] = line
        yield key, value_node


def _build_scalar(node: Node) -> str | int | float | bool | None:
    """Turn a scalar into the value that its plain form stands for."""
    value = str(node.value)
    match node.tag.removeprefix(_TYPE_PREFIX):
        case "null":
            return None
        case "bool":
            return value == "true"
        case "int":
            return int(value)
        case "float":
            return float(value)
        case _:
            return value


def _explain(error: yaml.YAMLError, text: str) -> Problem:
    """Say what PyYAML could not read, and where."""
    if isinstance(error, ReaderError):
        line = text.count("\n", 0, error.position) + 1
        message = mark("The character U+%(code)s is not allowed in a definition.")
        return Problem(message, {"code": f"{error.character:04X}"}, line=line)
    where = getattr(error, "problem_mark", None)
    line_number = where.line + 1 if where is not None else None
    if isinstance(error, _NotPlain):
        return Problem(
            mark("Anchors, aliases and tags are not allowed: write the value out."), line=line_number
        )
    detail = " ".join(
        str(part) for part in (getattr(error, "context", None), getattr(error, "problem", None)) if part
    )
    return Problem(mark("The file is not readable YAML: %(detail)s."), {"detail": detail}, line=line_number)
