"""One server and one Chromium for all journeys; without a Chromium they fail."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from journey_world import LONGEST_WAIT_MS, Installation, open_installation, serve_folder
from journeys.install_chromium import find_chromium
from playwright.sync_api import Browser, expect, sync_playwright

from pro_app.settings import Settings

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
    expect.set_options(timeout=LONGEST_WAIT_MS)
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
    with serve_folder(folder) as settings:
        yield settings


@pytest.fixture(scope="session")
def installation(settings: Settings, browser: Browser) -> Iterator[Installation]:
    """Give the server with its study, one site, a nurse and a statistician."""
    with open_installation(settings, browser) as made:
        yield made
