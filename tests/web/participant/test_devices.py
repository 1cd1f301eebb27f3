from datetime import timedelta

import pytest
from conftest import NOW, SettableClock
from flask import Flask
from flask.testing import FlaskClient
from participant_world import PIN, World, activate, list_notices, post
from sqlalchemy import select

from pro_app.storage.tables.audit_trail import AuditEntry
from pro_app.storage.tables.credentials import Device

DEVICES = "/p/devices"
IPHONE = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)"}


@pytest.fixture
def tablet(  # noqa: PLR0917 -- fixtures
    app: Flask, signed_in: FlaskClient, world: World, clock: SettableClock
) -> FlaskClient:
    """Sign in on a second device three days later, remembered; the first one signs in again."""
    clock.now = NOW + timedelta(days=3)
    other = app.test_client()
    other.environ_base["HTTP_USER_AGENT"] = IPHONE["User-Agent"]
    said = {"sign_in_code": world.card.sign_in_code, "pin": PIN, "remember": "y"}
    assert post(other, other.get("/p/sign-in"), said).headers["Location"] == "/p/home"
    post(signed_in, signed_in.get("/p/pin"), {"pin": PIN})
    return other


def list_devices(world: World) -> list[tuple[int, bool]]:
    """Give the devices of the participant, and whether each is remembered."""
    with world.database.reading() as session:
        rows = session.scalars(select(Device).order_by(Device.id))
        return [(device.id, device.revoked_at is None) for device in rows]


def test_the_devices_are_listed_with_their_last_use_this_one_first(
    tablet: FlaskClient, signed_in: FlaskClient
) -> None:
    page = tablet.get(DEVICES).text
    assert page.count("record-card") == 2
    assert page.count('class="badge"') == 1
    assert page.index("iPhone") < page.index('class="badge"') < page.index("2 mars 2026")
    assert "5 mars 2026" in page
    assert signed_in.get(DEVICES).text.count('class="badge"') == 1


def test_another_device_is_signed_out_after_a_question(
    tablet: FlaskClient, signed_in: FlaskClient, world: World
) -> None:
    (_first, _), (second, _) = list_devices(world)
    question = signed_in.get(f"{DEVICES}/{second}")
    assert [remembered for _id, remembered in list_devices(world)] == [True, True]
    assert post(signed_in, question, {}).headers["Location"] == DEVICES
    assert [remembered for _id, remembered in list_devices(world)] == [True, False]
    page = signed_in.get(DEVICES)
    assert (list_notices(page), page.text.count("record-card")) == (["good"], 1)
    assert tablet.get("/p/home").status_code == 302
    assert tablet.get("/p/pin").headers["Location"] == "/p/sign-in"
    with world.database.reading() as session:
        assert session.query(AuditEntry).filter_by(action="devices.revoke").count() == 1


def test_this_device_is_signed_out_and_forgets_its_owner(signed_in: FlaskClient, world: World) -> None:
    ((device, _),) = list_devices(world)
    question, address = signed_in.get(f"{DEVICES}/{device}"), f"{DEVICES}/{device}/sign-out"
    assert post(signed_in, question, {}, to=address).headers["Location"] == "/"
    assert signed_in.get_cookie("device") is None
    door = signed_in.get("/")
    assert (door.status_code, 'name="sign_in_code"' in door.text) == (200, True)
    assert list_devices(world) == [(device, False)]


def test_a_device_of_somebody_else_is_as_absent_as_none(
    app: Flask, signed_in: FlaskClient, world: World
) -> None:
    own = post_token(signed_in)
    activate(app.test_client(), world.enrol_another().card)
    strange = list_devices(world)[-1][0]
    for device in (strange, 999_999):
        assert signed_in.get(f"{DEVICES}/{device}").status_code == 404
        assert signed_in.post(f"{DEVICES}/{device}", data={"csrf_token": own}).status_code == 404
    assert all(remembered for _id, remembered in list_devices(world))


def test_signed_in_on_a_device_that_is_not_remembered_none_is_marked(
    app: Flask, signed_in: FlaskClient, world: World
) -> None:
    assert signed_in
    other = app.test_client()
    post(other, other.get("/p/sign-in"), {"sign_in_code": world.card.sign_in_code, "pin": PIN})
    page = other.get(DEVICES).text
    assert (page.count("record-card"), "badge" in page) == (1, False)


def post_token(client: FlaskClient) -> str:
    """Give the CSRF token of a page of this browser."""
    text = client.get("/p/home").text
    return text.split('name="csrf_token" value="')[1].split('"')[0]
