"""What the commands about releases share: the study, a release by its number, a copy of its ZIP."""

import shutil
from pathlib import Path

import click

from pro_app.audit.actor import system_actor
from pro_app.cli.file_problems import file_problem
from pro_app.cli.study_option import choose_study
from pro_app.errors import InputRejected
from pro_app.language import mark
from pro_app.services.releases.records import ReleaseRecord, load_release
from pro_app.storage.database import Database

DIFFERENT = 3
"""The exit status where something is not as it should be."""
ACTOR = system_actor("command", "release")
study_option = click.option(
    "--study", "study_code", help=mark("The study; it may be left out where there is only one.")
)


def load_numbered(database: Database, study_code: str | None, number: int) -> ReleaseRecord:
    """Give a release of the study by its number; raises NotFound."""
    with database.reading() as session:
        study_id = choose_study(session, study_code).id
        return load_release(session, study_id=study_id, number=number, actor=ACTOR)


def copy_archive(source: Path, target: Path) -> None:
    """Copy a file beside its new place and rename it, so that it is there whole or not at all."""
    unfinished = target.with_name(f".{target.name}.part")
    try:
        shutil.copyfile(source, unfinished)
        unfinished.replace(target)
    except OSError as error:
        error.filename = str(target)
        raise InputRejected((file_problem(error),)) from error
    finally:
        unfinished.unlink(missing_ok=True)
