import hashlib
import json
from dataclasses import replace

import pytest
from browsers import Browser
from conftest import NOW
from flask import Flask
from flask.testing import FlaskClient
from participant_world import PIN, World, activate, form_fields, post
from sqlalchemy import select
from werkzeug.test import TestResponse

from pro_app.contacts.push_addresses import list_push_addresses, save_push_address
from pro_app.contacts.vault import Contact
from pro_app.reminders.channels.push import find_public_key, make_private_key
from pro_app.settings import Settings
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload
from pro_app.storage.tables.credentials import Device
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant

PHONE, TABLET = (
    Browser("https://push.example.org/send/phone"),
    Browser("https://push.example.org/send/tablet"),
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, push_private_key=make_private_key(), push_contact="mailto:suivi@example.org")


def switch_on(client: FlaskClient, browser: Browser = PHONE, **more: str) -> TestResponse:
    token = form_fields(client.get("/p/settings"), "/p/push")["csrf_token"]
    return client.post("/p/push", data={"csrf_token": token, "subscription": browser.subscription(), **more})


def switch_off(client: FlaskClient, **data: str) -> TestResponse:
    token = form_fields(client.get("/p/settings"), "/p/push/off")["csrf_token"]
    return client.post("/p/push/off", data={"csrf_token": token, **data})


def participant(world: World) -> Participant:
    with world.database.reading() as session:
        return session.get_one(Participant, world.participant_id)


def endpoints(world: World) -> list[str]:
    known = list_push_addresses(world.clinic.vault, participant(world).contact_ref)
    return [json.loads(each.subscription_json)["endpoint"] for each in known]


def entries(world: World) -> list[tuple[str, str, list[dict[str, object]]]]:
    """Give actor, action and items of each change of settings."""
    with world.database.reading() as session:
        rows = session.execute(
            select(AuditEntry.actor, AuditEntry.action, AuditPayload.items)
            .join(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
            .where(AuditEntry.action == "settings.change")
            .order_by(AuditEntry.id)
        ).all()
    return [tuple(row) for row in rows]  # type: ignore[misc]  # three columns, three values


def planned_channels(world: World) -> set[str]:
    with world.database.reading() as session:
        rows = session.scalars(select(OutboxMessage).where(OutboxMessage.state == "planned")).all()
    return {row.channel for row in rows if row.planned_visit_id is not None}


def test_switching_on_adds_push_beside_the_other_channels_and_plans_anew(
    signed_in: FlaskClient, world: World
) -> None:
    world.randomise()
    assert planned_channels(world) == {"email"}

    answer = switch_on(signed_in)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/p/settings")
    assert "apparaîtront" in signed_in.get("/p/settings").text
    assert endpoints(world) == [PHONE.endpoint]
    assert participant(world).channels == "email,push"
    assert planned_channels(world) == {"email", "push"}


def test_the_own_act_is_in_the_audit_trail_and_the_address_is_not(
    signed_in: FlaskClient, world: World
) -> None:
    switch_on(signed_in)
    switch_off(signed_in)

    who = f"participant:{world.participant_id}"
    assert entries(world) == [
        (
            who,
            "settings.change",
            [
                {"field": "browser", "given": True},
                {"field": "channels", "before": None, "after": "email,push"},
            ],
        ),
        (
            who,
            "settings.change",
            [
                {"field": "browser", "given": False},
                {"field": "channels", "before": "email,push", "after": "email"},
            ],
        ),
    ]
    with world.database.engine.connect() as connection:
        everything = str(connection.exec_driver_sql("SELECT * FROM audit_payloads").all())
    assert "push.example.org" not in everything


def test_switching_on_twice_changes_nothing_more(signed_in: FlaskClient, world: World) -> None:
    switch_on(signed_in)
    switch_on(signed_in)

    assert (endpoints(world), len(entries(world))) == ([PHONE.endpoint], 1)


def test_one_browser_off_leaves_the_other_on_and_the_last_one_takes_push_away(
    signed_in: FlaskClient, world: World
) -> None:
    switch_on(signed_in, PHONE)
    switch_on(signed_in, TABLET)

    switch_off(signed_in, endpoint=PHONE.endpoint)
    assert (endpoints(world), participant(world).channels) == ([TABLET.endpoint], "email,push")

    switch_off(signed_in, endpoint=TABLET.endpoint)
    assert (endpoints(world), participant(world).channels) == ([], "email")


def test_off_everywhere_needs_no_script(signed_in: FlaskClient, world: World) -> None:
    switch_on(signed_in, PHONE)
    switch_on(signed_in, TABLET)

    answer = switch_off(signed_in)

    assert answer.headers["Location"] == "/p/settings"
    assert "désactivées" in signed_in.get("/p/settings").text
    assert endpoints(world) == []


def test_nobody_can_switch_off_the_browser_of_somebody_else(
    app: Flask, signed_in: FlaskClient, world: World
) -> None:
    switch_on(signed_in, PHONE)
    other_world = world.enrol_another()
    other = app.test_client()
    activate(other, other_world.card)

    switch_off(other, endpoint=PHONE.endpoint)

    assert endpoints(world) == [PHONE.endpoint]
    assert PHONE.endpoint not in other.get("/p/settings").text


def test_a_renewed_address_is_saved_without_a_page(signed_in: FlaskClient, world: World) -> None:
    answer = switch_on(signed_in, PHONE, quiet="1")

    assert (answer.status_code, answer.data) == (204, b"")
    assert endpoints(world) == [PHONE.endpoint]


def test_a_browser_can_recognise_itself_and_nobody_can_read_its_address(
    signed_in: FlaskClient, settings: Settings
) -> None:
    switch_on(signed_in)
    page = signed_in.get("/p/settings").text

    assert f'data-known="{hashlib.sha256(PHONE.endpoint.encode()).hexdigest()}"' in page
    assert f'data-key="{find_public_key(settings)}"' in page
    assert "push.example.org" not in page


@pytest.mark.parametrize("telephone", [None, "+33467613100", "+33612345678"])
def test_push_is_refused_where_no_other_way_leads_to_the_person(
    signed_in: FlaskClient, world: World, telephone: str | None
) -> None:
    """A landline is no way, and neither is a mobile phone where the installation sends no SMS."""
    token = form_fields(signed_in.get("/p/settings"), "/p/push")["csrf_token"]
    unreachable = Contact(email=None, telephone=telephone)
    world.clinic.vault.save(participant(world).contact_ref, unreachable, now=NOW)

    page = signed_in.get("/p/settings").text
    assert "jamais seules" in page
    assert 'action="/p/push"' not in page
    answer = signed_in.post("/p/push", data={"csrf_token": token, "subscription": PHONE.subscription()})

    assert answer.headers["Location"] == "/p/settings"
    assert (endpoints(world), participant(world).channels, entries(world)) == ([], None, [])


def test_a_mobile_phone_is_another_way_where_the_installation_sends_sms(
    app: Flask, signed_in: FlaskClient, world: World, *, settings: Settings
) -> None:
    app.extensions["pro_app"].settings = replace(settings, sms_provider="brevo", sms_key="k")
    mobile = Contact(email=None, telephone="+33612345678")
    world.clinic.vault.save(participant(world).contact_ref, mobile, now=NOW)

    switch_on(signed_in)

    assert endpoints(world) == [PHONE.endpoint]


@pytest.mark.parametrize(
    "subscription",
    ["", "x", "{}", "x" * 5000, Browser("https://127.0.0.1/x").subscription(),
     Browser("https://localhost/x").subscription(), Browser("https://push.example.org:8443/x").subscription(),
     Browser("http://push.example.org/x").subscription()],
)  # fmt: skip
def test_an_address_that_cannot_be_sent_to_is_refused_in_words(
    signed_in: FlaskClient, world: World, subscription: str
) -> None:
    token = form_fields(signed_in.get("/p/settings"), "/p/push")["csrf_token"]

    answer = signed_in.post("/p/push", data={"csrf_token": token, "subscription": subscription})

    assert answer.headers["Location"] == "/p/settings"
    assert "n’a donné aucune adresse" in signed_in.get("/p/settings").text
    assert (endpoints(world), entries(world)) == ([], [])


def test_switching_off_what_is_off_changes_nothing(signed_in: FlaskClient, world: World) -> None:
    switch_off(signed_in)
    switch_off(signed_in, endpoint=PHONE.endpoint)

    assert (participant(world).channels, entries(world)) == (None, [])


def test_the_worker_is_served_from_the_root_to_everybody(client: FlaskClient) -> None:
    with client.get("/sw.js") as answer:
        assert (answer.status_code, answer.mimetype) == (200, "text/javascript")
        assert "showNotification" in answer.text


def test_without_a_key_the_page_shows_nothing_and_nothing_can_be_switched_on(
    app: Flask, signed_in: FlaskClient, world: World, *, settings: Settings
) -> None:
    token = form_fields(signed_in.get("/p/settings"), "/p/push")["csrf_token"]
    app.extensions["pro_app"].settings = replace(settings, push_private_key=None)

    assert 'id="push"' not in signed_in.get("/p/settings").text
    answer = signed_in.post("/p/push", data={"csrf_token": token, "subscription": PHONE.subscription()})

    assert (answer.status_code, endpoints(world)) == (404, [])


def test_a_device_that_is_signed_out_shows_nothing_any_more_and_the_others_go_on(
    app: Flask, signed_in: FlaskClient, world: World
) -> None:
    world.randomise()
    tablet = app.test_client()
    typed = {"sign_in_code": world.card.sign_in_code, "pin": PIN, "remember": "y"}
    post(tablet, tablet.get("/p/sign-in"), typed)
    switch_on(signed_in, PHONE)
    switch_on(tablet, TABLET)
    with world.database.reading() as session:
        phone, other = session.scalars(select(Device.id).order_by(Device.id)).all()

    post(signed_in, signed_in.get(f"/p/devices/{other}"), {}, to=f"/p/devices/{other}")
    assert endpoints(world) == [PHONE.endpoint]
    assert planned_channels(world) == {"email", "push"}

    post(signed_in, signed_in.get(f"/p/devices/{phone}"), {}, to=f"/p/devices/{phone}/sign-out")
    assert (endpoints(world), planned_channels(world)) == ([], {"email"})
    given = [item["given"] for _actor, _action, items in entries(world) for item in items if "given" in item]
    assert given == [True, True, False, False]


def test_a_lost_phone_shows_nothing_any_more(signed_in: FlaskClient, world: World) -> None:
    world.randomise()
    switch_on(signed_in)
    world.revoke_phones()
    assert (endpoints(world), planned_channels(world)) == ([], {"email"})


def test_a_browser_of_an_unknown_device_is_left_out_with_the_next_device_that_is_signed_out(
    signed_in: FlaskClient, world: World
) -> None:
    world.randomise()
    switch_on(signed_in)
    unknown = "https://push.example.org/send/from-before"
    contact_ref = participant(world).contact_ref
    save_push_address(world.clinic.vault, contact_ref, Browser(unknown).subscription(), now=NOW)
    with world.database.reading() as session:
        device = session.scalars(select(Device.id)).one()
    post(signed_in, signed_in.get(f"/p/devices/{device}"), {}, to=f"/p/devices/{device}/sign-out")
    assert endpoints(world) == []
