"""Checking a definition against the JSON Schema of its kind, in plain words."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from pro_app.definitions.files import QUESTIONNAIRES, DefinitionFile
from pro_app.definitions.plain_yaml import NodePath
from pro_app.errors import Problem
from pro_app.language import mark

_OF_KIND: Mapping[str, str] = {
    "string": mark("“%(value)s” must be text (in quotes if it looks like a number)."),
    "integer": mark("“%(value)s” must be a whole number."),
    "number": mark("“%(value)s” must be a number."),
    "boolean": mark("“%(value)s” must be true or false."),
    "array": mark("“%(value)s” must be a list."),
    "object": mark("“%(value)s” must be keys with their values."),
    "null": mark("“%(value)s” must be left empty (null)."),
}

_LONGEST_SHOWN = 60

_EXPECTS: Mapping[str, str] = {
    "enum": mark("“%(value)s” is not one of: %(expected)s."),
    "const": mark("“%(value)s” must be %(expected)s."),
    "minLength": mark("The text is too short: the least length is %(expected)s."),
    "maxLength": mark("The text is too long: the greatest length is %(expected)s."),
    "minItems": mark("The list is too short: the least number of entries is %(expected)s."),
    "maxItems": mark("The list is too long: the greatest number of entries is %(expected)s."),
    "minProperties": mark("Too few entries: at least %(expected)s."),
    "maxProperties": mark("Too many entries: at most %(expected)s."),
    "minimum": mark("%(value)s is too small: at least %(expected)s."),
    "maximum": mark("%(value)s is too large: at most %(expected)s."),
    "exclusiveMinimum": mark("%(value)s is too small: more than %(expected)s."),
    "exclusiveMaximum": mark("%(value)s is too large: less than %(expected)s."),
}


def check_schema(definition: DefinitionFile, schema_name: str) -> list[Problem]:
    """List every breach of `questionnaires/schema/<schema_name>.schema.json`, in the order of the lines."""
    errors = _load_validator(schema_name).iter_errors(definition.data)
    problems: list[Problem] = []
    for error in errors:
        # jsonschema reports a list of missing keys once for each of them.
        problems += [problem for problem in _explain(error, definition) if problem not in problems]
    return sorted(problems, key=lambda problem: (problem.line or 0, problem.place))


@cache
def _load_validator(schema_name: str) -> Draft202012Validator:
    """Read a schema once; a schema that is itself broken is a defect of ours and raises."""
    path = QUESTIONNAIRES / "schema" / f"{schema_name}.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _explain(error: ValidationError, definition: DefinitionFile) -> Iterator[Problem]:
    """Turn one error of jsonschema into problems with our words, place and line."""
    path: NodePath = tuple(error.absolute_path)
    rule = str(error.validator)
    if rule in _EXPLAINED:
        yield from _EXPLAINED[rule](error, definition, path)
    elif rule == "minLength" and not error.instance:
        yield definition.problem(mark("The text is empty."), path)
    elif error.context:
        # Of the alternatives of an anyOf or oneOf, the nearest miss says best what is wrong.
        yield from _explain(best_match([error]), definition)
    else:
        message = _EXPECTS.get(rule, mark("“%(value)s” breaks the rule “%(rule)s” of the schema."))
        expected = _render(error.validator_value)
        yield definition.problem(message, path, value=_render(error.instance), expected=expected, rule=rule)


def _explain_required(
    error: ValidationError, definition: DefinitionFile, path: NodePath
) -> Iterator[Problem]:
    """Name every key that is missing."""
    wanted: Any = error.validator_value
    for key in wanted:
        if key not in _instance(error):
            yield definition.problem(mark("The key “%(key)s” is missing."), path, key=key)


def _explain_unknown(error: ValidationError, definition: DefinitionFile, path: NodePath) -> Iterator[Problem]:
    """Name every key that the schema does not know, each with its own line."""
    schema = error.schema if isinstance(error.schema, dict) else {}
    patterns = list(schema.get("patternProperties", {}))
    for key in _instance(error):
        if key not in schema.get("properties", {}) and not any(re.search(form, key) for form in patterns):
            yield definition.problem(mark("The key “%(key)s” is not known here."), (*path, key), key=key)


def _explain_type(error: ValidationError, definition: DefinitionFile, path: NodePath) -> Iterator[Problem]:
    """Say what kind of value is expected; of several kinds the first that is not null is named."""
    wanted: Any = error.validator_value
    kinds = [wanted] if isinstance(wanted, str) else wanted
    kind = next(kind for kind in (*kinds, "null") if kind != "null" or kinds == ["null"])
    yield definition.problem(_OF_KIND[kind], path, value=_render(error.instance))


def _explain_pattern(error: ValidationError, definition: DefinitionFile, path: NodePath) -> Iterator[Problem]:
    """Show what the text should look like: the schema's first example, else its pattern."""
    schema = error.schema if isinstance(error.schema, dict) else {}
    examples = schema.get("examples") or [error.validator_value]
    message = mark("“%(value)s” does not have the expected form, for example %(example)s.")
    yield definition.problem(message, path, value=_render(error.instance), example=_render(examples[0]))


def _explain_repeated(
    error: ValidationError, definition: DefinitionFile, path: NodePath
) -> Iterator[Problem]:
    """Name every entry that a list of different entries holds again."""
    for index, entry in enumerate(_instance(error)):
        if entry in _instance(error)[:index]:
            message = mark("“%(value)s” appears twice in the list.")
            yield definition.problem(message, (*path, index), value=_render(entry))


_EXPLAINED: Mapping[str, Callable[[ValidationError, DefinitionFile, NodePath], Iterator[Problem]]] = {
    "required": _explain_required,
    "additionalProperties": _explain_unknown,
    "type": _explain_type,
    "pattern": _explain_pattern,
    "format": _explain_pattern,
    "uniqueItems": _explain_repeated,
}


def _instance(error: ValidationError) -> Any:  # noqa: ANN401  (whatever the file holds there)
    """Give the part of the definition that an error is about."""
    return error.instance


def _render(value: object) -> str:
    """Write a value the way the file would, shortened; lists as words with commas."""
    if isinstance(value, list):
        return ", ".join(_render(entry) for entry in value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
