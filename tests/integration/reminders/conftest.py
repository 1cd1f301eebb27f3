"""A clinic on each database, and a real SMTP server that answers as a test tells it to."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from clinic_world import Clinic, build_clinic
from conftest import TEST_SECRET
from reminders_world import AnyPortController, MailServer, Post

from pro_app.contacts.vault import ContactVault
from pro_app.reminders.channels.email import EmailChannel
from pro_app.reminders.dispatch import PostOffice
from pro_app.settings import Settings
from pro_app.storage.database import Database, open_database

SENDER = "ne-pas-repondre@example.org"


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """Start an SMTP server on a free loopback port."""
    handler = MailServer()
    handler.controller = AnyPortController(handler, hostname="127.0.0.1", port=0)
    handler.controller.start()
    yield handler
    handler.stop()


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
def office(clinic: Clinic, mail_server: MailServer) -> PostOffice:
    """Open a post office over the clinic's stores and the SMTP server."""
    return PostOffice(
        database=clinic.database,
        vault=clinic.vault,
        channels={"email": EmailChannel("127.0.0.1", mail_server.port, SENDER, timeout_s=5)},
        secret_key=TEST_SECRET,
        public_url="https://suivi.example.org",
        public_host="suivi.example.org",
    )


@pytest.fixture
def post(clinic: Clinic, office: PostOffice, mail_server: MailServer) -> Post:
    """Give a participant whose next message is the invitation to W08: 2 March 2026, 10:00 in Paris."""
    participant_id = clinic.enrol(date(2026, 1, 5))
    clinic.answer(participant_id, "BASELINE", date(2026, 1, 6))
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    return Post(clinic, office, mail_server, participant_id)


@pytest.fixture
def mailbox_folder(tmp_path: Path) -> Path:
    """Make an empty Maildir."""
    folder = tmp_path / "returned"
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True)
    return folder


@pytest.fixture
def reading(settings: Settings, mailbox_folder: Path) -> Settings:
    """Give the settings of an installation that reads this Maildir."""
    return replace(
        settings,
        secret_key=TEST_SECRET,
        inbox_url=f"maildir:{mailbox_folder}",
        mail_reply_address="retours@suivi.example.org",
    )
