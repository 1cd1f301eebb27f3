"""The app's hasher of secrets, watched: how often it is asked, and whether others can write meanwhile."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy.engine import make_url

from pro_app.services import passwords


@dataclass
class WatchedHasher:
    """The app's own hasher, which tries to write to the database at each hash, as somebody else would."""

    hasher: PasswordHasher
    path: str
    asked: int = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- whatever the hasher has
        """Give all else of the hasher as it is."""
        return getattr(self.hasher, name)

    def hash(self, secret: str) -> str:
        """Hash, with nobody kept from writing."""
        self._write()
        return self.hasher.hash(secret)

    def verify(self, stored: str, secret: str) -> bool:
        """Verify, with nobody kept from writing."""
        self._write()
        return self.hasher.verify(stored, secret)

    def _write(self) -> None:
        """Take the one lock for writing; raises sqlite3.OperationalError while somebody holds it."""
        self.asked += 1
        other = sqlite3.connect(self.path, timeout=0, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
        finally:
            other.close()


@contextmanager
def watch_hashes(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[WatchedHasher]:
    """Watch the hashes made meanwhile, beside a SQLite database."""
    watched = WatchedHasher(passwords.HASHER, make_url(database_url).database or "")
    with monkeypatch.context() as patched:
        patched.setattr(passwords, "HASHER", watched)
        yield watched
