"""Where the files of releases lie, and how one is put into its place whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pro_app.services.releases.lease import Claim

UNFINISHED = ".making-"
PRIVATE, READ_ONLY = 0o700, 0o400


def archive_path(folder: Path, *, study_code: str, number: int) -> Path:
    """Give the place of a release's ZIP."""
    return folder / study_code / f"{number}.zip"


def archive_name(study_code: str, number: int) -> str:
    """Give the name under which a release is handed out."""
    return f"{study_code}-release-{number}.zip"


@contextmanager
def open_workshop(folder: Path, claim: Claim) -> Iterator[Path]:
    """Give an empty folder on the disk of the releases, gone afterwards.

    What a killed process left of the same release is swept away first: its lease is over.
    """
    make_private_folder(folder)
    prefix = f"{UNFINISHED}{claim.release_id}-"
    for left_over in folder.glob(f"{prefix}*"):
        shutil.rmtree(left_over, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder, ignore_cleanup_errors=True) as workshop:
        yield Path(workshop)


def make_private_folder(folder: Path) -> None:
    """Make the folder if need be; nobody but the app's own user may look into it, whoever made it."""
    folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o777 != PRIVATE:
        folder.chmod(PRIVATE)


def sync_file(path: Path) -> None:
    """Return once the file's bytes are on the disk."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def publish_archive(unfinished: Path, place: Path) -> None:
    """Give a finished, synced file its name; it is there for good when this returns."""
    make_private_folder(place.parent)
    unfinished.chmod(READ_ONLY)
    unfinished.replace(place)
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
