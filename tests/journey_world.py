"""What the browser journeys run in: a real server on its own stores, staff who can sign in, and Chromium.

Every browser window is watched: an error in its console (a refused script or style is one), an error of a
script, a request to another host or an answer of 5xx fails the journey that opened the window.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import builders
from conftest import make_settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, WebError
from server_process import ServerProcess
from sqlalchemy import update

from pro_app.app import create_app
from pro_app.audit.actor import Actor
from pro_app.clock import civil_date, system_clock
from pro_app.contacts.vault import ContactVault
from pro_app.reminders.channels.push import make_private_key
from pro_app.services.cards import PrintedCard
from pro_app.settings import Settings
from pro_app.storage.database import Database, open_database
from pro_app.storage.tables.sessions import ParticipantSession

PHONE = {"width": 390, "height": 844}
SMALL_PHONE = {"width": 320, "height": 640}
DESK = {"width": 1280, "height": 800}
LONGEST_WAIT_MS = 15_000
"""Only what fails waits for so long; a busy machine may need half of it."""
SERVER_ERROR = 500
_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")
_numbers = count(1)


@dataclass
class Watch:
    """What went wrong in one browser window; `allowed_statuses` are refusals that the journey provokes."""

    host: str
    problems: list[str] = field(default_factory=list)
    allowed_statuses: set[int] = field(default_factory=set)

    def follow(self, context: BrowserContext) -> None:
        """Note everything that happens in the pages of `context` from now on."""
        context.on("console", self._note_message)
        context.on("weberror", self._note_error)
        context.on("request", self._note_request)
        context.on("response", self._note_response)

    def _note_message(self, message: ConsoleMessage) -> None:
        refused = _REFUSED.match(message.text)
        if message.type == "error" and not (refused and int(refused[1]) in self.allowed_statuses):
            self.problems.append(f"console: {message.text}")

    def _note_error(self, error: WebError) -> None:
        self.problems.append(f"script: {error.error}")

    def _note_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.netloc != self.host:
            self.problems.append(f"request to another host: {request.url}")

    def _note_response(self, response: Response) -> None:
        if response.status >= SERVER_ERROR:
            self.problems.append(f"status {response.status}: {response.url}")


@dataclass
class Installation:
    """One server with its stores, opened in this process too; a nurse and a statistician can sign in."""

    settings: Settings
    database: Database
    vault: ContactVault
    browser: Browser
    site_id: int = 0
    nurse: Actor | None = None

    @property
    def url(self) -> str:
        """The address of the server."""
        return self.settings.public_url

    def add_people(self) -> None:
        """Load the study, one site and its staff; the username of each account is the name of its role."""
        now = system_clock()
        study_id = builders.build_study(self.database, now=now)
        self.site_id = builders.build_site(self.database, study_id=study_id, now=now)
        for role, site_id in (("nurse", self.site_id), ("statistician", None)):
            actor = builders.build_staff(
                self.database, role, study_id=study_id, site_id=site_id, username=role, now=now
            )
            self.nurse = self.nurse or actor

    def enrol(self) -> PrintedCard:
        """Enrol a participant through the services and print the card."""
        assert self.nurse is not None
        now = system_clock()
        participant_id = builders.enrol(
            self.database, self.vault, site_id=self.site_id, actor=self.nurse, now=now
        )
        secret_key = self.settings.secret_key
        return builders.build_card(
            self.database, participant_id, secret_key=secret_key, actor=self.nurse, now=now
        )

    def expire_sessions(self, participant_id: int) -> None:
        """Let the participant's sessions look as if nothing had been done in them for a day."""
        long_ago = system_clock() - timedelta(days=1)
        with self.database.writing() as session:
            session.execute(
                update(ParticipantSession)
                .where(ParticipantSession.participant_id == participant_id)
                .values(seen_at=long_ago)
            )

    @contextmanager
    def open_window(self, *, watch: Watch | None = None, **options: object) -> Iterator[Page]:
        """Open a browser window with nothing remembered, in French; closing it fails on what went wrong.

        `options` are those of a Playwright context; `storage_state` brings back what a device remembers.
        """
        watch = watch or Watch(urlsplit(self.url).netloc)
        usual = {"base_url": self.url, "locale": "fr-FR", "timezone_id": "Europe/Paris"}
        context = self.browser.new_context(**usual | options)  # type: ignore[arg-type]  # a journey's own options
        context.set_default_timeout(LONGEST_WAIT_MS)
        watch.follow(context)
        try:
            yield context.new_page()
        finally:
            context.close()
        assert not watch.problems, "\n".join(watch.problems)

    def watch(self, *allowed_statuses: int) -> Watch:
        """Make a watch that takes these refusals for what the journey wants."""
        return Watch(urlsplit(self.url).netloc, allowed_statuses=set(allowed_statuses))


@contextmanager
def serve_folder(folder: Path, *, host: str = "127.0.0.1", **changes: Any) -> Iterator[Settings]:  # noqa: ANN401 -- any setting
    """Serve the migrated `main.sqlite` and `contacts.sqlite` of a folder over plain HTTP, mailing into it.

    `host` is another name of this machine, `changes` are settings other than the usual ones of the tests.
    """
    main, contacts = (f"sqlite:///{folder / f'{store}.sqlite'}" for store in ("main", "contacts"))
    settings = replace(
        make_settings(main, contacts, folder),
        push_private_key=make_private_key(),
        push_contact="mailto:suivi@test.invalid",
        **changes,
    )
    server = ServerProcess(partial(create_app, settings), folder / "server.log")
    settings = replace(settings, public_url=f"http://{host}:{server.port}")
    server.make_app = partial(create_app, settings)
    server.start()
    try:
        yield settings
    finally:
        server.stop()


@contextmanager
def open_installation(settings: Settings, browser: Browser) -> Iterator[Installation]:
    """Open what is served, with its study, one site, a nurse and a statistician."""
    database = open_database(settings.database_url)
    vault_database = open_database(settings.contacts_database_url)
    vault = ContactVault(vault_database, settings.contacts_key)
    made = Installation(settings, database, vault, browser)
    made.add_people()
    yield made
    database.engine.dispose()
    vault_database.engine.dispose()


def today() -> date:
    """Give today at the site."""
    return civil_date(system_clock(), builders.ZONE)


def new_participant_code() -> str:
    """Give an inclusion number that no other journey uses."""
    return f"15-8{next(_numbers):02}"
