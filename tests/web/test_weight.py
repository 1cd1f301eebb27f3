"""What the questionnaire weighs over real HTTP, compressed, as a phone loads it."""

import http.client
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urljoin

import brotli
import builders
import pytest
from durable_world import build_durable_world
from server_process import ServerProcess

from pro_app.app import create_app
from pro_app.clock import system_clock
from pro_app.settings import Settings
from pro_app.storage.queries.assessments import list_assessments

KILOBYTE = 1000
FIRST_LOAD = 45 * KILOBYTE
WITH_OFFLINE = 59 * KILOBYTE
"""The first load with all that the phone keeps for times without a network."""
LATER_STEP = 3 * KILOBYTE
SCRIPTS = 20 * KILOBYTE
"""All scripts of the questionnaire on the wire, with their headers, the service worker included."""
LISTENING = 2 * KILOBYTE
"""What reading aloud adds for those who turned it on."""


class Phone:
    """Loads a page with all that belongs to it, over one connection, keeping what it has loaded."""

    def __init__(self, port: int, cookie: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self._headers = {"Cookie": cookie, "Accept-Encoding": "br, gzip"}
        self._kept: set[str] = set()

    def load(self, path: str) -> dict[str, int]:
        """Load a page and what it refers to; gives the bytes on the wire, headers included, by address."""
        weights: dict[str, int] = {}
        waiting = [path]
        while waiting:
            address = waiting.pop()
            if address in self._kept:
                continue
            weights[address], text = self._fetch(address)
            waiting += [urljoin(address, found) for found in _references(text)]
            if address.startswith("/static/"):
                self._kept.add(address)
        return weights

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _fetch(self, address: str) -> tuple[int, str]:
        self._connection.request("GET", address, headers=self._headers)
        reply = self._connection.getresponse()
        body = reply.read()
        assert reply.status == 200, address
        if reply.headers["Content-Type"].startswith("text/"):
            assert reply.headers["Content-Encoding"] == "br", address
        return len(str(reply.headers)) + len(body), _readable(reply, body)


def _readable(reply: http.client.HTTPResponse, body: bytes) -> str:
    if reply.headers["Content-Encoding"] == "br":
        return str(brotli.decompress(body).decode())
    return ""


def _references(text: str) -> list[str]:
    """List what a page or a style sheet makes the browser load."""
    links = re.findall(r'<(?:link|script|img)[^>]+(?:href|src)="([^"]+)"', text)
    return links + re.findall(r"url\([\"']?([^)\"']+)[\"']?\)", text)


@pytest.fixture
def weights(settings: Settings, tmp_path: Path) -> Iterator[list[dict[str, int]]]:
    """Load one item with what the phone keeps for offline, then two others, then what reads aloud.

    It comes from the real server, on a phone that starts from nothing; the others come as without scripts.
    """
    server = ServerProcess(partial(create_app, settings), tmp_path / "server.log", workers=1)
    world = build_durable_world(create_app(settings), server)
    (participant_id,) = world.enrol(1)
    token = builders.build_session(world.database, participant_id, now=system_clock())
    with world.database.reading() as session:
        (assessment,) = list_assessments(session, participant_id=participant_id)
    server.start()
    phone = Phone(server.port, f"participant={builders.signed_cookie(world.app, token)}")
    address = f"/p/q/{assessment.assessment_id}"
    first = phone.load(f"{address}/2")
    offline: dict[str, int] = {}
    for path in (f"{address}/whole", f"{address}/answers", "/p/sync", "/p/offline", "/sw.js"):
        offline |= phone.load(path)
    steps = [phone.load(f"{address}/{number}") for number in (3, 32)]
    yield [first, offline, *steps, phone.load("/static/js/listen.js")]
    phone.close()
    server.kill()
    world.close()


def test_the_first_load_of_the_questionnaire_is_light(weights: list[dict[str, int]]) -> None:
    first = weights[0]
    assert any("fonts" in address for address in first)
    assert sum(first.values()) <= FIRST_LOAD, first


def test_what_the_phone_keeps_for_times_without_a_network_is_light_too(
    weights: list[dict[str, int]],
) -> None:
    together = weights[0] | weights[1]
    assert any("whole" in address for address in weights[1])
    assert sum(together.values()) <= WITH_OFFLINE, together


def test_a_later_step_is_lighter_still(weights: list[dict[str, int]]) -> None:
    for step in weights[2:-1]:
        assert len(step) == 1
        assert sum(step.values()) <= LATER_STEP, step


def test_all_scripts_of_the_questionnaire_together_are_light(weights: list[dict[str, int]]) -> None:
    loaded = weights[0] | weights[1]
    scripts = {
        address: weight for address, weight in loaded.items() if "/js/" in address or address == "/sw.js"
    }
    assert len(scripts) == 6
    assert sum(scripts.values()) <= SCRIPTS, scripts


def test_what_reads_aloud_comes_only_where_it_is_wanted_and_is_light(weights: list[dict[str, int]]) -> None:
    *before, listening = weights
    assert not any("listen.js" in address for loaded in before for address in loaded)
    assert sum(listening.values()) <= LISTENING, listening
