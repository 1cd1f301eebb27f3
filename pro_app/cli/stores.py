"""Opening a store for the length of one command."""

from collections.abc import Iterator
from contextlib import contextmanager

from pro_app.storage.database import Database, open_database, require_reachable


@contextmanager
def opened_database(url: str) -> Iterator[Database]:
    """Open the database at `url` and close every connection at the end; raises DatabaseUnavailable."""
    database = open_database(url)
    try:
        require_reachable(database)
        yield database
    finally:
        database.engine.dispose()
