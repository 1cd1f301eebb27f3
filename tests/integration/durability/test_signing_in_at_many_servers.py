"""Two servers on one database: a card is used once, and who guesses waits at both, also after a restart."""

import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, OpenerDirector, build_opener

import pytest
from conftest import NOW, TEST_SECRET
from file_clock import FileClock
from participant_world import PIN, World, build_world
from server_process import ServerProcess

from pro_app.app import create_app
from pro_app.contacts.vault import ContactVault
from pro_app.services.participant_sign_in import activate_card
from pro_app.services.throttle import FREE_TRIES
from pro_app.settings import Settings
from pro_app.storage.database import open_database
from pro_app.storage.tables.audit_trail import AuditEntry
from pro_app.storage.tables.credentials import Device

AT_ONCE = 20
GUESSES = 16
LONGEST_WAIT = timedelta(minutes=15)


class _StayHere(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow nothing: where a page leads is what is looked at."""


class Browser:
    """A browser of one person at one server, with cookies and without scripts."""

    def __init__(self, port: int) -> None:
        self._root = f"http://127.0.0.1:{port}"
        self._opener: OpenerDirector = build_opener(HTTPCookieProcessor(CookieJar()), _StayHere)
        self._token = ""

    def send(self, path: str, said: Mapping[str, str] | None = None) -> int:
        """Load a page, or send what is said to it; gives the status."""
        data = urlencode({**said, "csrf_token": self._token}).encode() if said is not None else None
        try:
            with self._opener.open(self._root + path, data, timeout=60) as answer:
                status, text = answer.status, answer.read().decode()
        except HTTPError as refused:
            with refused:
                status, text = refused.code, refused.read().decode()
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', text)
        self._token = found[1] if found else self._token
        return int(status)


@dataclass(frozen=True)
class Installation:
    """Two servers of one process each, the clock of all of them, and the participant."""

    servers: Sequence[ServerProcess]
    clock: FileClock
    world: World

    def browsers(self, number: int) -> list[Browser]:
        """Give browsers, at the servers in turn."""
        return [Browser(self.servers[n % 2].port) for n in range(number)]


@pytest.fixture
def place(installation: Settings, tmp_path: Path) -> Iterator[Installation]:
    """Start both servers on a database with one participant and a card."""
    database = open_database(installation.database_url)
    vault = ContactVault(open_database(installation.contacts_database_url), TEST_SECRET)
    clock = FileClock(tmp_path / "clock")
    clock.set(NOW)
    make_app = partial(create_app, installation, clock=clock)
    servers = tuple(ServerProcess(make_app, tmp_path / f"{n}.log", workers=1) for n in "12")
    try:
        world = build_world(database, vault)
        for server in servers:
            server.start()
        yield Installation(servers, clock, world)
    finally:
        for server in servers:
            server.kill()
        for store in (database, vault.database):
            store.engine.dispose()


def test_of_twenty_browsers_that_use_one_card_at_once_one_gets_in(place: Installation) -> None:
    browsers = place.browsers(AT_ONCE)
    card = place.world.card.token
    for browser in browsers:
        browser.send("/p/activate")
    begin = threading.Barrier(AT_ONCE)

    def use(number: int) -> int:
        pin = f"4829{number + 10}"
        begin.wait()
        return browsers[number].send("/p/activate", {"card": card, "pin": pin, "again": pin})

    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = Counter(pool.map(use, range(AT_ONCE)))
    assert outcomes[302] == 1
    assert set(outcomes) <= {302, 403, 429}
    with place.world.database.reading() as session:
        assert session.query(Device).count() == 1
        assert session.query(AuditEntry).filter_by(action="card.activate").count() == 1
    assert card not in "".join(server.log.read_text(encoding="utf-8") for server in place.servers)


def test_who_guesses_at_both_servers_waits_at_both_also_after_a_restart_and_never_for_good(
    place: Installation,
) -> None:
    code = place.world.card.sign_in_code
    _activate(place)
    browsers = place.browsers(GUESSES)
    for browser in browsers:
        browser.send("/p/sign-in")

    def guess(number: int) -> int:
        said = {"sign_in_code": code, "pin": f"1119{number + 10}"}
        return browsers[number].send("/p/sign-in", said)

    with ThreadPoolExecutor(4) as pool:
        outcomes = Counter(pool.map(guess, range(GUESSES)))
    assert outcomes == {403: FREE_TRIES, 429: GUESSES - FREE_TRIES}

    for server in place.servers:
        server.kill()
        server.start()
    right = {"sign_in_code": code, "pin": PIN}
    assert [browser.send("/p/sign-in", right) for browser in browsers[:2]] == [429, 429]
    place.clock.set(NOW + LONGEST_WAIT)
    assert browsers[1].send("/p/sign-in", right) == 302


def _activate(place: Installation) -> None:
    with place.world.database.writing() as session:
        activate_card(
            session,
            token_or_code=place.world.card.token,
            pin=PIN,
            device_label="iPhone",
            secret_key=TEST_SECRET,
            now=NOW,
        )
