"""Checking a definition completely: its schema, its texts, then the rules of its kind."""

from collections.abc import Callable, Iterable, Sequence

from pro_app.definitions.files import DefinitionFile
from pro_app.definitions.schema import check_schema
from pro_app.definitions.text import check_text
from pro_app.errors import Problem

Rule = tuple[tuple[str, ...], Callable[[DefinitionFile], Iterable[Problem]]]
"""The top-level keys that a check reads, and the check."""


def check_rules(definition: DefinitionFile, schema_name: str, rules: Sequence[Rule]) -> list[Problem]:
    """List every problem of the definition in the order of its lines.

    A rule runs when the parts that it reads fit the schema, so that one slip does not hide the others
    and no rule has to doubt the shape of its input.
    """
    problems = check_schema(definition, schema_name)
    misshapen = {problem.place.split(".")[0].split("[")[0] for problem in problems}
    for needs, rule in rules:
        if all(key in definition.data and key not in misshapen for key in needs):
            problems.extend(rule(definition))
    problems.extend(check_text(definition))
    return sorted(problems, key=lambda problem: problem.line or 0)
