import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from staff_world import StaffWorld, csrf_token, sign_in
from werkzeug.test import TestResponse

from pro_app.storage.database import Database
from pro_app.storage.queries.audit_trail import list_entries
from pro_app.storage.tables.api_tokens import ApiToken

PAGE = "/statistics/tokens"
DOCUMENT = Path(__file__).parents[3] / "docs" / "api.md"


@pytest.fixture
def client(app: Flask, world: StaffWorld) -> FlaskClient:
    assert world
    made = app.test_client()
    sign_in(made, "statistician")
    return made


def make(client: FlaskClient, **said: str) -> TestResponse:
    data = {"csrf_token": csrf_token(client, PAGE), "label": "R <at> home", "days": "30"} | said
    return client.post(PAGE, data=data)


def shown_token(answer: TestResponse) -> str:
    [token] = set(re.findall(r"proapp_[\w-]{43}", html.unescape(answer.text)))
    return token


def test_a_new_token_is_shown_once_and_works(app: Flask, client: FlaskClient) -> None:
    answer = make(client)
    token = shown_token(answer)
    read = app.test_client().get("/api/v1/releases", headers={"Authorization": f"Bearer {token}"})

    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert read.status_code == 200
    page = client.get(PAGE).text
    assert token not in page
    assert "R &lt;at&gt; home" in page


def test_the_page_and_the_documentation_show_the_same_lines_of_r(client: FlaskClient) -> None:
    page = html.unescape(make(client).text)
    [in_r] = re.findall(r"<code>(key <- .*?)</code><br>\n<code>(scores <- .*?)</code>", page)
    documented = DOCUMENT.read_text(encoding="utf-8").replace("https://pro.example.org", "http://localhost")

    assert "\n".join(in_r) in documented


def test_revoking_asks_first_and_ends_it_at_once(app: Flask, client: FlaskClient) -> None:
    token = shown_token(make(client))
    [path] = re.findall(r'href="(/statistics/tokens/\d+/revoke)"', client.get(PAGE).text)
    asked = client.get(path)
    data = {"csrf_token": csrf_token(client, PAGE)}
    ended = client.post(path, data=data)
    again = client.post(path, data=data)
    read = app.test_client().get("/api/v1/releases", headers={"Authorization": f"Bearer {token}"})

    assert (asked.status_code, ended.status_code, again.status_code, read.status_code) == (200, 303, 303, 401)
    assert re.findall(r'href="(/statistics/tokens/\d+/revoke)"', client.get(PAGE).text) == []


def test_making_and_revoking_stand_in_the_audit_trail_without_the_token(
    client: FlaskClient, database: Database
) -> None:
    token = shown_token(make(client))
    path = f"{PAGE}/1/revoke"
    client.post(path, data={"csrf_token": csrf_token(client, PAGE)})

    with database.reading() as session:
        made = list_entries(session, action="api_token.create", subject_ref="api_token:1", limit=5)
        ended = list_entries(session, action="api_token.revoke", subject_ref="api_token:1", limit=5)
    assert (len(made), len(ended)) == (1, 1)
    assert made[0].after("label") == "R <at> home"
    assert token not in repr(made)


@pytest.mark.parametrize(
    "said",
    [
        {"label": ""},
        {"label": "   "},
        {"label": "x" * 101},
        {"label": "two\nlines"},
        {"days": "0"},
        {"days": "367"},
        {"days": "x"},
    ],
)
def test_an_unusable_form_makes_no_token(client: FlaskClient, said: dict[str, str]) -> None:
    answer = make(client, **said)

    assert answer.status_code == 400
    assert "proapp_" not in answer.text
    assert "empty-state" in client.get(PAGE).text


def test_nobody_sees_or_ends_the_token_of_somebody_else(  # noqa: PLR0917 -- fixtures
    app: Flask, world: StaffWorld, client: FlaskClient, make_token: Callable[[str], str]
) -> None:
    make_token("statistician")
    with app.extensions["pro_app"].database.writing() as session:
        session.get_one(ApiToken, 1).account_id = world.account_ids["coordinator"]
    path = f"{PAGE}/1/revoke"

    assert "empty-state" in client.get(PAGE).text
    assert client.get(path).status_code == 404
    assert client.post(path, data={"csrf_token": csrf_token(client, PAGE)}).status_code == 404


def test_only_those_who_may_take_releases_have_tokens(app: Flask, world: StaffWorld) -> None:
    statuses = {}
    for role in world.account_ids:
        other = app.test_client()
        sign_in(other, role)
        statuses[role] = other.get(PAGE).status_code

    assert {role for role, status in statuses.items() if status == 200} == {"statistician"}
    assert set(statuses.values()) == {200, 404}
