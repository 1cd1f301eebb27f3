"""Bringing a store to the newest schema, in one transaction, and telling which schema it has."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from pro_app.errors import DatabaseUnavailable
from pro_app.language import mark
from pro_app.storage.database import Database

Store = Literal["main", "contacts"]
MIGRATIONS = Path(__file__).parents[2] / "migrations"


def alembic_config(store: Store, connection: Connection | None = None) -> Config:
    """Make the Alembic configuration of one store; the connection's owner commits."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("version_locations", str(MIGRATIONS / store))
    config.set_main_option("path_separator", "newline")
    config.attributes.update(store=store, connection=connection)
    return config


def migrate(database: Database, store: Store, revision: str = "head") -> None:
    """Bring `database` up to `revision`; a failure in the middle leaves it as it was."""
    engine = database.engine.execution_options(sqlite_begin="IMMEDIATE")
    with engine.connect() as connection, _rebuilding_tables(connection), connection.begin():
        before = _find_revision(connection, store)
        command.upgrade(alembic_config(store, connection), revision)
        if _find_revision(connection, store) != before:
            # Only then: reading every reference takes long, and no migration put astray what was so before.
            _check_references(connection)


@contextmanager
def _rebuilding_tables(connection: Connection) -> Iterator[None]:
    """Let SQLite put a new table in the place of one that others refer to, which it changes in no other way.

    The pragma does nothing inside a transaction, so it stands around it and on the driver's own connection.
    """
    driver = connection.connection.driver_connection
    if connection.dialect.name != "sqlite" or driver is None:
        yield
        return
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")


def _check_references(connection: Connection) -> None:
    """Raise RuntimeError, which undoes the migration, where a row refers to one that is not there."""
    if connection.dialect.name != "sqlite":
        return
    astray = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if astray:
        tables = ", ".join(sorted({str(row[0]) for row in astray}))
        raise RuntimeError(f"{len(astray)} rows refer to rows that are missing, in {tables}")


def schema_revision(database: Database, store: Store) -> str | None:
    """Read the revision that the store is at, None where it was never migrated."""
    with database.engine.connect() as connection:
        return _find_revision(connection, store)


def _find_revision(connection: Connection, store: Store) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": f"alembic_version_{store}"})
    return context.get_current_revision()


def require_newest_schema(database: Database, store: Store) -> None:
    """Raise DatabaseUnavailable where the store has no tables yet, or not those that this code needs.

    A schema that this code does not know is that of a later release, which works with this one too.
    """
    current = schema_revision(database, store)
    if current is None:
        raise DatabaseUnavailable(mark("A database has no tables yet. Make them with “pro-app init”."))
    scripts = ScriptDirectory.from_config(alembic_config(store))
    known = {script.revision for script in scripts.walk_revisions()}
    if current in known and current != scripts.get_current_head():
        message = mark("A database has the tables of an older release. Renew them with “pro-app init”.")
        raise DatabaseUnavailable(message)


def newest_revision(store: Store) -> str:
    """Give the revision that this version of the code expects."""
    head = ScriptDirectory.from_config(alembic_config(store)).get_current_head()
    if head is None:
        raise RuntimeError(f"no migrations for {store}")
    return head
