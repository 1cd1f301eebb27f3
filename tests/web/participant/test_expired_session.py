from datetime import timedelta

import pytest
from conftest import NOW, TEST_SECRET, SettableClock
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeSerializer
from participant_world import PIN, World, form_fields, post
from sqlalchemy import select
from werkzeug.test import TestResponse

from pro_app.reminders.dispatch import open_post_office
from pro_app.reminders.pin_codes import PIN_CODE, make_pin_code
from pro_app.settings import Settings
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.worker import tick

OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def late(signed_in: FlaskClient, world: World, clock: SettableClock) -> TestResponse:
    """Open an item, then wait until the session is over."""
    page = signed_in.get(f"/p/q/{world.assessment().assessment_id}/2")
    clock.now = NOW + timedelta(hours=3)
    return page


def values(world: World) -> list[int | None]:
    with world.database.reading() as session:
        return [answer.value for answer in session.query(Answer)]


def send(client: FlaskClient, page: TestResponse, **headers: str) -> TestResponse:
    fields = form_fields(page) | {"answer": "3", "go": "next"}
    return client.post(page.request.path, data=fields, headers=headers)


def test_an_answer_sent_too_late_is_saved_after_the_pin_and_the_person_goes_on(
    signed_in: FlaskClient, world: World, late: TestResponse
) -> None:
    pin_page = send(signed_in, late, **OURS)
    assert pin_page.status_code == 401
    assert "Votre réponse est gardée" in pin_page.get_data(as_text=True)
    assert values(world) == []
    wrong = post(signed_in, pin_page, {"pin": "111999"}, to="/p/pin")
    assert wrong.status_code == 403
    arrived = post(signed_in, wrong, {"pin": PIN}, to="/p/pin")
    assert arrived.headers["Location"] == f"/p/q/{world.assessment().assessment_id}/3"
    assert values(world) == [3]
    assert signed_in.get(arrived.headers["Location"]).status_code == 200


def test_the_carried_answer_is_saved_once_however_often_it_comes(
    signed_in: FlaskClient, world: World, late: TestResponse
) -> None:
    pin_page = send(signed_in, late, **OURS)
    for _ in range(2):
        assert post(signed_in, pin_page, {"pin": PIN}, to="/p/pin").status_code in {302, 400}
    assert values(world) == [3]


def test_an_answer_survives_the_loss_of_the_session_cookie(
    signed_in: FlaskClient, world: World, late: TestResponse
) -> None:
    signed_in.delete_cookie("participant")
    pin_page = send(signed_in, late, Origin="http://localhost")
    assert pin_page.status_code == 401
    post(signed_in, pin_page, {"pin": PIN}, to="/p/pin")
    assert values(world) == [3]


def test_on_a_phone_that_is_not_remembered_the_code_and_the_pin_save_it(
    app: Flask, world: World, late: TestResponse
) -> None:
    forgetful = app.test_client()
    sign_in = send(forgetful, late, **OURS)
    assert sign_in.status_code == 401
    typed = {"sign_in_code": world.card.sign_in_code, "pin": PIN}
    arrived = post(forgetful, sign_in, typed, to="/p/sign-in")
    assert arrived.headers["Location"] == f"/p/q/{world.assessment().assessment_id}/3"
    assert values(world) == [3]


@pytest.mark.parametrize("headers", [
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {},
])  # fmt: skip
def test_an_answer_from_another_site_is_not_carried(  # noqa: PLR0917 -- fixtures
    signed_in: FlaskClient, world: World, late: TestResponse, headers: dict[str, str]
) -> None:
    signed_in.delete_cookie("participant")
    refused = send(signed_in, late, **headers)
    assert refused.status_code == 400
    assert "carried" not in refused.get_data(as_text=True)
    assert values(world) == []


def test_a_forged_carried_answer_is_ignored_and_the_sign_in_stands(
    signed_in: FlaskClient, world: World, late: TestResponse
) -> None:
    pin_page = send(signed_in, late, **OURS)
    carried = form_fields(pin_page, "/p/pin")["carried"]
    arrived = post(signed_in, pin_page, {"pin": PIN, "carried": f"x{carried[1:]}"}, to="/p/pin")
    assert arrived.headers["Location"] == "/p/home"
    assert values(world) == []


def test_an_answer_that_was_signed_before_an_upgrade_is_saved_after_it(
    signed_in: FlaskClient, world: World, late: TestResponse
) -> None:
    pin_page = send(signed_in, late, **OURS)
    signer = URLSafeSerializer(TEST_SECRET, salt="carried answer")
    said = signer.loads(form_fields(pin_page, "/p/pin")["carried"])
    operation = said["operation"]
    said["operation"] = {name: operation[name] for name in operation if name != "counted_by"} | {
        "sent_at": None
    }
    post(signed_in, pin_page, {"pin": PIN, "carried": signer.dumps(said)}, to="/p/pin")
    assert values(world) == [3]


def test_a_carried_answer_counts_from_when_it_was_sent(  # noqa: PLR0917 -- fixtures
    signed_in: FlaskClient, world: World, late: TestResponse, clock: SettableClock
) -> None:
    sent_at = clock.now
    pin_page = send(signed_in, late, **OURS)
    clock.now = sent_at + timedelta(hours=1)
    post(signed_in, pin_page, {"pin": PIN}, to="/p/pin")
    with world.database.reading() as session:
        (answer,) = session.query(Answer)
    assert (answer.answered_at, answer.received_at) == (sent_at, clock.now)


def test_after_a_day_the_answer_is_asked_for_again_instead_of_being_saved(  # noqa: PLR0917 -- fixtures
    signed_in: FlaskClient, world: World, late: TestResponse, clock: SettableClock
) -> None:
    pin_page = send(signed_in, late, **OURS)
    clock.now += timedelta(hours=24, seconds=1)
    wrong = post(signed_in, pin_page, {"pin": "111999"}, to="/p/pin")
    assert "Votre réponse est gardée" not in wrong.get_data(as_text=True)
    arrived = post(signed_in, pin_page, {"pin": PIN}, to="/p/pin")
    assert arrived.headers["Location"] == f"/p/q/{world.assessment().assessment_id}"
    assert values(world) == []


def test_a_carried_answer_never_lands_with_another_person(  # noqa: PLR0917 -- fixtures
    app: Flask, signed_in: FlaskClient, world: World, late: TestResponse
) -> None:
    other = world.enrol_another()
    pin_page = send(signed_in, late, **OURS)
    carried = form_fields(pin_page, "/p/pin")["carried"]
    stranger = app.test_client()
    choose = post(stranger, stranger.get("/p/activate"), {"code": other.card.short_code})
    post(stranger, choose, {"pin": "592814", "again": "592814"})
    post(stranger, stranger.get("/p/pin"), {"pin": "592814", "carried": carried})
    assert values(world) == []


def test_an_empty_item_sent_too_late_is_asked_about_after_the_pin(
    signed_in: FlaskClient, world: World, late: TestResponse
) -> None:
    page = signed_in.post(late.request.path, data=form_fields(late) | {"go": "next"}, headers=OURS)
    arrived = post(signed_in, page, {"pin": PIN}, to="/p/pin")
    assert arrived.headers["Location"] == f"/p/q/{world.assessment().assessment_id}/2"
    assert values(world) == []


def test_sending_the_form_too_late_comes_back_to_the_last_step_after_the_pin(
    signed_in: FlaskClient, world: World, clock: SettableClock
) -> None:
    address = f"/p/q/{world.assessment().assessment_id}/send"
    page = signed_in.get(address)
    clock.now = NOW + timedelta(hours=3)
    pin_page = signed_in.post(address, data=form_fields(page) | {"respondent": "self"}, headers=OURS)
    assert "n’est pas encore envoyé" in pin_page.get_data(as_text=True)
    arrived = post(signed_in, pin_page, {"pin": PIN}, to="/p/pin")
    assert arrived.headers["Location"] == address
    assert world.assessment().submitted_at is None
    assert "Rien n’est encore envoyé" in signed_in.get(address).get_data(as_text=True)


def test_an_answer_is_kept_also_through_a_forgotten_pin(  # noqa: PLR0917 -- fixtures
    signed_in: FlaskClient, world: World, late: TestResponse, settings: Settings, clock: SettableClock
) -> None:
    pin_page = send(signed_in, late, **OURS)
    fields = form_fields(pin_page, "/p/pin") | {"forgotten": "1"}
    asking = signed_in.post("/p/forgotten-pin", data=fields)
    assert (asking.status_code, "Votre réponse est gardée" in asking.text) == (200, True)
    choosing = post(signed_in, asking, {"sign_in_code": world.card.sign_in_code})
    assert "Votre réponse est gardée" in choosing.text
    tick(open_post_office(settings), clock=clock)
    with world.database.reading() as session:
        (key,) = session.scalars(select(OutboxMessage.message_key).where(OutboxMessage.rule_code == PIN_CODE))
    typed = {"code": make_pin_code(TEST_SECRET, key), "pin": "730184", "again": "730184"}
    arrived = post(signed_in, choosing, typed, to="/p/new-pin")
    assert arrived.headers["Location"] == f"/p/q/{world.assessment().assessment_id}/3"
    assert values(world) == [3]


def test_a_page_asked_for_without_a_session_leads_to_the_door(client: FlaskClient, world: World) -> None:
    address = f"/p/q/{world.assessment().assessment_id}"
    for place in ("", "/2", "/review", "/send", "/receipt"):
        assert client.get(address + place).headers["Location"] == "/"
