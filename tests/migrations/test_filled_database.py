"""A table that others refer to is rebuilt under a database that is in use: nothing is lost or left astray."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, Table, create_engine, insert, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError

from pro_app.storage.database import Database, open_database
from pro_app.storage.migrate import migrate, newest_revision, schema_revision

BEFORE = "0015"
THEN = datetime(2026, 1, 5, 8, 0)  # noqa: DTZ001 -- written as the database holds it
VALUES: dict[type, object] = {int: 1, str: "x", datetime: THEN, date: THEN.date(), bool: False, dict: {}}


@pytest.fixture(params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give a database of each kind as it was before roles could end, with two roles, sessions and a token."""
    if request.param == "sqlite":
        database = open_database(f"sqlite:///{tmp_path / 'filled.sqlite'}")
        _fill(database)
        yield database
        database.engine.dispose()
        return
    owner_url = request.getfixturevalue("postgres_owner_url")
    admin = create_engine(owner_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE filled_test"))
    database = open_database(
        make_url(owner_url).set(database="filled_test").render_as_string(hide_password=False)
    )
    _fill(database)
    yield database
    database.engine.dispose()
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE filled_test WITH (FORCE)"))
    admin.dispose()


def test_rebuilding_the_roles_keeps_them_and_the_sessions_under_them(filled: Database) -> None:
    before = _read(filled)

    migrate(filled, "main")

    assert before["staff_roles"] == [(1, "nurse", 1), (2, "monitor", None)]
    assert _read(filled) == before
    assert _has_sessions(filled, of_role=2)


def test_the_references_to_a_rebuilt_table_are_enforced_again(filled: Database) -> None:
    migrate(filled, "main")

    with (
        pytest.raises(IntegrityError),
        filled.engine.execution_options(sqlite_begin="IMMEDIATE").begin() as connection,
    ):
        connection.execute(text("UPDATE staff_sessions SET staff_role_id = 77"))


@pytest.mark.parametrize(
    ("change", "is_taken"),
    [
        ("role = 'inspector'", False),
        ("role = 'inspector', ends_at = '2027-01-01 00:00:00'", True),
        ("role = 'king'", False),
        ("site_id = 1", False),
    ],
)
def test_the_checks_of_the_roles_hold_after_the_rebuilding(
    filled: Database, change: str, *, is_taken: bool
) -> None:
    migrate(filled, "main")

    refused = False
    try:
        with filled.engine.execution_options(sqlite_begin="IMMEDIATE").begin() as connection:
            connection.execute(text(f"UPDATE staff_roles SET {change} WHERE id = 2"))
    except IntegrityError:
        refused = True

    assert refused is not is_taken


def test_a_row_that_refers_to_nothing_undoes_the_migration(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'astray.sqlite'}")
    _fill(database)
    with database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA foreign_keys = OFF")
        driver.execute("UPDATE staff_sessions SET staff_role_id = 77")
        driver.execute("PRAGMA foreign_keys = ON")

    with pytest.raises(RuntimeError, match="2 rows refer to rows that are missing, in staff_sessions"):
        migrate(database, "main")

    assert schema_revision(database, "main") == BEFORE != newest_revision("main")
    with database.engine.connect() as connection:
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
        assert connection.scalar(text("SELECT count(*) FROM staff_roles")) == 2
    database.engine.dispose()


def test_where_nothing_is_migrated_a_row_that_refers_to_nothing_stops_nobody(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'astray.sqlite'}")
    _fill(database)
    migrate(database, "main")
    with database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA foreign_keys = OFF")
        driver.execute("UPDATE staff_sessions SET staff_role_id = 77")
        driver.execute("PRAGMA foreign_keys = ON")

    migrate(database, "main")

    assert schema_revision(database, "main") == newest_revision("main")
    database.engine.dispose()


def _fill(database: Database) -> None:
    migrate(database, "main", BEFORE)
    tables = MetaData()
    with database.engine.execution_options(sqlite_begin="IMMEDIATE").begin() as connection:
        tables.reflect(connection, only=["studies", "sites", "accounts", "staff_roles", "staff_sessions"])
        for name, rows in ROWS.items():
            for row in rows:
                _insert(connection, tables.tables[name], row)


ROWS: dict[str, list[dict[str, Any]]] = {
    "studies": [{"id": 1, "mode": "test"}],
    "sites": [{"id": 1, "study_id": 1}],
    "accounts": [{"id": 1, "username": "nurse"}, {"id": 2, "username": "monitor"}],
    "staff_roles": [
        {"id": 1, "account_id": 1, "study_id": 1, "site_id": 1, "role": "nurse"},
        {"id": 2, "account_id": 2, "study_id": 1, "site_id": None, "role": "monitor"},
    ],
    "staff_sessions": [
        {"id": 1, "account_id": 1, "staff_role_id": 1, "token_sha256": "a"},
        {"id": 2, "account_id": 2, "staff_role_id": 2, "token_sha256": "b"},
    ],
}


def _insert(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """Insert a row, with something of the right kind in every other column that must not be empty."""
    needed = {
        column.name: VALUES[column.type.python_type]
        for column in table.columns
        if not column.nullable and column.name not in row
    }
    connection.execute(insert(table).values(needed | row))


def _read(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    with database.engine.connect() as connection:
        roles = connection.execute(text("SELECT id, role, site_id FROM staff_roles ORDER BY id"))
        sessions = connection.execute(text("SELECT id, staff_role_id FROM staff_sessions ORDER BY id"))
        return {"staff_roles": [tuple(row) for row in roles], "sessions": [tuple(row) for row in sessions]}


def _has_sessions(database: Database, *, of_role: int) -> bool:
    with database.engine.connect() as connection:
        statement = text("SELECT count(*) FROM staff_sessions WHERE staff_role_id = :role")
        return bool(connection.scalar(statement, {"role": of_role}))
