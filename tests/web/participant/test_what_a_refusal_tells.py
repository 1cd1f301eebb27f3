"""Who guesses learns nothing: the same words, the same status, the same work; and nobody waits for it."""

import re
from collections.abc import Callable, Iterator

import pytest
from conftest import NOW
from flask import Flask
from flask.testing import FlaskClient
from participant_world import PIN, World, activate, post
from sqlalchemy import update
from watched_hashes import WatchedHasher, watch_hashes
from werkzeug.test import TestResponse

from pro_app.storage.tables.credentials import Device

SAMPLES = 25
LARGEST_DIFFERENCE = 0.25


@pytest.fixture
def hasher(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[WatchedHasher]:
    """Watch the hashes of one test."""
    with watch_hashes(sqlite_url, monkeypatch) as watched:
        yield watched


@pytest.fixture
def phone(app: Flask, world: World) -> FlaskClient:
    """Give the remembered phone of the participant, signed out."""
    made = app.test_client()
    activate(made, world.card)
    post(made, made.get("/p/home"), {}, to="/p/sign-out")
    return made


def code_and_pin(browser: FlaskClient, code: str, pin: str) -> TestResponse:
    return post(browser, browser.get("/p/sign-in"), {"sign_in_code": code, "pin": pin})


def forgotten_pin(browser: FlaskClient, code: str, digits: str) -> TestResponse:
    page = post(browser, browser.get("/p/forgotten-pin"), {"sign_in_code": code})
    return post(browser, page, {"code": digits, "pin": "730184", "again": "730184"}, to="/p/new-pin")


@pytest.mark.parametrize(("attempt", "typed"), [(code_and_pin, "999111"), (forgotten_pin, "1234 5678")])
@pytest.mark.usefixtures("phone")
def test_a_known_and_an_unknown_code_get_the_same_page_after_the_same_work(  # noqa: PLR0917 -- fixtures
    app: Flask,
    world: World,
    hasher: WatchedHasher,
    attempt: Callable[..., TestResponse],
    typed: str,
) -> None:
    never_used = world.enrol_another().card.sign_in_code
    hasher.asked, seen = 0, []
    for code in (world.card.sign_in_code, never_used, "7777777777"):
        before = hasher.asked
        page = attempt(app.test_client(), code, typed)
        seen.append((page.status_code, _without_secrets(page.text, code), hasher.asked - before))
    assert len(set(seen)) == 1
    assert (seen[0][0], seen[0][2]) == (403, 1)


def test_a_pin_costs_the_same_on_a_known_a_revoked_and_an_unknown_phone(
    phone: FlaskClient, world: World, hasher: WatchedHasher
) -> None:
    page = phone.get("/p/pin")
    seen = []
    for pin, phone_is in (("999111", "known"), (PIN, "revoked"), (PIN, "unknown")):
        if phone_is == "revoked":
            with world.database.writing() as session:
                session.execute(update(Device).values(revoked_at=NOW))
        elif phone_is == "unknown":
            phone.set_cookie("device", "no such device")
        before = hasher.asked
        refused = post(phone, page, {"pin": pin})
        told = _without_secrets(refused.text, "").partition("<main")[2].partition("</form>")[0]
        seen.append((refused.status_code, told, hasher.asked - before))
    assert len(set(seen)) == 1
    assert (seen[0][0], seen[0][2]) == (403, 1)


def test_a_card_that_is_no_card_costs_as_much_as_a_used_one(
    app: Flask, world: World, hasher: WatchedHasher
) -> None:
    slow, late = app.test_client(), world.card
    choose = post(slow, slow.get("/p/activate"), {"code": late.short_code})
    activate(app.test_client(), late)
    hasher.asked, seen = 0, []
    for card in (late.short_code, "0000000000"):
        before = hasher.asked
        page = post(slow, choose, {"card": card, "pin": "592814", "again": "592814"})
        seen.append((page.status_code, _without_secrets(page.text, card), hasher.asked - before))
    assert seen[0] == seen[1]
    assert seen[0][2] == 1


def test_others_can_write_while_a_secret_is_hashed(  # noqa: PLR0917 -- fixtures
    phone: FlaskClient, app: Flask, world: World, hasher: WatchedHasher
) -> None:
    """The hasher itself tries, at each hash, and fails the request where it cannot."""
    hasher.asked = 0
    assert post(phone, phone.get("/p/pin"), {"pin": PIN}).status_code == 302
    assert code_and_pin(app.test_client(), world.card.sign_in_code, PIN).status_code == 302
    assert forgotten_pin(app.test_client(), world.card.sign_in_code, "1234 5678").status_code == 403
    assert activate(app.test_client(), world.print_card()).status_code == 302
    assert hasher.asked == 4


def _without_secrets(html: str, code: str) -> str:
    return re.sub(r'name="csrf_token"[^>]*>', "", html).replace(code or "CODE", "CODE")
