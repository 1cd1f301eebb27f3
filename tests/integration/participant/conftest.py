"""One participant with a printed card on each of the two kinds of database."""

import pytest
from conftest import TEST_SECRET
from participant_world import World, build_world

from pro_app.contacts.vault import ContactVault
from pro_app.storage.database import Database, open_database


@pytest.fixture
def world(database: Database, contacts_url: str) -> World:
    """Enrol one participant and print the card."""
    return build_world(database, ContactVault(open_database(contacts_url), TEST_SECRET))
