"""Copying the rows of one small database into another, so that tests need not make them anew each time."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table as SqlTable
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from pro_app.storage.database import Database
from pro_app.storage.tables.base import Table


@dataclass(frozen=True)
class Rows:
    """Every row of a database, table by table, in an order in which they can be inserted."""

    tables: tuple[tuple[SqlTable, list[dict[str, Any]]], ...]


def read_rows(database: Database) -> Rows:
    """Read every row."""
    with database.reading() as session:
        found = [
            (table, [dict(row) for row in session.execute(select(table)).mappings()])
            for table in Table.metadata.sorted_tables
        ]
    return Rows(tuple((table, rows) for table, rows in found if rows))


def write_rows(database: Database, rows: Rows) -> None:
    """Write every row into a database that is migrated and empty, with the keys that it had."""
    with database.writing() as session:
        for table, content in rows.tables:
            session.execute(insert(table), content)
            if session.get_bind().dialect.name == "postgresql" and "id" in table.c:
                _count_on(session, table, max(row["id"] for row in content))


def _count_on(session: Session, table: SqlTable, last: int) -> None:
    """Let the next key follow the last one; the application's role may only ask for the next one."""
    sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
    session.execute(text(f"SELECT nextval({sequence}) FROM generate_series(1, :last)"), {"last": last})
