"""What a phone may tell the centre about answers that it could not send."""

from flask.testing import FlaskClient
from participant_world import World
from sqlalchemy import select

from pro_app.storage.tables.device_reports import DeviceReport

HELD = {"waiting": 2, "refused": 1, "oldest_s": 100_000}


def send(browser: FlaskClient, body: object) -> int:
    told = browser.get("/p/sync").json
    assert told is not None
    reply = browser.post("/p/reports", json=body, headers={"X-CSRFToken": told["csrf_token"]})
    return reply.status_code


def is_reported(browser: FlaskClient) -> bool:
    told = browser.get("/p/sync").json
    assert told is not None
    return bool(told["reported"])


def test_a_phone_is_told_whether_its_word_still_stands(signed_in: FlaskClient, world: World) -> None:
    assert not is_reported(signed_in)
    assert send(signed_in, HELD) == 200
    assert is_reported(signed_in)
    assert send(signed_in, {"waiting": 0, "refused": 0, "oldest_s": 0}) == 200
    assert not is_reported(signed_in)
    with world.database.reading() as session:
        (row,) = session.scalars(select(DeviceReport))
        assert (row.participant_id, row.waiting, row.refused) == (world.participant_id, 2, 1)


def test_a_word_that_cannot_be_read_is_refused(signed_in: FlaskClient) -> None:
    assert send(signed_in, {"answers": ["2"]}) == 400
    assert not is_reported(signed_in)


def test_nobody_reports_without_a_session(client: FlaskClient) -> None:
    assert client.post("/p/reports", json=HELD).status_code in {400, 401}
