"""The demo's folder: what belongs to it may be forgotten, anything else is never touched."""

import shutil
from pathlib import Path

from pro_app.errors import InputRejected, Problem
from pro_app.language import mark

_OWN_FOLDERS = ("mail", "releases")
_OWN_FILES = (
    "access.json",
    "clock.json",
    "progress.json",
    "wish.json",
    "secret_key",
    "contacts_key",
    "start-state.json",
)
_DRAFTS = ("clock.draft", "progress.json.draft", "wish.json.draft", "start-state.draft")
_STORES = ("pro_app.sqlite", "contacts.sqlite", "start-pro_app.sqlite", "start-contacts.sqlite")
"""SQLite keeps up to three more files beside each, named after it."""


def check_folder(folder: Path) -> None:
    """Raise InputRejected where the folder holds anything that no demo has put there."""
    if folder.exists() and not folder.is_dir():
        raise InputRejected((Problem(mark("%(folder)s is no folder."), {"folder": str(folder)}),))
    strange = [path.name for path in _list_entries(folder) if not _is_own(path)]
    if strange:
        message = mark("%(folder)s holds other files (%(name)s); choose an empty folder for the demo.")
        raise InputRejected((Problem(message, {"folder": str(folder), "name": min(strange)}),))


def forget(folder: Path) -> None:
    """Remove what a demo keeps in its folder, and nothing else."""
    for path in filter(_is_own, _list_entries(folder)):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _list_entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _is_own(path: Path) -> bool:
    is_store = any(path.name == store or path.name.startswith(f"{store}-") for store in _STORES)
    return path.name in _OWN_FOLDERS or path.name in (*_OWN_FILES, *_DRAFTS) or is_store
