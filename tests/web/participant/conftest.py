"""The app with one participant who has a card; built once, copied for every test."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import TEST_SECRET
from flask import Flask
from flask.testing import FlaskClient
from participant_world import World, activate, build_world

from pro_app.contacts.vault import ContactVault
from pro_app.storage.database import open_database


@pytest.fixture(scope="session")
def built_world(
    sqlite_template: Path, contacts_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, World]:
    """Enrol one participant and print the card, in files of their own."""
    folder = tmp_path_factory.mktemp("world")
    shutil.copy(sqlite_template, folder / "main.sqlite")
    shutil.copy(contacts_template, folder / "contacts.sqlite")
    database = open_database(f"sqlite:///{folder / 'main.sqlite'}")
    contacts = open_database(f"sqlite:///{folder / 'contacts.sqlite'}")
    world = build_world(database, ContactVault(contacts, TEST_SECRET))
    for store in (database, contacts):
        with store.engine.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        store.engine.dispose()
    return folder, world


@pytest.fixture
def sqlite_url(built_world: tuple[Path, World], tmp_path: Path) -> str:
    """Give the address of a copy of the world."""
    shutil.copy(built_world[0] / "main.sqlite", tmp_path / "main.sqlite")
    return f"sqlite:///{tmp_path / 'main.sqlite'}"


@pytest.fixture
def contacts_url(built_world: tuple[Path, World], tmp_path: Path) -> str:
    """Give the address of a copy of its contacts."""
    shutil.copy(built_world[0] / "contacts.sqlite", tmp_path / "contacts.sqlite")
    return f"sqlite:///{tmp_path / 'contacts.sqlite'}"


@pytest.fixture
def world(app: Flask, built_world: tuple[Path, World]) -> World:
    """Give the participant and the card in this test's own copy."""
    parts = app.extensions["pro_app"]
    known = built_world[1]
    return replace(known, clinic=replace(known.clinic, database=parts.database, vault=parts.vault))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Give a browser that nobody used yet."""
    return app.test_client()


@pytest.fixture
def signed_in(client: FlaskClient, world: World) -> FlaskClient:
    """Give a browser in which the participant has just activated the card."""
    assert activate(client, world.card).headers["Location"] == "/p/home"
    return client
