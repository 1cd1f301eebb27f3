from datetime import UTC, datetime

import pytest
from conftest import SettableClock
from flask.testing import FlaskClient
from participant_world import PIN, World, activate, form_fields, list_notices, post
from sqlalchemy import select
from werkzeug.test import TestResponse

from pro_app.contacts.vault import Contact
from pro_app.storage.tables.audit_trail import AuditEntry
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.reminder_requests import ReminderRequest

TUESDAY = datetime(2026, 4, 28, 7, tzinfo=UTC)
"""A morning within the window of W08, which runs from Monday 20 April to Monday 4 May 2026."""
SATURDAY, LAST_DAY = datetime(2026, 4, 25, 7, tzinfo=UTC), datetime(2026, 5, 4, 7, tzinfo=UTC)
BEFORE_HOLIDAY = datetime(2026, 4, 30, 7, tzinfo=UTC)


@pytest.fixture
def address(world: World, clock: SettableClock, client: FlaskClient) -> str:
    """Sign a randomised participant in on the Tuesday; gives where a reminder is asked for."""
    world.randomise()
    activate(client, world.card)
    come_back(client, clock, TUESDAY)
    return f"/p/remind/{world.assessment('W08').assessment_id}"


def come_back(client: FlaskClient, clock: SettableClock, at: datetime) -> None:
    """Sign in anew on the remembered device at a later time."""
    clock.now = at
    post(client, client.get("/p/pin"), {"pin": PIN})


def ask(client: FlaskClient, address: str) -> TestResponse:
    """Send what the button sends, also where it is not shown."""
    token = form_fields(client.get("/p/home"), "/p/sign-out")["csrf_token"]
    return client.post(address, data={"csrf_token": token})


def asked_for(world: World) -> list[tuple[datetime, str, str]]:
    """List the reminders in the outbox that were asked for: when, in which state, with which text."""
    statement = select(OutboxMessage).where(OutboxMessage.rule_code.startswith("asked_"))
    with world.database.reading() as session:
        return [(row.due_at, row.state, row.template_code) for row in session.scalars(statement)]


def count(world: World, table: type[ReminderRequest] | type[AuditEntry], **facts: str) -> int:
    with world.database.reading() as session:
        return session.query(table).filter_by(**facts).count()


def test_the_reminder_comes_tomorrow_at_the_own_hour_and_home_says_so(
    client: FlaskClient, world: World, address: str
) -> None:
    assert f'action="{address}"' in client.get("/p/home").text
    assert ask(client, address).headers["Location"] == "/p/home"
    assert asked_for(world) == [(datetime(2026, 4, 29, 8, tzinfo=UTC), "planned", "asked")]
    page = client.get("/p/home")
    assert list_notices(page) == ["good"]
    home = page.text
    assert "mercredi 29 avril 2026 à 10:00" in home
    assert f'action="{address}"' not in home
    assert "mercredi 29 avril 2026 à 10:00" in client.get("/p/home").text


def test_asked_twice_a_day_it_is_one_reminder(client: FlaskClient, world: World, address: str) -> None:
    for _ in range(2):
        ask(client, address)
    assert (len(asked_for(world)), count(world, ReminderRequest)) == (1, 1)
    assert count(world, AuditEntry, action="reminder.ask") == 1


def test_it_can_be_asked_for_again_the_next_day(  # noqa: PLR0917 -- fixtures
    client: FlaskClient, world: World, clock: SettableClock, address: str
) -> None:
    ask(client, address)
    come_back(client, clock, datetime(2026, 4, 29, 9, tzinfo=UTC))
    ask(client, address)
    assert [due_at.day for due_at, _state, _text in asked_for(world)] == [29, 30]


@pytest.mark.parametrize(("asked_at", "day"), [(SATURDAY, 27), (BEFORE_HOLIDAY, 2)])
def test_a_reminder_waits_for_the_next_day_with_messages(  # noqa: PLR0917 -- fixtures
    client: FlaskClient, world: World, clock: SettableClock, address: str, asked_at: datetime, day: int
) -> None:
    come_back(client, clock, asked_at)
    ask(client, address)
    assert [due_at.day for due_at, _state, _text in asked_for(world)] == [day]


def test_on_the_last_day_it_is_not_offered_and_kindly_refused(  # noqa: PLR0917 -- fixtures
    client: FlaskClient, world: World, clock: SettableClock, address: str
) -> None:
    come_back(client, clock, LAST_DAY)
    assert address not in client.get("/p/home").text
    ask(client, address)
    assert list_notices(client.get("/p/home")) == ["attention"]
    assert (asked_for(world), count(world, ReminderRequest)) == ([], 0)


def test_sending_the_questionnaire_takes_the_reminder_back(
    client: FlaskClient, world: World, address: str
) -> None:
    ask(client, address)
    form = f"/p/q/{world.assessment('W08').assessment_id}/send"
    post(client, client.get(form), {"respondent": "self"})
    assert [state for _due, state, _text in asked_for(world)] == ["cancelled"]
    ask(client, address)
    assert list_notices(client.get("/p/home")) == ["info"]
    assert count(world, ReminderRequest) == 1


def test_what_is_asked_for_follows_a_change_of_the_own_hour(
    client: FlaskClient, world: World, address: str
) -> None:
    ask(client, address)
    post(client, client.get("/p/settings"), {"reminder_hour": "18"}, to="/p/settings")
    assert [due_at.hour for due_at, _state, _text in asked_for(world)] == [16]


@pytest.mark.parametrize("way", ["stop", "pause"])
def test_who_gets_no_messages_is_offered_none(  # noqa: PLR0917 -- fixtures
    client: FlaskClient, world: World, address: str, way: str
) -> None:
    until = {"until": "2026-05-02"} if way == "pause" else {}
    page = client.get("/p/settings/stop" if way == "stop" else "/p/settings")
    post(client, page, until, to=f"/p/settings/{way}")
    assert address not in client.get("/p/home").text
    ask(client, address)
    assert count(world, ReminderRequest) == 0


def test_who_can_be_reached_by_no_address_is_offered_none(
    client: FlaskClient, world: World, address: str
) -> None:
    with world.database.reading() as session:
        reference = session.get_one(Participant, world.participant_id).contact_ref
    world.clinic.vault.save(reference, Contact(None, "04 67 61 31 00"), now=TUESDAY)
    assert address not in client.get("/p/home").text
    ask(client, address)
    assert (asked_for(world), count(world, ReminderRequest)) == ([], 0)


def test_nobody_is_reminded_of_somebody_elses_questionnaire(
    client: FlaskClient, world: World, address: str
) -> None:
    assert address
    other = world.enrol_another().assessment().assessment_id
    assert ask(client, f"/p/remind/{other}").status_code == 404
    assert ask(client, "/p/remind/999999").status_code == 404
    assert count(world, ReminderRequest) == 0
