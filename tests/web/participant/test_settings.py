import re
from datetime import date, timedelta

import pytest
from conftest import NOW
from flask import Flask
from flask.testing import FlaskClient
from participant_world import World, list_notices, post
from sqlalchemy import select

from pro_app.storage.tables.channel_reports import ChannelStop
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.participants import Participant

SETTINGS, PAUSE, RESUME, STOP = (
    "/p/settings",
    "/p/settings/pause",
    "/p/settings/resume",
    "/p/settings/stop",
)


def kinds(world: World) -> list[str]:
    with world.database.reading() as session:
        return list(session.scalars(select(ParticipantEvent.kind).order_by(ParticipantEvent.id)))


def participant(world: World) -> Participant:
    with world.database.reading() as session:
        return session.get_one(Participant, world.participant_id)


@pytest.fixture
def with_sms(app: Flask) -> None:
    """Give the installation a way to send text messages."""
    settings = app.extensions["pro_app"].settings
    object.__setattr__(settings, "sms_provider", "gateway")


def test_the_page_never_shows_an_address_in_full(signed_in: FlaskClient) -> None:
    page = signed_in.get(SETTINGS).text
    assert "a.dupont@example.fr" not in page
    assert "12 34 56" not in page
    assert "a•••@e•••.fr" in page
    assert "Paris" in page


def test_the_zone_has_the_name_that_people_write(signed_in: FlaskClient, world: World) -> None:
    with world.database.writing() as session:
        session.get_one(Participant, world.participant_id).zone = "Indian/Reunion"
    assert "La Réunion" in signed_in.get(SETTINGS).text


def test_home_leads_to_the_settings(signed_in: FlaskClient) -> None:
    assert f'href="{SETTINGS}"' in signed_in.get("/p/home").text


def test_the_hour_is_changed(signed_in: FlaskClient, world: World) -> None:
    page = signed_in.get(SETTINGS)
    done = post(signed_in, page, {"reminder_hour": "18"}, to=SETTINGS)
    assert (done.status_code, done.headers["Location"]) == (302, SETTINGS)
    assert participant(world).reminder_hour == 18
    assert list_notices(signed_in.get(SETTINGS)) == ["good"]


def test_an_hour_outside_the_day_is_marked_at_its_field(signed_in: FlaskClient, world: World) -> None:
    refused = post(signed_in, signed_in.get(SETTINGS), {"reminder_hour": "3"}, to=SETTINGS)
    assert (refused.status_code, "reminder_hour-error" in refused.text) == (400, True)
    assert participant(world).reminder_hour == 10


def test_the_order_of_ways_is_chosen_among_those_the_site_set_up(
    signed_in: FlaskClient, world: World, with_sms: None
) -> None:
    assert with_sms is None
    page = signed_in.get(SETTINGS)
    assert "•• •• •• •• 78" in page.text
    post(signed_in, page, {"reminder_hour": "10", "order": "sms,email"}, to=SETTINGS)
    assert participant(world).channels == "sms,email"
    refused = post(signed_in, page, {"reminder_hour": "10", "order": "sms,fax"}, to=SETTINGS)
    assert (refused.status_code, "order-error" in refused.text) == (400, True)


def test_messages_are_paused_until_a_day_and_the_pause_is_ended(signed_in: FlaskClient, world: World) -> None:
    until = (NOW.date() + timedelta(days=10)).isoformat()
    post(signed_in, signed_in.get(SETTINGS), {"until": until}, to=PAUSE)
    paused = signed_in.get(SETTINGS)
    assert "12 mars 2026" in paused.text
    assert paused.text.count(">Pause</h2>") == 0  # what is set is changed, not set again
    assert kinds(world) == ["enrolled", "paused"]
    post(signed_in, paused, {}, to=RESUME)
    assert kinds(world) == ["enrolled", "paused", "resumed"]


@pytest.mark.parametrize("until", ["", "2026-03-02", "2026-02-31", "2028-01-01"])
def test_a_day_that_cannot_end_a_pause_is_marked_at_its_field(
    signed_in: FlaskClient, world: World, until: str
) -> None:
    refused = post(signed_in, signed_in.get(SETTINGS), {"until": until}, to=PAUSE)
    assert (refused.status_code, re.findall(r'id="(\w+)-error"', refused.text)) == (400, ["until"])
    assert kinds(world) == ["enrolled"]


def test_messages_are_stopped_after_a_question_and_come_again(signed_in: FlaskClient, world: World) -> None:
    question = signed_in.get(STOP)
    assert question.status_code == 200
    assert kinds(world) == ["enrolled"]
    post(signed_in, question, {}, to=STOP)
    stopped = signed_in.get(SETTINGS)
    assert kinds(world) == ["enrolled", "messages_stopped"]
    assert f'action="{RESUME}"' in stopped.text
    assert f'action="{PAUSE}"' not in stopped.text
    assert signed_in.get(STOP).headers["Location"] == SETTINGS
    assert f"/p/q/{world.assessment().assessment_id}" in signed_in.get("/p/home").text
    post(signed_in, stopped, {}, to=RESUME)
    assert kinds(world)[-1] == "resumed"


def test_somebody_of_whom_nothing_is_asked_any_more_has_nothing_to_decide(
    signed_in: FlaskClient, world: World
) -> None:
    world.clinic.record(world.participant_id, "left", NOW.date())
    page = signed_in.get(SETTINGS)
    assert page.status_code == 200
    assert "<form" not in page.text


@pytest.mark.parametrize(("reason", "status"), [("unsubscribed", 302), ("bounced", 404)])
def test_a_way_that_the_person_had_stopped_can_be_used_again(
    signed_in: FlaskClient, world: World, *, reason: str, status: int
) -> None:
    with world.database.writing() as session:
        stop = ChannelStop(participant_id=world.participant_id, channel="email", reason=reason, since_at=NOW)
        session.add(stop)
        session.flush()
        stop_id = stop.id
    page, address = signed_in.get(SETTINGS), f"/p/settings/channels/{stop_id}"
    assert (f'action="{address}"' in page.text) is (status == 302)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert token is not None
    assert signed_in.post(address, data={"csrf_token": token[1]}).status_code == status


def test_nobody_lifts_the_stop_of_somebody_else(signed_in: FlaskClient, world: World) -> None:
    other = world.enrol_another()
    with world.database.writing() as session:
        stop = ChannelStop(
            participant_id=other.participant_id, channel="email", reason="unsubscribed", since_at=NOW
        )
        session.add(stop)
        session.flush()
        stop_id = stop.id
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', signed_in.get(SETTINGS).text)
    assert token is not None
    answer = signed_in.post(f"/p/settings/channels/{stop_id}", data={"csrf_token": token[1]})
    assert answer.status_code == 404


def test_the_clinic_sees_that_it_was_the_patient_s_own_wish(signed_in: FlaskClient, world: World) -> None:
    post(signed_in, signed_in.get(STOP), {}, to=STOP)
    with world.database.reading() as session:
        event = session.scalars(select(ParticipantEvent).order_by(ParticipantEvent.id.desc()).limit(1)).one()
    assert (event.recorded_by_id, event.details, event.occurred_on) == (
        None,
        {"said_by": "participant"},
        date(2026, 3, 2),
    )


def rest(world: World) -> int:
    """Let the person have stopped e-mails; gives the key of the stop."""
    with world.database.writing() as session:
        stop = ChannelStop(
            participant_id=world.participant_id, channel="email", reason="unsubscribed", since_at=NOW
        )
        session.add(stop)
        session.flush()
        return stop.id


def said_after(client: FlaskClient, address: str) -> str:
    """Press a button once more, as somebody on an old page; gives the kind of notice that is said first."""
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(STOP).text)
    token = token or re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(SETTINGS).text)
    assert token is not None
    return list_notices(client.post(address, data={"csrf_token": token[1]}, follow_redirects=True))[0]


def test_nobody_is_told_that_messages_come_again_where_nothing_was_stopped(signed_in: FlaskClient) -> None:
    assert said_after(signed_in, RESUME) == "info"


@pytest.mark.parametrize("twice", [False, True])
def test_a_way_used_again_while_all_messages_are_stopped_brings_no_promise(
    signed_in: FlaskClient, world: World, *, twice: bool
) -> None:
    stop_id = rest(world)
    post(signed_in, signed_in.get(STOP), {}, to=STOP)
    signed_in.get(SETTINGS)
    for _ in range(1 + twice):
        assert said_after(signed_in, f"/p/settings/channels/{stop_id}") == "attention"


def test_a_way_used_again_during_a_pause_says_until_when_nothing_comes(
    signed_in: FlaskClient, world: World
) -> None:
    stop_id = rest(world)
    until = (NOW.date() + timedelta(days=20)).isoformat()
    post(signed_in, signed_in.get(SETTINGS), {"until": until}, to=PAUSE)
    signed_in.get(SETTINGS)
    assert said_after(signed_in, f"/p/settings/channels/{stop_id}") == "attention"


def test_a_way_that_was_in_use_already_is_said_to_be(signed_in: FlaskClient, world: World) -> None:
    stop_id = rest(world)
    assert said_after(signed_in, f"/p/settings/channels/{stop_id}") == "good"
    assert said_after(signed_in, f"/p/settings/channels/{stop_id}") == "info"


def test_somebody_who_has_left_is_not_told_that_messages_come_again(
    signed_in: FlaskClient, world: World
) -> None:
    page = signed_in.get(SETTINGS)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    stop_id = rest(world)
    with world.database.writing() as session:
        session.add(
            ParticipantEvent(
                participant_id=world.participant_id,
                kind="left",
                occurred_on=NOW.date(),
                details={},
                recorded_at=NOW,
                retracts=False,
            )
        )
    assert token is not None
    for address in (RESUME, STOP, f"/p/settings/channels/{stop_id}"):
        said = signed_in.post(address, data={"csrf_token": token[1]}, follow_redirects=True)
        assert set(list_notices(said)) == {"attention"}
