"""The option `--protocol`, a code or a file, and reading what it names."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from pro_app.cli.file_problems import file_problem
from pro_app.cli.translation import problem_text, translate
from pro_app.definitions.files import DefinitionFile, read_definition
from pro_app.errors import DefinitionRejected, NotFound
from pro_app.language import mark
from pro_app.protocol.check import check_protocol
from pro_app.protocol.find import list_protocol_codes, protocol_path

UNUSABLE_INPUT = 2
Command = TypeVar("Command", bound=Callable[..., object])


def protocol_option(
    **attributes: Any,  # noqa: ANN401 -- whatever click lets one say of an option
) -> Callable[[Command], Command]:
    """Give the option under which a command gets the source of its protocol, as `source`."""
    return click.option(
        "--protocol",
        "source",
        help=mark("The protocol: its code (reluth) or a protocol.yaml file."),
        **attributes,
    )


def read_protocol_file(source: str) -> DefinitionFile:
    """Read a sound protocol file by code or path; otherwise say every problem and end the command."""
    is_file = source.endswith((".yaml", ".yml")) or "/" in source
    try:
        definition = read_definition(Path(source) if is_file else protocol_path(source))
        if problems := check_protocol(definition):
            refuse(*(f"{definition.source}:{p.line or 1}: {problem_text(p)}" for p in problems))
    except NotFound:
        known = ", ".join(list_protocol_codes())
        refuse(
            translate(mark("There is no protocol “%(code)s”. Known: %(known)s."), code=source, known=known)
        )
    except DefinitionRejected as rejected:
        refuse(*(f"{rejected.source}:{p.line or 1}: {problem_text(p)}" for p in rejected.problems))
    except OSError as error:
        refuse(problem_text(file_problem(error)))
    return definition


def refuse(*lines: str) -> NoReturn:
    """Say what is wrong and end the command."""
    for line in lines:
        click.echo(line, err=True)
    raise SystemExit(UNUSABLE_INPUT)
