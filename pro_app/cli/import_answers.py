"""`pro-app import-answers`: files paper forms of before the app was there from a table, row by row."""

import sys
from datetime import datetime
from pathlib import Path

import click

from pro_app.audit.actor import system_actor
from pro_app.cli.file_problems import file_problem
from pro_app.cli.stores import opened_database
from pro_app.cli.study_option import choose_study
from pro_app.cli.translation import problem_text, translate
from pro_app.cli.whole_file import replace_when_done
from pro_app.clock import system_clock
from pro_app.errors import InputRejected
from pro_app.language import mark
from pro_app.services.answer_import.importing import ImportReport, import_rows, read_import
from pro_app.services.answer_import.records import ImportSource, begin_import, finish_import, name_import
from pro_app.services.answer_import.rows import ImportTask
from pro_app.services.answer_import.tables import write_rejects
from pro_app.services.table_files import TableFile
from pro_app.settings import Settings, command_language
from pro_app.storage.database import Database

SOME_ROWS_REJECTED = 3
MOST_ROWS = 20_000
LARGEST_FILE = 64 << 20
ACTOR = system_actor("command", "import-answers")
_FILED = mark("Forms filed: %(filed)s. Filed before: %(unchanged)s. Rejected: %(rejected)s.")
_CHECKED = mark(
    "Only checked. Would be filed: %(filed)s. Filed before: %(unchanged)s. Rejected: %(rejected)s."
)
_File = click.Path(path_type=Path)

_HELP = mark(
    "File earlier paper forms from a table: CSV (UTF-8; commas, semicolons or tabs) or XLSX, a row a form, "
    "with the columns participant_code, visit_code, source_on, respondent, late_reason and one an item "
    "(qlq-c30:1 …). Each row is filed whole or rejected; the same table twice changes nothing. Exit status: "
    "0 well, 2 unusable file or arguments, 3 some rows rejected."
)


@click.command("import-answers", help=_HELP)
@click.argument("table_file", metavar="TABLE", type=_File)
@click.option("--study", "study_code", help=mark("The study; it may be left out where there is only one."))
@click.option("--rejects", type=_File, help=mark("The file for rejected rows, to be mended and handed in."))
@click.option("--dry-run", is_flag=True, help=mark("Check every row and file nothing."))
@click.pass_context
def import_answers(
    context: click.Context, *, table_file: Path, study_code: str | None, rejects: Path | None, dry_run: bool
) -> None:
    """Import the table; exit status 0 well, 2 unusable, 3 some rows rejected."""
    content = _read(table_file)
    table = read_import(content, most_rows=MOST_ROWS, largest=LARGEST_FILE)
    settings, now = Settings.from_env(), system_clock()
    with opened_database(settings.database_url) as database:
        with database.reading() as session:
            study_id = choose_study(session, study_code).id
        source = ImportSource(study_id, None, table_file.name, content)
        if dry_run:
            report = _import(database, table, study_id, name="import:tried", keeps=False, now=now)
        else:
            with database.writing() as session:
                number = begin_import(session, source, actor=ACTOR, now=now)
            report = _import(database, table, study_id, name=name_import(number), keeps=True, now=now)
            with database.writing() as session:
                finish_import(session, number, report, actor=ACTOR, now=system_clock())
    _print(table, report, rejects, dry_run=dry_run)
    context.exit(SOME_ROWS_REJECTED if report.rejected else 0)


def _read(table_file: Path) -> bytes:
    try:
        return table_file.read_bytes()
    except OSError as error:
        raise InputRejected((file_problem(error),)) from error


def _import(
    database: Database, table: TableFile, study_id: int, *, name: str, keeps: bool, now: datetime
) -> ImportReport:
    """File each row in a transaction of its own: nobody who answers meanwhile waits for the whole table."""
    task = ImportTask(study_id, name, ACTOR, now, language=command_language())
    with click.progressbar(length=len(table.rows), file=sys.stderr, show_eta=True) as bar:
        return import_rows(table, task, open_row=database.writing, keeps=keeps, advance=lambda: bar.update(1))


def _print(table: TableFile, report: ImportReport, rejects: Path | None, *, dry_run: bool) -> None:
    for one in report.rejected:
        for problem in one.problems:
            message = mark("Line %(line)s, column %(column)s: %(why)s")
            said = translate(message, line=one.row.line, column=problem.place, why=problem_text(problem))
            click.echo(said, err=True)
    if rejects is not None:
        _write_rejects(rejects, table, report)
    done = _CHECKED if dry_run else _FILED
    counts = {"filed": report.filed, "unchanged": report.unchanged, "rejected": len(report.rejected)}
    click.echo(translate(done, **counts))


def _write_rejects(path: Path, table: TableFile, report: ImportReport) -> None:
    try:
        with replace_when_done(path) as stream:
            write_rejects(stream, table.columns, report.rejected, say=problem_text)
    except OSError as error:
        raise InputRejected((file_problem(error),)) from error
