"""The app with a study and its staff in it, made once and copied for each test: hashing passwords is slow."""

import shutil
from pathlib import Path

import pytest
from flask import Flask
from staff_world import StaffWorld, build_staff_world

from pro_app.storage.database import Database, open_database


@pytest.fixture(scope="session")
def staffed_template(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, StaffWorld]:
    """Make one SQLite file with the study and its staff."""
    path = tmp_path_factory.mktemp("staffed") / "main.sqlite"
    shutil.copy(sqlite_template, path)
    database = open_database(f"sqlite:///{path}")
    world = build_staff_world(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.engine.dispose()
    return path, world


@pytest.fixture
def sqlite_url(staffed_template: tuple[Path, StaffWorld], tmp_path: Path) -> str:
    """Give the address of a fresh copy."""
    path = tmp_path / "main.sqlite"
    shutil.copy(staffed_template[0], path)
    return f"sqlite:///{path}"


@pytest.fixture
def world(staffed_template: tuple[Path, StaffWorld]) -> StaffWorld:
    """Give the keys of what is in it."""
    return staffed_template[1]


@pytest.fixture
def database(app: Flask) -> Database:
    """Give the database of the app under test."""
    found: Database = app.extensions["pro_app"].database
    return found
