"""The `pro-app` command: one module per command, messages in the system's language.

Exit status: 0 well, 2 unusable input or arguments, 3 some rows rejected.
"""

import click

from pro_app.cli.check_definitions import check_definitions
from pro_app.cli.score import score
from pro_app.cli.serve import serve
from pro_app.cli.translation import problem_text, translate
from pro_app.errors import (
    DefinitionRejected,
    InputRejected,
    NotFound,
    NotPermitted,
    ProAppError,
    SettingMissing,
)
from pro_app.language import mark

COMMANDS: tuple[click.Command, ...] = (
    check_definitions,
    score,
    serve,
)
UNUSABLE_INPUT = 2


class ProAppGroup(click.Group):
    """The group of all commands; says named errors in words instead of a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ProAppError as error:
            for line in error_lines(error):
                click.echo(line, err=True)
            raise SystemExit(UNUSABLE_INPUT) from None


def error_lines(error: ProAppError) -> list[str]:
    """Say a named error in words, one line per problem."""
    if isinstance(error, SettingMissing):
        return [
            translate(
                "The setting %(name)s cannot be used: %(why)s.", name=error.name, why=translate(error.why)
            )
        ]
    if isinstance(error, DefinitionRejected):
        return [f"{error.source}:{p.line or 1}: {problem_text(p)}" for p in error.problems]
    if isinstance(error, InputRejected):
        return [f"{p.place}: {problem_text(p)}" if p.place else problem_text(p) for p in error.problems]
    if isinstance(error, NotFound):
        return [translate("There is no such thing: %(kind)s.", kind=error.kind)]
    if isinstance(error, NotPermitted):
        return [translate("This is not permitted: %(action)s.", action=error.action)]
    return [f"{type(error).__name__}: {error}"]


@click.group(
    cls=ProAppGroup,
    help=mark(
        "Electronic patient-reported outcomes for clinical trials.\n\n"
        "Exit status: 0 well, 2 unusable input or arguments, 3 some rows rejected."
    ),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="pro-app", prog_name="pro-app")
def main() -> None:
    """Hold the commands together."""


def _translate_help(command: click.Command) -> None:
    command.help = translate(command.help) if command.help else None
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.help:
            parameter.help = translate(parameter.help)


for _command in COMMANDS:
    main.add_command(_command)
for _command in (main, *COMMANDS):
    _translate_help(_command)
