"""`pro-app check-definitions`: every problem of every definition file, with file and line."""

from pathlib import Path

import click

from pro_app.cli.definition_findings import Finding, list_findings
from pro_app.cli.translation import problem_text, translate, translate_plural
from pro_app.definitions.files import QUESTIONNAIRES
from pro_app.language import mark, mark_plural

UNUSABLE_INPUT = 2

FILES = mark_plural("%(count)s file checked", "%(count)s files checked")
PROBLEMS = mark_plural("%(count)s problem", "%(count)s problems")
REMARKS = mark_plural("%(count)s remark", "%(count)s remarks")


@click.command(
    "check-definitions",
    help=mark(
        "Check questionnaires, wording packs and protocols: the given files and folders, or all of them."
    ),
)
@click.argument("paths", metavar="[PATH]…", nargs=-1, type=click.Path(exists=True, path_type=Path))
def check_definitions(paths: tuple[Path, ...]) -> None:
    """Print every problem as `file:line: words`, then the counts; exit status 0 well, 2 if there is any."""
    findings, files = list_findings(paths or (QUESTIONNAIRES,))
    for finding in findings:
        click.echo(_render_finding(finding))
    remarks = sum(finding.is_remark for finding in findings)
    problems = len(findings) - remarks
    counts = ((FILES, files), (PROBLEMS, problems), (REMARKS, remarks))
    click.echo(", ".join(translate_plural(*forms, count) for forms, count in counts))
    if problems:
        raise SystemExit(UNUSABLE_INPUT)


def _render_finding(finding: Finding) -> str:
    """Write one finding as `file:line: place: words`, the file below the working folder if it is there."""
    problem = finding.problem
    path = finding.path.resolve()
    name = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    head = translate(mark("remark")) if finding.is_remark else problem.place
    parts = [f"{name}:{problem.line or 1}", head, problem_text(problem)]
    return ": ".join(part for part in parts if part)
