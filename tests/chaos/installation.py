"""The real server on a real database, people with a questionnaire to answer, and a hand that kills it."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random

import builders
from flask import Flask
from server_process import ServerProcess
from sqlalchemy import update
from tiny_study import write_tiny_study

from pro_app.app import create_app
from pro_app.audit.actor import Actor
from pro_app.clock import system_clock
from pro_app.services.participant_sign_in import sign_in
from pro_app.services.pin_proofs import prove_pin_with_code
from pro_app.services.studies import load_study
from pro_app.settings import Settings
from pro_app.storage.database import open_database
from pro_app.storage.migrate import Store, migrate
from pro_app.storage.queries.assessments import list_assessments
from pro_app.storage.tables.sessions import ParticipantSession
from pro_app.web.request import Parts

SECRET = "a secret of the chaos only, long enough for the app"
FEWEST_REQUESTS, MOST_REQUESTS = 100, 500


@dataclass(frozen=True, slots=True)
class Person:
    """A participant with a questionnaire: the cookies of each of two phones, session and device."""

    participant_id: int
    assessment_id: int
    phones: tuple[tuple[str, str], ...]


@dataclass
class Installation:
    """The server and what it stores; `kills` counts how often it was killed."""

    settings: Settings
    app: Flask
    server: ServerProcess
    sites: dict[str, tuple[int, Actor]]
    kills: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _writing: threading.Lock = field(default_factory=threading.Lock)
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 1_000_000)))

    @property
    def parts(self) -> Parts:
        """Give the stores of the installation."""
        found = self.app.extensions["pro_app"]
        assert isinstance(found, Parts)
        return found

    @property
    def file(self) -> Path:
        """Give the file of the main store."""
        return Path(self.settings.database_url.removeprefix("sqlite:///"))

    def add_person(self, study: str, *, phones: int) -> Person:
        """Enrol somebody by the services and sign in as many phones, each remembered."""
        site_id, nurse = self.sites[study]
        database, now = self.parts.database, system_clock()
        number = next(self._numbers)
        with self._writing:
            participant_id = builders.enrol(
                database,
                self.parts.vault,
                site_id=site_id,
                actor=nurse,
                now=now,
                participant_code=f"{15 + number // 9000}-{number % 9000 + 1000}",
            )
            card = builders.build_card(database, participant_id, secret_key=SECRET, actor=nurse, now=now)
        signed_in = [builders.build_device(database, card, secret_key=SECRET, now=now)]
        for _ in range(1, phones):
            proof = prove_pin_with_code(
                database, sign_in_code=card.sign_in_code, pin=builders.PIN, secret_key=SECRET
            )
            with database.writing() as session:
                signed_in.append(sign_in(session, proof, now=now, remember=True, device_label="Second"))
        cookies = tuple(
            (builders.signed_cookie(self.app, new.session_token), new.device_secret or "")
            for new in signed_in
        )
        with database.reading() as session:
            found = list_assessments(session, participant_id=participant_id)
        open_ones = [each.assessment_id for each in found if each.is_answerable(now)]
        return Person(participant_id, open_ones[0], cookies)

    def expire_sessions(self, participant_id: int) -> None:
        """Let a participant's sessions look as if nothing had been done in them for a day."""
        with self.parts.database.writing() as session:
            session.execute(
                update(ParticipantSession)
                .where(ParticipantSession.participant_id == participant_id)
                .values(seen_at=system_clock() - timedelta(days=1))
            )

    def look(self) -> sqlite3.Connection:
        """Open the main store past the app, only to read; close it soon."""
        return sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=30)

    async def keep_killing(self, random: Random, count_requests: Callable[[], int]) -> None:
        """Kill the server at random moments and start it again, until it is over.

        Lives are counted in requests, so that a slow machine does not spend its time with starting.
        """
        last = random.randint(FEWEST_REQUESTS // 4, FEWEST_REQUESTS)
        while not self.over.is_set():
            if count_requests() < last:
                await asyncio.sleep(random.uniform(0.001, 0.03))
                continue
            await asyncio.to_thread(self.server.kill)
            await asyncio.to_thread(self.server.start)
            self.kills += 1
            last = count_requests() + random.randint(FEWEST_REQUESTS, MOST_REQUESTS)


@contextmanager
def open_installation(folder: Path, *, public_port: int) -> Iterator[Installation]:
    """Make an installation in `folder` whose phones see it on `public_port`, and serve it on another one."""
    settings = Settings(
        database_url=f"sqlite:///{folder / 'main.sqlite'}",
        contacts_database_url=f"sqlite:///{folder / 'contacts.sqlite'}",
        secret_key=SECRET,
        contacts_key=SECRET,
        mail_url=f"maildir:{folder / 'mail'}",
        mail_sender="ne-pas-repondre@test.invalid",
        public_url=f"http://127.0.0.1:{public_port}",
        secure_cookies=False,
        data_folder=folder,
        trusted_proxies=1,
    )
    stores: tuple[tuple[Store, str], ...] = (
        ("main", settings.database_url),
        ("contacts", settings.contacts_database_url),
    )
    for store, url in stores:
        database = open_database(url)
        migrate(database, store)
        database.engine.dispose()
    app = create_app(settings)
    server = ServerProcess(partial(create_app, settings), folder / "server.log")
    server.start()
    try:
        made = Installation(settings, app, server, {})
        made.sites = dict(_add_sites(made, folder))
        yield made
        made.parts.database.engine.dispose()
        made.parts.vault.database.engine.dispose()
    finally:
        server.kill()


def _add_sites(made: Installation, folder: Path) -> Iterator[tuple[str, tuple[int, Actor]]]:
    """Load the first trial and a study with four questions, each with a site and its nurse."""
    database, now = made.parts.database, system_clock()
    with database.writing() as session:
        tiny = load_study(session, protocol_path=write_tiny_study(folder), actor=builders.SETUP, now=now).id
    real = builders.build_study(database, now=now)
    for name, study_id in (("real", real), ("tiny", tiny)):
        site_id = builders.build_site(database, study_id=study_id, now=now)
        nurse = builders.build_staff(database, "nurse", study_id=study_id, site_id=site_id, now=now)
        yield name, (site_id, replace(nurse, request_id="chaos"))
