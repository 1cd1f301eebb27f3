"""`pro-app release rebuild` and `compare`: whether a release still holds, and what changed between two."""

import tempfile
from pathlib import Path

import click

from pro_app.cli.file_problems import file_problem
from pro_app.cli.progress import showing_progress
from pro_app.cli.release_files import (
    ACTOR,
    DIFFERENT,
    check_target,
    copy_archive,
    load_numbered,
    study_option,
)
from pro_app.cli.stores import opened_database
from pro_app.cli.translation import translate, translate_plural
from pro_app.clock import system_clock
from pro_app.errors import InputRejected, Problem
from pro_app.exports.formats.csv import write_csv
from pro_app.exports.release_comparison import CHANGES
from pro_app.language import mark, mark_plural
from pro_app.services.releases.compare import ReleaseChanges, compare_releases
from pro_app.services.releases.contents import record_download
from pro_app.services.releases.rebuild import RebuildReport, rebuild_release
from pro_app.settings import Settings

DIFFERENCES = {
    "missing": mark("is missing"),
    "additional": mark("is new"),
    "bytes": mark("has other bytes"),
    "values": mark("has other values"),
}


@click.command(
    "rebuild",
    help=mark(
        "Derive every file of a release again from its frozen tables. With --verify the result is compared "
        "with the stored ZIP (byte by byte under the version that made it, else by values) and every answer "
        "is traced back to the database; exit status 0 the same, 3 if anything differs."
    ),
)
@click.argument("number", type=click.IntRange(min=1))
@study_option
@click.option("--verify", is_flag=True, help=mark("Compare with what is stored."))
@click.option("--out", type=click.Path(path_type=Path), help=mark("Keep the rebuilt ZIP in this file."))
@click.pass_context
def rebuild(
    context: click.Context, number: int, study_code: str | None, *, verify: bool, out: Path | None
) -> None:
    """Rebuild a release; without --verify and --out there is nothing to do."""
    if not (verify or out):
        raise InputRejected((Problem(mark("Say --verify, or --out with a file, or both.")),))
    settings = Settings.from_env()
    if out is not None:
        check_target(out)
    with (
        opened_database(settings.database_url) as database,
        database.reading() as session,
        tempfile.TemporaryDirectory(prefix="pro-app-rebuild-") as folder,
    ):
        found = load_numbered(database, study_code, number)
        rebuilt = Path(folder) / "rebuilt.zip"
        with showing_progress() as progress:
            report = rebuild_release(
                session, found, rebuilt, folder=settings.releases_folder, progress=progress
            )
        if out is not None and report.is_readable:
            with database.writing() as writing:
                record_download(writing, found, what="rebuilt archive", actor=ACTOR, now=system_clock())
            copy_archive(rebuilt, out)
    if verify or not report.is_readable:
        _say_report(report, number)
        if not report.is_well:
            context.exit(DIFFERENT)


@click.command(
    "compare",
    help=mark(
        "Say what changed from one release to another, table by table: rows added, values changed, rows "
        "removed. With --out each of them is written with who did it, when and why, from the audit trail."
    ),
)
@click.argument("first", type=click.IntRange(min=1))
@click.argument("second", type=click.IntRange(min=1))
@study_option
@click.option("--out", type=click.Path(path_type=Path), help=mark("CSV file for every single change."))
def compare(first: int, second: int, study_code: str | None, out: Path | None) -> None:
    """Print the counts of each table, and write the changes."""
    settings = Settings.from_env()
    with opened_database(settings.database_url) as database:
        releases = [load_numbered(database, study_code, number) for number in (first, second)]
        with database.reading() as session:
            changes = compare_releases(session, *releases, folder=settings.releases_folder)
    if out is not None:
        _write_changes(changes, out)
    for table, added, changed, removed in changes.list_counts():
        message = mark("%(table)s: %(added)s added, %(changed)s changed, %(removed)s removed")
        click.echo(translate(message, table=table, added=added, changed=changed, removed=removed))


def _say_report(report: RebuildReport, number: int) -> None:
    """Print every difference, then one line that says how it stands."""
    if not report.is_intact:
        click.echo(translate(mark("The stored ZIP is not the one that was made: its SHA-256 differs.")))
    if not report.is_readable:
        message = mark("Release %(number)s cannot be read any more: take its ZIP from a backup.")
        click.echo(translate(message, number=number))
        return
    for file in report.files:
        click.echo(f"{file.name}: {translate(DIFFERENCES[file.what])}")
    for trace in report.traces:
        message = mark("Answer %(operation)s: the release has %(released)s, the database %(stored)s.")
        released, stored = _say_answer(trace.released), _say_answer(trace.stored)
        click.echo(translate(message, operation=trace.operation_id, released=released, stored=stored))
    if not report.same_version:
        message = mark("The release was made by another version of pro-app: values were compared, not bytes.")
        click.echo(translate(message))
    elif report.is_intact and not report.files and not report.same_bytes:
        click.echo(translate(mark("Every file has the same bytes; only the compression of the ZIP differs.")))
    differences = len(report.files) + len(report.traces)
    forms = mark_plural("%(count)s difference", "%(count)s differences")
    click.echo(
        f"{translate(mark('Release %(number)s'), number=number)}: {translate_plural(*forms, differences)}"
    )


def _say_answer(said: tuple[object, ...] | None) -> str:
    if said is None:
        return translate(mark("nothing"))
    return " ".join("" if part is None else str(part) for part in said).strip()


def _write_changes(changes: ReleaseChanges, out: Path) -> None:
    try:
        write_csv(out, CHANGES, changes.frames)
    except OSError as error:
        raise InputRejected((file_problem(error),)) from error
