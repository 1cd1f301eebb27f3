"""What a device asks before it sends by itself: for whom, and what may still be answered."""

from conftest import NOW
from flask.testing import FlaskClient
from participant_world import World, activate, post


def test_a_device_learns_whose_answers_it_may_send(signed_in: FlaskClient, world: World) -> None:
    told = signed_in.get("/p/sync", headers={"Accept": "application/json"}).json
    assert told is not None
    assert told["open"] == [world.assessment().assessment_id]
    assert told["server_now"] == NOW.isoformat()
    assert str(world.participant_id) != told["owner"]
    assert len(told["owner"]) == 32
    body = {"assessment_id": told["open"][0], "operations": [], "submission": {"respondent": "self"}}
    headers = {"X-CSRFToken": told["csrf_token"]}
    reply = signed_in.post("/p/operations", json=body, headers=headers).json
    assert reply is not None
    assert reply["receipt"]["code"] == world.assessment().receipt_code
    again = signed_in.get("/p/sync").json
    assert again is not None
    assert (again["owner"], again["open"]) == (told["owner"], [])


def test_each_person_has_another_name_as_owner(signed_in: FlaskClient, world: World) -> None:
    first = signed_in.get("/p/sync").json
    other = world.enrol_another()
    post(signed_in, signed_in.get("/p/home"), {}, to="/p/sign-out")
    activate(signed_in, other.card, pin="774103")
    second = signed_in.get("/p/sync").json
    assert first is not None
    assert second is not None
    assert first["owner"] != second["owner"]


def test_without_a_session_a_device_is_told_to_sign_in(client: FlaskClient) -> None:
    reply = client.get("/p/sync", headers={"Accept": "application/json"})
    assert reply.status_code == 401
