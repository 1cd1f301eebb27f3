"""What a static file says of itself: what means something there, and nothing else."""

import re

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pro_app.web.assets import STATIC
from pro_app.web.security_headers import HEADERS

NAMED = {"Content-Type", "Content-Length", "Content-Encoding", "Vary", "Date", "Accept-Ranges"}
"""What every reply over HTTP carries by itself."""


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Give a browser that nobody used yet."""
    return app.test_client()


def load(client: FlaskClient, address: str, **given: str) -> TestResponse:
    """Load a file whole, and close it."""
    with client.get(address, headers=given) as reply:
        assert reply.status_code in (200, 304), address
        assert reply.data or reply.status_code == 304
        return reply


def list_files(client: FlaskClient) -> list[str]:
    """List what the first page and its style sheet refer to."""
    page = load(client, "/").text
    found = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    style = next(address for address in found if "base.css" in address)
    fonts = re.findall(r"url\([\"']?([^)\"']+woff2)", load(client, style).text)
    return [*found, *(f"/static/fonts/{font.rpartition('/')[2]}" for font in fonts)]


def test_parts_of_a_page_carry_only_the_headers_that_mean_something_there(client: FlaskClient) -> None:
    files = [address for address in list_files(client) if ".svg" not in address]
    assert {name.partition("?")[0].rpartition(".")[2] for name in files} == {
        "css", "woff2", "png", "webmanifest",
    }  # fmt: skip
    for address in files:
        headers = load(client, address).headers
        assert set(headers.keys()) - NAMED == {
            "X-Content-Type-Options", "Cross-Origin-Resource-Policy", "Cache-Control", "ETag",
        }, address  # fmt: skip
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "max-age=31536000" in headers["Cache-Control"]


def test_what_can_be_opened_by_itself_carries_every_header(client: FlaskClient) -> None:
    picture = next(address for address in list_files(client) if ".svg" in address)
    for address in (picture, "/", "/sw.js"):
        headers = load(client, address).headers
        assert {name: headers.get(name) for name in HEADERS} == HEADERS, address
    assert load(client, "/").headers["Cache-Control"] == "no-store"
    assert load(client, "/sw.js").headers["Cache-Control"] == "no-store"


def test_a_script_of_a_page_is_a_part_of_it(client: FlaskClient) -> None:
    headers = load(client, "/static/js/questionnaire.js").headers
    assert "Content-Security-Policy" not in headers
    assert headers["Content-Type"].startswith("text/javascript")


@pytest.mark.parametrize("packing", ["br", ""])
def test_a_browser_that_has_a_file_is_told_so_by_its_mark(client: FlaskClient, packing: str) -> None:
    asked = {"Accept-Encoding": packing}
    address = "/static/css/base.css"
    reply = load(client, address, **asked)
    assert reply.headers.get("Content-Encoding", "") == packing
    mark = reply.headers["ETag"]
    assert load(client, address, **asked, **{"If-None-Match": mark}).status_code == 304


def test_a_file_is_packed_as_tightly_as_can_be_and_is_still_the_same(client: FlaskClient) -> None:
    for path in ("js/questionnaire.js", "css/patient.css"):
        content = (STATIC / path).read_bytes()
        reply = load(client, f"/static/{path}", **{"Accept-Encoding": "gzip, br"})
        assert brotli.decompress(reply.data) == content
        assert len(reply.data) == len(brotli.compress(content, quality=11))
        assert "Accept-Encoding" in reply.headers["Vary"]
        assert load(client, f"/static/{path}").data == content


def test_a_part_of_a_file_and_a_font_are_left_as_they_are(client: FlaskClient) -> None:
    asked = {"Accept-Encoding": "br"}
    with client.get("/static/js/queue.js", headers=asked | {"Range": "bytes=0-9"}) as reply:
        assert (reply.status_code, len(reply.data)) == (206, 10)
        assert "Content-Encoding" not in reply.headers
    font = "fonts/atkinson-hyperlegible-400.woff2"
    assert load(client, f"/static/{font}", **asked).data == (STATIC / font).read_bytes()
