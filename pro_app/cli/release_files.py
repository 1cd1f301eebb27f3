"""What the commands about releases share: the study, a release by its number, a copy of its ZIP."""

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from pro_app.audit.actor import system_actor
from pro_app.cli.file_problems import file_problem
from pro_app.cli.study_option import choose_study
from pro_app.errors import InputRejected
from pro_app.language import mark
from pro_app.services.releases.files import make_private_folder
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
    with _unfinished(target) as unfinished:
        shutil.copyfile(source, unfinished)
        unfinished.replace(target)


def check_target(target: Path) -> None:
    """Raise InputRejected where `copy_archive` could not write, before hours are spent on the file."""
    with _unfinished(target) as unfinished:
        unfinished.touch()
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "Is a directory")


def check_folder(folder: Path) -> None:
    """Raise InputRejected where no release can be put into the folder of the releases."""
    with explaining(folder):
        make_private_folder(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass


@contextmanager
def explaining(path: Path) -> Iterator[None]:
    """Turn what the operating system refuses about `path` into InputRejected."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise InputRejected((file_problem(error),)) from error


@contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """Give the name that a file has before it is whole; nothing is left there afterwards."""
    unfinished = target.with_name(f".{target.name}.part")
    with explaining(target):
        try:
            yield unfinished
        finally:
            with suppress(OSError):
                unfinished.unlink()
