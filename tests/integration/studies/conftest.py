"""The clinic on each database, and its contact vault."""

from collections.abc import Iterator

import pytest
from clinic_world import Clinic, build_clinic
from conftest import TEST_SECRET

from pro_app.contacts.vault import ContactVault
from pro_app.storage.database import Database, open_database


@pytest.fixture
def vault(contacts_url: str) -> Iterator[ContactVault]:
    """Open a fresh contact vault."""
    opened = ContactVault(open_database(contacts_url), TEST_SECRET)
    yield opened
    opened.database.engine.dispose()


@pytest.fixture
def clinic(database: Database, vault: ContactVault) -> Clinic:
    """Load the study, two sites and their staff."""
    return build_clinic(database, vault)
