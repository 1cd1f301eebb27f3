"""One server and one Chromium for all journeys; without a Chromium they fail."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from conftest import TEST_SECRET
from journey_world import Installation
from journeys.install_chromium import find_chromium
from playwright.sync_api import Browser, sync_playwright
from server_process import ServerProcess

from pro_app.app import create_app
from pro_app.contacts.vault import ContactVault
from pro_app.reminders.channels.push import make_private_key
from pro_app.settings import Settings
from pro_app.storage.database import open_database

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the machine's Chromium; a journey without one is a failure and no skip."""
    path = find_chromium()
    if path is None:
        pytest.fail("The browser journeys need Chromium; `make chromium` installs it.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def settings(
    sqlite_template: Path, contacts_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """Serve a fresh installation on SQLite, over plain HTTP, mailing into a folder; gives its settings."""
    folder = tmp_path_factory.mktemp("installation")
    shutil.copy(sqlite_template, folder / "main.sqlite")
    shutil.copy(contacts_template, folder / "contacts.sqlite")
    settings = Settings(
        database_url=f"sqlite:///{folder / 'main.sqlite'}",
        contacts_database_url=f"sqlite:///{folder / 'contacts.sqlite'}",
        secret_key=TEST_SECRET,
        contacts_key=TEST_SECRET,
        mail_url=f"maildir:{folder / 'mail'}",
        mail_sender="ne-pas-repondre@test.invalid",
        public_url="",
        secure_cookies=False,
        data_folder=folder,
        push_private_key=make_private_key(),
        push_contact="mailto:suivi@test.invalid",
    )
    server = ServerProcess(partial(create_app, settings), folder / "server.log")
    settings = replace(settings, public_url=f"http://127.0.0.1:{server.port}")
    server.make_app = partial(create_app, settings)
    server.start()
    yield settings
    server.stop()


@pytest.fixture(scope="session")
def installation(settings: Settings, browser: Browser) -> Iterator[Installation]:
    """Give the server with its study, one site, a nurse and a statistician."""
    database = open_database(settings.database_url)
    vault_database = open_database(settings.contacts_database_url)
    vault = ContactVault(vault_database, settings.contacts_key)
    made = Installation(settings, database, vault, browser)
    made.add_people()
    yield made
    database.engine.dispose()
    vault_database.engine.dispose()
