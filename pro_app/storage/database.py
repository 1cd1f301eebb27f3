"""Opening the database: durable on SQLite, plain on PostgreSQL, with one way to read and one to write."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from sqlalchemy import Connection, Engine, Insert, create_engine, event, insert
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from pro_app.errors import DatabaseUnavailable
from pro_app.language import mark
from pro_app.storage.tables.base import Table, plain_table

BUSY_TIMEOUT_MS = 30_000


@dataclass(frozen=True)
class Database:
    """An engine and the two kinds of transaction that run on it."""

    engine: Engine

    @cached_property
    def _writing_engine(self) -> Engine:
        """The same engine, whose transactions on SQLite take the lock for writing first."""
        engine = self.engine.execution_options(sqlite_begin="IMMEDIATE")
        # Whoever listens hears both alike. Asking two lists of listeners, as an engine with options does, at
        # each step of each statement takes a tenth of all the time.
        engine.dispatch = self.engine.dispatch
        return engine

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that only reads; rolled back at the end, what was read stays readable."""
        with Session(self.engine, expire_on_commit=False) as session:
            # Closing rolls back without emptying the rows, which an explicit rollback would.
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a session that commits when the block ends well and rolls back when it raises.

        The database is first touched at the first statement, so short transactions of other rooms
        (throttles, vault) may run before it without waiting for this one.
        """
        with Session(self._writing_engine, expire_on_commit=False) as session:
            yield session
            session.commit()


def require_reachable(database: Database) -> None:
    """Connect once; raises DatabaseUnavailable with what the driver said where that fails."""
    try:
        with database.engine.connect():
            pass
    except DBAPIError as error:
        # The first line says what is wrong; the address, with its password, is in none of them.
        said = str(error.orig).strip().partition("\n")[0]
        raise DatabaseUnavailable(mark("A database cannot be reached: %(detail)s."), said) from error


def write_rows(session: Session, rows: Sequence[Table]) -> None:
    """Insert new rows of one table in their order by one statement, after what waits in the session.

    They stay outside of the session, which learns nothing of their keys: read them again to change them.
    """
    if not rows:
        return
    session.flush()
    # A column that one row sets, every row says: what a row leaves empty is NULL, as in the session.
    columns = dict.fromkeys(name for row in rows for name in vars(row) if name != "_sa_instance_state")
    values = [{name: getattr(row, name) for name in columns} for row in rows]
    session.execute(_insert_into(type(rows[0])), values)


@cache
def _insert_into(table: type[Table]) -> Insert:
    """Give the plain statement, which takes the rows of all sorts at once."""
    return insert(plain_table(table))


def open_database(url: str, *, longest_idle_s: int | None = None) -> Database:
    """Open the database at `url` (`sqlite:///…` or `postgresql+psycopg://…`).

    With `longest_idle_s` PostgreSQL ends a transaction in which nothing happened for so long: a process that
    was frozen in the middle gives back its locks.
    """
    engine = create_engine(
        url,
        pool_pre_ping=not url.startswith("sqlite"),
        hide_parameters=True,  # an error that is logged must not tell what was answered
        **_pool_options(url),
        **_session_options(url, longest_idle_s),
    )
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_sqlite_pragmas)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _prefer_indexes)
    return Database(engine)


def _pool_options(url: str) -> dict[str, Any]:
    in_memory = make_url(url).get_backend_name() == "sqlite" and make_url(url).database in {
        None,
        "",
        ":memory:",
    }
    return {} if in_memory else {"pool_size": 10, "max_overflow": 20, "pool_timeout": 30}


def _session_options(url: str, longest_idle_s: int | None) -> dict[str, Any]:
    if longest_idle_s is None or url.startswith("sqlite"):
        return {}
    setting = f"-c idle_in_transaction_session_timeout={longest_idle_s * 1000}"
    return {"connect_args": {"options": setting}}


def _set_sqlite_pragmas(connection: Any, _record: object) -> None:  # noqa: ANN401 -- the driver's own object
    """Make every acknowledged commit survive a power cut, and let the app decide when to BEGIN."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        # Without it INSERT OR REPLACE deletes the row in its way past the triggers that refuse a deletion.
        "recursive_triggers = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prefer_indexes(connection: Any, _record: object) -> None:  # noqa: ANN401 -- the driver's own object
    """Tell PostgreSQL that what an index leads to costs about as much as what lies beside it.

    Its own guess is that of a spinning disk, four times as much: for the forms of one site it would read
    those of the whole trial.
    """
    connection.execute("SET random_page_cost = 1.1")
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at BEGIN in writing transactions, so that none fails half-way as busy."""
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
