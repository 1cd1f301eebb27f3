from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW
from flask.testing import FlaskClient
from participant_world import World, form_fields, make_operation, post
from werkzeug.test import TestResponse

from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.set_aside_answers import SetAsideAnswer

Send = Callable[..., TestResponse]


@pytest.fixture
def send(signed_in: FlaskClient, world: World) -> Send:
    """Give a function that sends a batch with the page's CSRF token."""
    token = form_fields(signed_in.get("/p/home"))["csrf_token"]
    assessment_id = world.assessment().assessment_id

    def send_batch(*operations: object, **changes: object) -> TestResponse:
        body = {"assessment_id": assessment_id, "operations": list(operations)} | changes
        return signed_in.post("/p/operations", json=body, headers={"X-CSRFToken": token})

    return send_batch


def stored(world: World) -> list[Answer]:
    with world.database.reading() as session:
        return list(session.query(Answer).order_by(Answer.id))


def test_a_batch_is_kept_with_device_time_and_server_time_apart(send: Send, world: World) -> None:
    reply = send(
        make_operation(1, 2),
        make_operation(2, 3, counter=2, device_at=(NOW - timedelta(minutes=2)).isoformat()),
    )
    assert reply.status_code == 200
    assert reply.json is not None
    assert reply.json["status"] == "received"
    first, second = stored(world)
    assert (first.item_number, first.value, second.item_number, second.value) == (1, 2, 2, 3)
    assert second.answered_at == second.device_at == NOW - timedelta(minutes=2)
    assert second.received_at == NOW
    assert (second.device_zone, second.counter, second.mode) == ("Europe/Paris", 2, "own_device")
    assert second.device_id is not None


def test_a_device_clock_that_is_far_off_does_not_decide_when_the_answer_was_given(
    send: Send, world: World
) -> None:
    send(make_operation(1, 2, device_at=(NOW - timedelta(days=3 * 365)).isoformat()))
    (answer,) = stored(world)
    assert answer.answered_at == NOW
    assert answer.device_at == NOW - timedelta(days=3 * 365)


def test_the_same_batch_again_gets_the_same_answer_and_changes_nothing(send: Send, world: World) -> None:
    batch = [make_operation(1, 2), make_operation(2, 3)]
    replies = [send(*batch) for _ in range(3)]
    assert {reply.status_code for reply in replies} == {200}
    assert replies[0].json == replies[1].json == replies[2].json
    assert len(stored(world)) == 2


def test_a_known_operation_with_another_content_is_a_conflict(send: Send, world: World) -> None:
    first = make_operation(1, 2)
    send(first)
    assert send(first | {"value": 3}).status_code == 409
    assert send(make_operation(2, 1), first | {"item_number": 3}).status_code == 409
    assert [answer.value for answer in stored(world)] == [2]


def test_a_replay_after_sending_the_form_still_gets_its_answer(
    send: Send, signed_in: FlaskClient, world: World
) -> None:
    first = make_operation(1, 2)
    send(first)
    page = signed_in.get(f"/p/q/{world.assessment().assessment_id}/send")
    post(signed_in, page, {"respondent": "self"})
    again = send(first)
    assert again.status_code == 200
    assert again.json is not None
    assert again.json["outcomes"][0]["outcome"] == "kept"
    assert again.json["receipt"]["code"] == world.assessment().receipt_code


def test_what_comes_after_the_form_was_sent_is_set_aside_and_the_form_stays_as_it_is(
    send: Send, signed_in: FlaskClient, world: World
) -> None:
    send(make_operation(1, 2))
    post(signed_in, signed_in.get(f"/p/q/{world.assessment().assessment_id}/send"), {"respondent": "self"})
    late = make_operation(1, 3)
    for _ in range(2):
        reply = send(late)
        assert reply.json is not None
        (told,) = reply.json["outcomes"]
        assert (reply.status_code, told["outcome"], told["reason"]) == (200, "set_aside", "already_submitted")
    assert send(late | {"value": 4}).status_code == 409
    assert [answer.value for answer in stored(world) if answer.state == "answered"] == [2]
    with world.database.reading() as session:
        (aside,) = session.query(SetAsideAnswer)
    assert (aside.operation_id, aside.item_number, aside.value) == (late["operation_id"], 1, 3)
    assert (aside.answered_at, aside.received_at) == (NOW, NOW)


def test_a_tap_that_was_overtaken_by_a_later_one_is_kept_but_does_not_come_into_force(
    send: Send, world: World
) -> None:
    send(make_operation(1, 4, counter=8, counted_by="a1b2"))
    send(make_operation(1, 2, counter=7, counted_by="a1b2"))
    in_force = [answer.value for answer in stored(world) if answer.superseded_at is None]
    assert in_force == [4]
    assert len(stored(world)) == 2


def test_several_taps_on_one_item_in_one_batch_come_into_force_in_the_order_of_their_counter(
    send: Send, world: World
) -> None:
    send(make_operation(1, 4, counter=3), make_operation(1, 1, counter=1), make_operation(1, 3, counter=2))
    in_force = [answer.value for answer in stored(world) if answer.superseded_at is None]
    assert in_force == [4]
    assert len(stored(world)) == 3


@pytest.mark.parametrize("far", ["+012026-03-02T09:00:00.000Z", "9999-12-31T23:59:59-12:00"])
def test_a_clock_thousands_of_years_off_costs_no_answer(send: Send, world: World, far: str) -> None:
    assert send(make_operation(1, 2, device_at=far), device_now=far).status_code == 200
    assert [(answer.value, answer.answered_at) for answer in stored(world)] == [(2, NOW)]


@pytest.mark.parametrize("bad", [
    make_operation(1, 5), make_operation(1, 0), make_operation(31, 1), make_operation(99, 1),
    make_operation(1, None), make_operation(1, 2, state="shouted"), make_operation(1, 2, state="declined"),
    make_operation(1, 2, state="not_reached"),
    make_operation(1, None, state="not_reached"), make_operation(1, None, state="not_applicable"),
    make_operation(1, 2, instrument_code="qlq-ginet21"), make_operation(1, 2, instrument_code="qlq-br23"),
    make_operation(1, value="2"), make_operation(1, value=2.5), make_operation(1, value=True),
])  # fmt: skip
def test_one_bad_operation_refuses_the_whole_batch_and_names_the_item(
    send: Send, world: World, bad: dict[str, Any]
) -> None:
    reply = send(make_operation(2, 1), bad)
    assert reply.status_code == 400
    assert reply.json is not None
    assert str(bad["item_number"]) in reply.json["advice"]
    assert reply.json["operation_id"] == bad["operation_id"]
    assert stored(world) == []


@pytest.mark.parametrize("wrong", [
    {"counter": -1}, {"device_at": "yesterday"}, {"device_zone": "Z" * 80}, {"item_number": "1"},
    {"instrument_code": ""},
])  # fmt: skip
def test_an_operation_that_cannot_be_read_is_named_in_the_language_of_the_person(
    send: Send, wrong: dict[str, Any]
) -> None:
    bad = make_operation(2, **wrong)
    reply = send(make_operation(1), bad, make_operation(3))
    assert reply.json is not None
    assert reply.json["operation_id"] == bad["operation_id"]
    assert reply.json["place"] == f"operations[1].{next(iter(wrong))}"
    assert reply.json["message"] == "Cette partie de la demande est illisible."


def test_an_operation_whose_identifier_cannot_be_read_is_named_by_its_place(send: Send) -> None:
    for bad in (make_operation(2, operation_id="1"), make_operation(2, operation_id=None), "x"):
        reply = send(make_operation(1), bad)
        assert reply.json is not None
        assert reply.json["place"].startswith("operations[1]")
        assert "operation_id" not in reply.json


def test_an_identifier_that_is_used_again_is_named(send: Send) -> None:
    first = make_operation(1, 2)
    send(first)
    reply = send(make_operation(2, 1), first | {"value": 3})
    assert reply.json is not None
    assert (reply.status_code, reply.json["operation_id"]) == (409, first["operation_id"])
    assert reply.json["error"].startswith("Cette réponse")


def test_a_respondent_whom_nobody_knows_is_named_as_the_fault_and_no_answer(send: Send) -> None:
    reply = send(make_operation(1), submission={"respondent": "somebody"})
    assert reply.json is not None
    assert (reply.status_code, reply.json["place"]) == (400, "respondent")
    assert "operation_id" not in reply.json


@pytest.mark.parametrize("body", [
    {"operations": []}, {"operations": None}, {"operations": ["x"]}, {"operations": [make_operation()] * 501},
    {"assessment_id": "1"}, {"assessment_id": True}, {"assessment_id": 10**30},
    {"operations": [make_operation(operation_id="1")]}, {"operations": [make_operation(operation_id=None)]},
    {"operations": [make_operation(counter=-1)]}, {"operations": [make_operation(counter=2**40)]},
    {"operations": [make_operation(counted_by=7)]}, {"operations": [make_operation(counted_by="x" * 65)]},
    {"operations": [make_operation(device_at="yesterday")]}, {"operations": [make_operation(device_at=3)]},
    {"operations": [make_operation(device_at="2026-03-02T09:00:00")]},
    {"operations": [make_operation(device_zone="Z" * 80)]}, {"operations": [make_operation(item_number="1")]},
])  # fmt: skip
def test_what_cannot_be_read_is_refused(send: Send, world: World, body: dict[str, Any]) -> None:
    assert send(make_operation(), **body).status_code == 400
    assert stored(world) == []


def test_a_body_that_is_no_json_is_refused(signed_in: FlaskClient) -> None:
    token = form_fields(signed_in.get("/p/home"))["csrf_token"]
    for body in (b"", b"{", b"[1]", b'"x"'):
        reply = signed_in.post(
            "/p/operations", data=body, content_type="application/json", headers={"X-CSRFToken": token}
        )
        assert reply.status_code == 400


def test_another_participants_assessment_is_not_found(send: Send, world: World) -> None:
    other = world.enrol_another()
    assert send(make_operation(), assessment_id=other.assessment().assessment_id).status_code == 404
    assert send(make_operation(), assessment_id=987654).status_code == 404
    assert stored(world) == []


def test_an_operation_without_the_csrf_token_or_a_session_is_refused(
    signed_in: FlaskClient, client: FlaskClient, world: World
) -> None:
    body = {"assessment_id": world.assessment().assessment_id, "operations": [make_operation()]}
    assert signed_in.post("/p/operations", json=body).status_code == 400
    post(signed_in, signed_in.get("/p/home"), {}, to="/p/sign-out")
    token = form_fields(client.get("/p/sign-in"))["csrf_token"]
    assert client.post("/p/operations", json=body, headers={"X-CSRFToken": token}).status_code == 401
    assert stored(world) == []


def test_the_form_that_follows_a_tap_is_the_same_operation(
    send: Send, signed_in: FlaskClient, world: World
) -> None:
    tap = make_operation(1, 3, counter=5)
    page = signed_in.get(f"/p/q/{world.assessment().assessment_id}/2")
    send(tap)
    said = {"answer": "3", "go": "next", "operation_id": tap["operation_id"], "counter": "5"}
    assert post(signed_in, page, said).status_code == 302
    assert len(stored(world)) == 1
