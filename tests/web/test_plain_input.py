"""Input that no page of ours sends is refused with a page, and never breaks anything."""

from collections.abc import Iterator

import pytest
from clinic_browser import StaffBrowser
from clinic_browser import sign_in as sign_in_staff
from conftest import SettableClock
from flask import Flask
from flask.testing import FlaskClient
from participant_world import World, activate, build_world, form_fields
from werkzeug.test import TestResponse

from pro_app.app import create_app
from pro_app.settings import Settings

HUGE = 10**20
DEEP = "[" * 100_000


@pytest.fixture(params=["settings", "postgres_settings"])
def app(request: pytest.FixtureRequest, clock: SettableClock) -> Iterator[Flask]:
    """Make the app on each of the two kinds of database in turn."""
    settings: Settings = request.getfixturevalue(request.param)
    made = create_app(settings, clock=clock)
    yield made
    parts = made.extensions["pro_app"]
    parts.database.engine.dispose()
    parts.vault.database.engine.dispose()


@pytest.fixture
def world(app: Flask) -> World:
    """Enrol one participant and print the card."""
    parts = app.extensions["pro_app"]
    return build_world(parts.database, parts.vault)


@pytest.fixture
def phone(app: Flask, world: World) -> FlaskClient:
    """Sign in the participant."""
    client = app.test_client()
    activate(client, world.card)
    return client


def test_a_number_that_no_key_can_be_is_a_page_that_does_not_exist(
    app: Flask, phone: FlaskClient, world: World
) -> None:
    nurse = sign_in_staff(app, 0)
    assessment_id = world.assessment().assessment_id
    for number in (HUGE, 2**63, "9" * 5000, "٣"):
        for address in (f"/p/q/{number}", f"/p/q/{number}/2", f"/p/q/{assessment_id}/{number}"):
            assert phone.get(address).status_code == 404
        for address in (f"/clinic/participants/{number}", f"/clinic/visits/{number}/reason"):
            assert nurse.get(address).status_code == 404
    assert phone.get(f"/p/q/{2**63 - 1}").status_code == 404
    assert nurse.get(f"/clinic/?site={HUGE}&page={HUGE}").status_code == 404


@pytest.mark.parametrize("kind", ["interview", "tablet"])
def test_a_number_in_a_form_that_no_key_can_be_begins_nothing(app: Flask, world: World, kind: str) -> None:
    nurse, path = sign_in_staff(app, 0), f"/clinic/participants/{world.participant_id}/{kind}"
    for number in (HUGE, 2**63, "9" * 5000, -1, "one"):
        assert nurse.post(path, assessment_id=str(number)).status_code == 404
    own = world.assessment().assessment_id
    assert nurse.post(path, assessment_id=str(own)).status_code == 200


@pytest.mark.parametrize("bad", [
    {"answer": "1\n"}, {"answer": "N\n"}, {"answer": "Nope"}, {"answer": "5abc"}, {"answer": "9" * 5000},
    {"page_id": "{page_id}\n"}, {"operation_id": "{page_id}\n"}, {"item": str(HUGE)}, {"counter": str(HUGE)},
    {"instrument": "qlq\x00"}, {"before": "\x00"}, {"more\x00": "1"},
])  # fmt: skip
def test_an_answer_form_that_no_screen_of_ours_sends_is_refused(
    phone: FlaskClient, world: World, bad: dict[str, str]
) -> None:
    address = f"/p/q/{world.assessment().assessment_id}/2"
    fields = form_fields(phone.get(address)) | {"answer": "1", "go": "next"}
    changed = {name: value.format(page_id=fields["page_id"]) for name, value in bad.items()}
    assert phone.post(address, data=fields | changed).status_code == 400
    assert world.assessment().started_at is None


def test_text_that_no_database_holds_is_refused_wherever_it_stands(
    app: Flask, phone: FlaskClient, world: World
) -> None:
    nurse = sign_in_staff(app, 0)
    visit = f"/clinic/visits/{world.assessment().assessment_id}/reason"
    replies: list[TestResponse] = [
        nurse.post(visit, reason="OTHER", said_by="patient", text="x\x00y"),
        nurse.post("/clinic/participants/new", participant_code="15-777", notice_version="1\x002"),
        nurse.get("/clinic/?q=%00"),
        phone.get("/?language=%00"),
        StaffBrowser(app.test_client()).post("/staff/sign-in", username="a\x00b", password="x"),
    ]
    assert [reply.status_code for reply in replies] == [400] * len(replies)
    assert "Rien n’a été modifié" in replies[0].text


@pytest.mark.parametrize("said", [
    {"device_zone": "a\x00b"}, {"device_zone": "\ud800"}, {"instrument_code": "\udfff"},
    {"more": [{"\x00": 1}]},
    {"state": ["answered"]}, {"state": {}}, {"operation_id": "\ud800"}, {"device_at": "\ud800"},
])  # fmt: skip
def test_an_operation_with_such_text_is_refused(
    phone: FlaskClient, world: World, said: dict[str, object]
) -> None:
    assert send(phone, world, said).status_code == 400
    assert world.assessment().started_at is None


def test_json_nested_without_end_is_refused(phone: FlaskClient) -> None:
    token = form_fields(phone.get("/p/home"))["csrf_token"]
    headers = {"X-CSRFToken": token, "Content-Type": "application/json"}
    assert phone.post("/p/operations", data=DEEP, headers=headers).status_code == 400


def test_an_answer_is_not_lost_because_its_phone_names_a_zone_that_nobody_knows(
    phone: FlaskClient, world: World
) -> None:
    assert send(phone, world, {"device_zone": "Etc/Unknown"}).status_code == 200
    assert world.assessment().started_at is not None


def send(phone: FlaskClient, world: World, said: dict[str, object]) -> TestResponse:
    """Send one good operation with `said` in it."""
    operation: dict[str, object] = {
        "operation_id": "0b7a3a36-8d2e-4b3c-9d3b-0d9c3b7a0001",
        "instrument_code": "qlq-c30",
        "item_number": 7,
        "state": "answered",
        "value": 3,
        "counter": 1,
    }
    body = {"assessment_id": world.assessment().assessment_id, "operations": [operation | said]}
    token = form_fields(phone.get("/p/home"))["csrf_token"]
    return phone.post("/p/operations", json=body, headers={"X-CSRFToken": token})
