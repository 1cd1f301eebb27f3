"""`released.sha256`: the files that a trial may have used and that therefore never change again.

Each line is the SHA-256 in hex, two spaces and the path below the list's own folder, as sha256sum writes it.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pro_app.errors import Problem
from pro_app.language import mark

RELEASED_LIST = "released.sha256"

_LINE = re.compile(r"(?P<sha256>[0-9a-f]{64})  (?P<path>\S.*)")


def find_released_list(path: Path) -> Path | None:
    """Give the list that covers `path`: the one in it or in the nearest folder above it."""
    for folder in (path.resolve(), *path.resolve().parents):
        if (folder / RELEASED_LIST).is_file():
            return folder / RELEASED_LIST
    return None


def check_released(released_list: Path, below: Path | None = None) -> Iterator[Problem]:
    """Give every line of the list that is malformed or whose file has changed or gone.

    With `below`, only files at or under that path are read. Lines are those of the list.
    """
    seen: dict[str, int] = {}
    for number, line in enumerate(
        released_list.read_text(encoding="utf-8", errors="replace").splitlines(), start=1
    ):
        match = _LINE.fullmatch(line)
        if match is None or not _is_inside(match["path"]):
            message = mark("The line must hold a SHA-256 in hex, two spaces and a path below this folder.")
            yield Problem(message, line=number)
            continue
        name = match["path"]
        if name in seen:
            message = mark("%(file)s is listed twice; first in line %(first)s.")
            yield Problem(message, {"file": name, "first": seen[name]}, line=number)
        seen.setdefault(name, number)
        path = released_list.parent / name
        if below is None or path.resolve().is_relative_to(below.resolve()):
            yield from _check_file(path, name, match["sha256"], line=number)


def _is_inside(name: str) -> bool:
    """Say whether a listed path stays below the folder of its list."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _check_file(path: Path, name: str, sha256: str, *, line: int) -> Iterator[Problem]:
    """Compare one listed file with its sum."""
    if not path.is_file():
        yield Problem(mark("%(file)s was released and is gone."), {"file": name}, line=line)
    elif hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        message = mark("%(file)s was released and has changed: undo the change and make a new version.")
        yield Problem(message, {"file": name}, line=line)
