"""A patient whose questionnaire came back on paper, on each database."""

from collections.abc import Iterator

import pytest
from clinic_world import build_clinic
from conftest import TEST_SECRET
from paper_world import PaperWorld, build_paper_world

from pro_app.contacts.vault import ContactVault
from pro_app.storage.database import Database, open_database


@pytest.fixture
def vault(contacts_url: str) -> Iterator[ContactVault]:
    """Open a fresh contact vault."""
    opened = ContactVault(open_database(contacts_url), TEST_SECRET)
    yield opened
    opened.database.engine.dispose()


@pytest.fixture
def world(database: Database, vault: ContactVault) -> PaperWorld:
    """Enrol a patient at a clinic with two nurses at one site."""
    return build_paper_world(build_clinic(database, vault))
