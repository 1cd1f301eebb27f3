"""Every migration, up and down, on both databases: schema as the tables say, data kept, triggers there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from pro_app.contacts.tables import VaultTable
from pro_app.storage.database import Database, open_database
from pro_app.storage.migrate import Store, alembic_config, migrate, newest_revision, schema_revision
from pro_app.storage.tables.base import Table

STORES: tuple[Store, ...] = ("main", "contacts")
METADATA = {"main": Table.metadata, "contacts": VaultTable.metadata}


def revisions(store: Store) -> list[str]:
    scripts = ScriptDirectory.from_config(alembic_config(store)).walk_revisions()
    return [script.revision for script in scripts][::-1]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give an empty database of each kind, as its owner."""
    if request.param == "sqlite":
        database = open_database(f"sqlite:///{tmp_path / 'empty.sqlite'}")
        yield database
        database.engine.dispose()
        return
    owner_url = request.getfixturevalue("postgres_owner_url")
    admin = create_engine(owner_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS migrations_test WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE migrations_test"))
    database = open_database(
        make_url(owner_url).set(database="migrations_test").render_as_string(hide_password=False)
    )
    yield database
    database.engine.dispose()
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE migrations_test WITH (FORCE)"))
    admin.dispose()


@pytest.mark.parametrize("store", STORES)
def test_the_newest_schema_is_what_the_tables_say(empty: Database, store: Store) -> None:
    migrate(empty, store)

    with empty.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": f"alembic_version_{store}", "compare_type": False}
        )
        assert compare_metadata(context, METADATA[store]) == []
    assert schema_revision(empty, store) == newest_revision(store)


@pytest.mark.parametrize("store", STORES)
def test_migrating_twice_changes_nothing(empty: Database, store: Store) -> None:
    migrate(empty, store)
    tables = set(inspect(empty.engine).get_table_names())

    migrate(empty, store)

    assert set(inspect(empty.engine).get_table_names()) == tables


@pytest.mark.parametrize("store", STORES)
def test_every_step_goes_up_and_down_again(empty: Database, store: Store) -> None:
    for revision in revisions(store):
        migrate(empty, store, revision)
    for revision in [*revisions(store)[:-1][::-1], "base"]:
        with empty.engine.execution_options(sqlite_begin="IMMEDIATE").begin() as connection:
            command.downgrade(alembic_config(store, connection), revision)

    assert set(inspect(empty.engine).get_table_names()) <= {f"alembic_version_{store}"}


def test_every_migration_from_the_second_on_keeps_the_audit_trail_append_only(empty: Database) -> None:
    for revision in revisions("main")[1:]:
        migrate(empty, "main", revision)
        for table in ("audit_entries", "audit_payloads"):
            _insert_rows(empty)
            for statement in (f"UPDATE {table} SET {'reason' if 'entries' in table else 'salt'} = 'x'",
                              f"DELETE FROM {table}"):  # fmt: skip
                with (
                    pytest.raises(DBAPIError, match="append-only"),
                    empty.engine.execution_options(sqlite_begin="IMMEDIATE").begin() as connection,
                ):
                    connection.execute(text(statement))


def test_revisions_are_numbered_without_gaps() -> None:
    for store in STORES:
        assert revisions(store) == [f"{n:04}" for n in range(1, len(revisions(store)) + 1)]


def _insert_rows(database: Database) -> None:
    """Write one entry as plain SQL would, if there is none yet; triggers of SQLite fire per row only."""
    with database.engine.begin() as connection:
        if connection.scalar(text("SELECT count(*) FROM audit_entries")):
            return
        connection.execute(
            text(
                "INSERT INTO audit_entries (chain, sequence, at, actor, role, action, subject_ref,"
                " request_id, app_version, payload_digest, previous_digest, digest) VALUES"
                " ('c', 1, '2026-01-01 00:00:00', 'a', 'r', 'x', 's', 'q', 'v', 'p', 'p', 'd')"
            )
        )
        connection.execute(
            text("INSERT INTO audit_payloads (entry_id, salt, items) SELECT id, 's', '[]' FROM audit_entries")
        )
