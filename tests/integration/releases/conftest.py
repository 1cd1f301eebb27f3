"""A clinic on each database, and a folder for its releases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from clinic_world import build_clinic
from conftest import TEST_SECRET
from making_world import MakingWorld

from pro_app.contacts.vault import ContactVault
from pro_app.storage.database import Database, open_database


@pytest.fixture
def vault(contacts_url: str) -> Iterator[ContactVault]:
    """Open a fresh contact vault."""
    opened = ContactVault(open_database(contacts_url), TEST_SECRET)
    yield opened
    opened.database.engine.dispose()


@pytest.fixture
def sqlite_world(sqlite_url: str, vault: ContactVault, tmp_path: Path) -> Iterator[MakingWorld]:
    """Load the same on SQLite alone, for tests of what does not depend on the database."""
    database = open_database(sqlite_url)
    yield MakingWorld(build_clinic(database, vault), tmp_path / "releases")
    database.engine.dispose()


@pytest.fixture
def world(database: Database, vault: ContactVault, tmp_path: Path) -> MakingWorld:
    """Load the study, two sites and their staff."""
    return MakingWorld(build_clinic(database, vault), tmp_path / "releases")
