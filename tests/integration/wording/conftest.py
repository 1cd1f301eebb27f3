"""The clinic on each database, its contact vault, and two people who decide about wording."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from builders import build_staff
from clinic_world import Clinic, build_clinic, noon
from conftest import NOW, TEST_SECRET

from pro_app.audit.actor import Actor
from pro_app.contacts.vault import ContactVault
from pro_app.protocol.rules import DataProtection, Label, ParticipantPages
from pro_app.services.protocol_versions import find_version_in_force
from pro_app.storage.catalogue import known_protocols, load_protocol
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


@pytest.fixture
def told(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the protocol tell patients everything about their data, as a file for production would."""
    said = {name: Label({"fr": name}) for name in DataProtection().unsaid}
    pages = ParticipantPages(data_protection=DataProtection(**said))
    with clinic.database.reading() as session:
        sha256 = find_version_in_force(session, clinic.study_id).sha256
        protocol = load_protocol(session, sha256)
    monkeypatch.setitem(known_protocols, sha256, replace(protocol, participant_pages=pages))
