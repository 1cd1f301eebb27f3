"""The `pro-app` command: one module per command, messages in the system's language.

Exit status: 0 well, 2 unusable input or arguments, 3 some rows rejected.
"""

from importlib import import_module

import click

from pro_app.cli.translation import gate_line, problem_text, translate
from pro_app.errors import (
    DatabaseUnavailable,
    DefinitionRejected,
    InputRejected,
    NotFound,
    NotPermitted,
    ProAppError,
    ProductionRefused,
    SettingMissing,
)
from pro_app.language import mark

COMMANDS = {
    "amendment": "pro_app.cli.amendment:amendment",
    "check-definitions": "pro_app.cli.check_definitions:check_definitions",
    "check-standings": "pro_app.cli.check_standings:check_standings",
    "create-account": "pro_app.cli.accounts:create_account",
    "demo": "pro_app.cli.demo:demo",
    "deterioration": "pro_app.cli.deterioration:deterioration",
    "export": "pro_app.cli.export:export",
    "import-answers": "pro_app.cli.import_answers:import_answers",
    "init": "pro_app.cli.init:init",
    "load-study": "pro_app.cli.load_study:load_study",
    "plan-preview": "pro_app.cli.plan_preview:plan_preview",
    "prove-calendar": "pro_app.cli.prove_calendar:prove_calendar_command",
    "push-keys": "pro_app.cli.push_keys:push_keys",
    "outbox": "pro_app.cli.outbox:outbox",
    "release": "pro_app.cli.release:release",
    "reset-second-factor": "pro_app.cli.reset_second_factor:reset_second_factor",
    "schedule": "pro_app.cli.schedule:schedule",
    "score": "pro_app.cli.score:score",
    "screens": "pro_app.cli.screens:screens",
    "serve": "pro_app.cli.serve:serve",
    "simulate": "pro_app.cli.simulate:simulate",
    "study": "pro_app.cli.study:study",
    "verify-audit-trail": "pro_app.cli.verify_audit_trail:verify_audit_trail",
    "verify-scores": "pro_app.cli.verify_scores:verify_scores_command",
    "wording": "pro_app.cli.wording:wording",
    "worker": "pro_app.cli.worker:worker",
}
"""Where each command stands; imported only when it is asked for, so that `score` never waits for the web."""
UNUSABLE_INPUT = 2


class ProAppGroup(click.Group):
    """The group of all commands; says named errors in words instead of a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's own signature
        """List the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- as above
        """Import a command and translate its help."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        _translate_help(command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ProAppError as error:
            for line in error_lines(error):
                click.echo(line, err=True)
            raise SystemExit(UNUSABLE_INPUT) from None


_NO_SUCH_THING = mark("There is no such thing: %(kind)s.")
_NOT_FOUND = {"release_archive": mark("The ZIP of the release is gone or damaged: take it from a backup.")}


def error_lines(error: ProAppError) -> list[str]:
    """Say a named error in words, one line per problem."""
    if isinstance(error, SettingMissing):
        return [
            translate(
                "The setting %(name)s cannot be used: %(why)s.", name=error.name, why=translate(error.why)
            )
        ]
    if isinstance(error, DatabaseUnavailable):
        return [translate(error.why, detail=error.detail)]
    if isinstance(error, DefinitionRejected | InputRejected | ProductionRefused):
        return _problem_lines(error)
    if isinstance(error, NotFound):
        return [translate(_NOT_FOUND.get(error.kind, _NO_SUCH_THING), kind=error.kind)]
    if isinstance(error, NotPermitted):
        return [translate("This is not permitted: %(action)s.", action=error.action)]
    return [f"{type(error).__name__}: {error}"]


def _problem_lines(error: DefinitionRejected | InputRejected | ProductionRefused) -> list[str]:
    """Give one line for each problem, with its place."""
    if isinstance(error, DefinitionRejected):
        return [f"{error.source}:{p.line or 1}: {problem_text(p)}" for p in error.problems]
    if isinstance(error, ProductionRefused):
        message = mark("The study %(study)s may not run in production:")
        return [translate(message, study=error.study_code), *map(gate_line, error.problems)]
    return [f"{p.place}: {problem_text(p)}" if p.place else problem_text(p) for p in error.problems]


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
    if isinstance(command, click.Group):
        for part in command.commands.values():
            _translate_help(part)


_translate_help(main)
