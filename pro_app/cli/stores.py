"""Opening a store for the length of one command."""

from collections.abc import Iterator
from contextlib import contextmanager

from pro_app.storage.database import Database, open_database


@contextmanager
def opened_database(url: str) -> Iterator[Database]:
    """Open the database at `url` and close every connection at the end."""
    database = open_database(url)
    try:
        yield database
    finally:
        database.engine.dispose()
