"""The clinic on each database, its contact vault, and two people who decide about wording."""

from collections.abc import Iterator

import pytest
from builders import build_staff
from clinic_world import Clinic, build_clinic, noon
from conftest import NOW, TEST_SECRET

from pro_app.audit.actor import Actor
from pro_app.contacts.vault import ContactVault
from pro_app.storage.database import Database, open_database

__all__ = ["noon"]


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


@pytest.fixture
def people(database: Database, clinic: Clinic) -> tuple[Actor, Actor]:
    """Give the coordinator and an administrator."""
    administrator = build_staff(
        database, "administrator", username="a.admin", study_id=clinic.study_id, now=NOW
    )
    return clinic.coordinator, administrator
