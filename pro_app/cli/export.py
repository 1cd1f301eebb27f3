"""`pro-app export`: writes the statistician's dataset of a study into a ZIP file."""

import os
import secrets
from pathlib import Path

import click

from pro_app.audit.actor import system_actor
from pro_app.cli.file_problems import file_problem
from pro_app.cli.stores import opened_database
from pro_app.cli.study_option import choose_study
from pro_app.cli.translation import translate
from pro_app.clock import system_clock
from pro_app.errors import InputRejected
from pro_app.language import mark
from pro_app.services.dataset import build_dataset, open_snapshot, record_download
from pro_app.settings import Settings

NO_PURPOSE = "not given (command line)"


@click.command(
    "export",
    help=mark(
        "Write the scored dataset of a study (CSV tables, codebook, manifest) into a ZIP file. The purpose "
        "and the file's SHA-256 go into the audit trail."
    ),
)
@click.option("--study", "study_code", help=mark("The study; it may be left out where there is only one."))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help=mark("The ZIP file to be written.")
)
@click.option("--purpose", default=NO_PURPOSE, show_default=True, help=mark("What the data are for."))
def export(study_code: str | None, out: Path, purpose: str) -> None:
    """Make, record, then write the dataset; exit status 0 well, 2 unusable arguments."""
    settings = Settings.from_env()
    now = system_clock()
    actor = system_actor("command", "export")
    with opened_database(settings.database_url) as database:
        with open_snapshot(database) as session:
            study_id = choose_study(session, study_code).id
            dataset = build_dataset(session, study_id=study_id, purpose=purpose, actor=actor, now=now)
        with database.writing() as session:
            record_download(session, dataset, actor=actor, now=now)
            # Inside the transaction: where the file cannot be written, nothing was handed out.
            _replace_file(out, dataset.content)
    counts = ", ".join(f"{name} {count}" for name, count in dataset.rows.items())
    message = mark("%(file)s is written (%(counts)s). SHA-256: %(sha256)s")
    click.echo(translate(message, file=str(out), counts=counts, sha256=dataset.sha256))


def _replace_file(path: Path, content: bytes) -> None:
    """Write the file beside its place and rename it, so that it is there whole or not at all."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with unfinished.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(path)
    except OSError as error:
        error.filename = str(path)
        raise InputRejected((file_problem(error),)) from error
    finally:
        unfinished.unlink(missing_ok=True)
