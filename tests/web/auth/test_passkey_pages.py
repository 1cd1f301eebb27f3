import json
from dataclasses import replace
from datetime import timedelta

import pytest
from conftest import SettableClock
from flask import Flask
from flask.testing import FlaskClient
from passkey_world import SoftwareKey
from second_factor_world import App, set_up
from staff_world import PASSWORD, StaffWorld, csrf_token, sign_in
from werkzeug.test import TestResponse

from pro_app.settings import Settings

ORIGIN = "http://localhost"
PROVE = "/staff/second-factor/passkey"
ADD = "/staff/passkeys/new"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, second_factor="required")


@pytest.fixture
def nurse(app: Flask, world: StaffWorld, clock: SettableClock) -> FlaskClient:
    """Give the browser of a nurse who has set an app up and is signed in."""
    assert world
    client = app.test_client()
    assert isinstance(set_up(client, "nurse", clock.now), App)
    return client


def post(client: FlaskClient, path: str, page: str = "/staff/account", **data: str) -> TestResponse:
    return client.post(path, data={"csrf_token": csrf_token(client, page), **data})


def add(client: FlaskClient, key: SoftwareKey) -> TestResponse:
    options = post(client, "/staff/passkeys/options", current_password=PASSWORD)
    assert (options.status_code, options.mimetype) == (200, "application/json")
    return post(client, ADD, label="Clé <bleue>", answer=key.make(options.text, origin=ORIGIN))


def go_half(app: Flask) -> FlaskClient:
    client = app.test_client()
    assert sign_in(client, "nurse") == 302
    return client


def prove(client: FlaskClient, key: SoftwareKey, *, origin: str = ORIGIN) -> TestResponse:
    page = "/staff/second-factor"
    options = post(client, f"{PROVE}/options", page)
    return post(client, PROVE, page, answer=key.sign(options.text, origin=origin))


def test_a_passkey_opens_the_next_sign_in_and_another_cookie_begins(app: Flask, nurse: FlaskClient) -> None:
    key = SoftwareKey()
    assert add(nurse, key).status_code == 302
    assert "Clé &lt;bleue&gt;" in nurse.get("/staff/account").text

    half = go_half(app)
    assert 'data-passkey="prove"' in half.get("/staff/second-factor").text
    with half.session_transaction("/staff/") as cookie:
        before = cookie["_user_id"]
    assert prove(half, key).headers["Location"] == "/staff/"
    with half.session_transaction("/staff/") as cookie:
        assert cookie["_user_id"] != before
    assert half.get("/clinic/tasks").status_code == 200


def test_a_passkey_of_another_page_opens_nothing_and_says_what_to_do(app: Flask, nurse: FlaskClient) -> None:
    key = SoftwareKey()
    add(nurse, key)
    half = go_half(app)
    refused = prove(half, key, origin="https://localhost.example")
    assert (refused.status_code, "notice" in refused.text) == (403, True)
    assert half.get("/clinic/tasks").status_code == 302
    assert prove(half, key).status_code == 302


def test_tries_with_a_passkey_are_slowed_down_with_those_of_the_app(app: Flask, nurse: FlaskClient) -> None:
    key = SoftwareKey()
    add(nurse, key)
    half = go_half(app)
    seen = [prove(half, SoftwareKey(credential_id=key.credential_id)).status_code for _ in range(6)]
    assert seen == [403] * 5 + [429]


def test_adding_asks_for_the_password_each_time(app: Flask, nurse: FlaskClient) -> None:
    assert post(nurse, "/staff/passkeys/options").status_code == 400
    wrong = post(nurse, "/staff/passkeys/options", current_password="wrong")
    assert wrong.status_code == 403
    assert json.loads(wrong.text)["words"]
    invented = SoftwareKey().make(json.dumps({"challenge": "AAAA"}), origin=ORIGIN)
    assert post(nurse, ADD, label="Clé", answer=invented).status_code == 403
    assert post(nurse, ADD, label="", answer=invented).status_code == 400
    assert 'data-passkey="prove"' not in go_half(app).get("/staff/second-factor").text


def test_without_a_script_the_page_says_so_and_offers_nothing(nurse: FlaskClient) -> None:
    page = nurse.get(ADD).text
    assert "data-passkey-missing" in page
    assert "novalidate hidden" in page


def test_a_passkey_is_removed_by_its_owner_after_a_question(
    app: Flask, nurse: FlaskClient, clock: SettableClock
) -> None:
    add(nurse, SoftwareKey())
    path = nurse.get("/staff/account").text.split('href="/staff/passkeys/')[1].split('"')[0]
    path = f"/staff/passkeys/{path}"
    clock.now += timedelta(minutes=1)
    monitor = app.test_client()
    set_up(monitor, "monitor", clock.now)
    gone = path.replace("/1/", "/99/")
    answers = [monitor.get(each) for each in (path, gone)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text.replace(path, "") == answers[1].text.replace(gone, "")
    assert post(monitor, path).status_code == 404
    assert nurse.get(path).status_code == 200
    assert post(nurse, path).status_code == 302
    assert "data-passkey" not in go_half(app).get("/staff/second-factor").text


def test_half_a_sign_in_adds_and_removes_nothing(app: Flask, nurse: FlaskClient) -> None:
    add(nurse, SoftwareKey())
    half = go_half(app)
    for path in (ADD, "/staff/passkeys/options", "/staff/passkeys/1/remove"):
        answer = post(half, path, "/staff/second-factor", current_password=PASSWORD)
        assert (answer.status_code, answer.location) == (302, "/staff/second-factor")


@pytest.mark.parametrize("address", ["http://suivi.example.org", "http://127.0.0.1:5000"])
def test_where_browsers_make_no_passkeys_there_is_no_page(
    nurse: FlaskClient, app: Flask, address: str
) -> None:
    parts = app.extensions["pro_app"]
    parts.settings = replace(parts.settings, public_url=address)
    assert nurse.get(ADD).status_code == 404
    assert "/staff/passkeys" not in nurse.get("/staff/account").text
