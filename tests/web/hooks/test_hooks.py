from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from clinic_world import Clinic, build_clinic
from conftest import TEST_SECRET, SettableClock
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from pro_app.app import create_app
from pro_app.contacts.vault import ContactVault
from pro_app.errors import InputRejected
from pro_app.reminders.outbox import enqueue_test_message
from pro_app.reminders.outbox.attempts import ClaimedMessage, Outcome
from pro_app.reminders.outbox.claims import claim_next
from pro_app.reminders.outbox.outcomes import record_outcome
from pro_app.services.hook_reports import parse_hook_report
from pro_app.settings import Settings
from pro_app.storage.tables.channel_reports import ChannelReport, ChannelStop
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant
from pro_app.web import request as this

SECRET = "a shared secret of thirty-two signs"
REF = "0123456789abcdef0123456789abcdef01234567@suivi.example.org"
PATH = "/hooks/messages"


@pytest.fixture
def app(settings: Settings, clock: SettableClock) -> Iterator[Flask]:
    made = create_app(replace(settings, hook_secret=SECRET), clock=clock)
    yield made
    parts = made.extensions[this.EXTENSION]
    parts.database.engine.dispose()
    parts.vault.database.engine.dispose()


@pytest.fixture
def clinic(app: Flask) -> Clinic:
    parts = app.extensions[this.EXTENSION]
    return build_clinic(parts.database, ContactVault(parts.vault.database, TEST_SECRET))


@pytest.fixture
def sent_id(clinic: Clinic, clock: SettableClock) -> int:
    """Give the key of a message that went out under `REF`."""
    participant_id = clinic.enrol(date(2026, 3, 1))
    now = clock()
    with clinic.writing() as session:
        enqueue_test_message(session, participant=session.get_one(Participant, participant_id), now=now)
    with clinic.writing() as session:
        claimed = claim_next(session, claim_token="test", now=now)
        assert isinstance(claimed, ClaimedMessage)
        record_outcome(
            session, claimed, Outcome("sent", provider_ref=REF), usable_channels={"email"}, now=now
        )
        return claimed.message_id


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def report(client: FlaskClient, body: object, secret: str | None = SECRET) -> TestResponse:
    return client.post(PATH, json=body, headers={"X-Hook-Secret": secret} if secret else {})


def state(clinic: Clinic, message_id: int) -> str:
    with clinic.database.reading() as session:
        return session.get_one(OutboxMessage, message_id).state


def count(clinic: Clinic, table: type) -> int:
    with clinic.database.reading() as session:
        return len(session.scalars(select(table)).all())


def test_a_bounce_is_recorded_once_however_often_it_is_reported(
    client: FlaskClient, clinic: Clinic, sent_id: int
) -> None:
    body = {
        "message_id": f"<{REF}>",
        "event": "hard_bounce",
        "reason": "550 5.1.1 a.dupont@example.fr unknown",
    }
    first, second = report(client, body), report(client, body)
    assert (first.status_code, first.json) == (200, {"new": True, "known": True})
    assert (second.status_code, second.json) == (200, {"new": False, "known": True})
    assert state(clinic, sent_id) == "failed"
    assert (count(clinic, ChannelReport), count(clinic, ChannelStop)) == (1, 1)
    with clinic.database.reading() as session:
        assert session.scalars(select(ChannelReport.reason)).one() == "5.1.1"


@pytest.mark.parametrize(
    ("event", "stops"),
    [("soft_bounce", 0), ("delivered", 0), ("deferred", 0), ("unsubscribed", 1), ("spam", 1), ("bounced", 1)],
)
def test_each_event_does_what_it_means(
    client: FlaskClient, clinic: Clinic, *, sent_id: int, event: str, stops: int
) -> None:
    assert report(client, {"provider_ref": REF, "event": event}).status_code == 200
    assert count(clinic, ChannelStop) == stops
    assert state(clinic, sent_id) == ("failed" if "bounce" in event else "sent")


def test_what_could_quote_an_address_is_not_kept(client: FlaskClient, clinic: Clinic, sent_id: int) -> None:
    assert sent_id
    report(client, {"provider_ref": REF, "event": "delayed", "reason": "a.dupont@example.fr is busy"})
    with clinic.database.reading() as session:
        assert session.scalars(select(ChannelReport.reason)).one() is None


def test_a_report_about_an_unknown_message_is_kept_and_not_asked_for_again(
    client: FlaskClient, clinic: Clinic
) -> None:
    answer = report(client, {"message_id": "unknown@example.org", "event": "bounced"})
    assert (answer.status_code, answer.json) == (200, {"new": True, "known": False})
    assert count(clinic, ChannelReport) == 1


@pytest.mark.parametrize("credentials", ["header", "bearer", "basic"])
def test_the_secret_may_come_in_three_ways(client: FlaskClient, clinic: Clinic, credentials: str) -> None:
    assert clinic
    body = {"message_id": "unknown@example.org", "event": "bounced"}
    if credentials == "basic":
        answer = client.post(PATH, json=body, auth=("hook", SECRET))
    else:
        name, value = {"header": ("X-Hook-Secret", SECRET), "bearer": ("Authorization", f"Bearer {SECRET}")}[
            credentials
        ]
        answer = client.post(PATH, json=body, headers={name: value})
    assert answer.status_code == 200


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET[:-1], SECRET + "x", "sécret"])
def test_without_the_secret_nothing_is_read(client: FlaskClient, clinic: Clinic, secret: str | None) -> None:
    answer = report(client, {"provider_ref": REF, "event": "bounced"}, secret)
    assert (answer.status_code, count(clinic, ChannelReport)) == (401, 0)


def test_guessing_the_secret_is_slowed_down(client: FlaskClient) -> None:
    answers = [report(client, {}, f"guess {number}").status_code for number in range(32)]
    assert answers[0] == 401
    assert answers[-1] == 429
    assert "Retry-After" in report(client, {}, "another").headers


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"message_id", "event"}),
        ({"message_id": REF}, {"event"}),
        ({"message_id": REF, "event": "exploded"}, {"event"}),
        ({"message_id": REF, "event": ["bounced"]}, {"event"}),
        ({"message_id": 7, "event": "bounced"}, {"message_id"}),
        ({"message_id": "x" * 201, "event": "bounced"}, {"message_id"}),
        ([], {"body"}),
        ("bounced", {"body"}),
        (None, {"body"}),
    ],
)
def test_a_report_that_cannot_be_used_is_refused_with_the_fields_at_fault(
    client: FlaskClient, clinic: Clinic, *, body: object, fields: set[str]
) -> None:
    answer = report(client, body)
    assert answer.status_code == 400
    assert answer.json is not None
    assert {problem["field"] for problem in answer.json["problems"]} == fields
    assert count(clinic, ChannelReport) == 0


@pytest.mark.parametrize("name", ["x\x00y@example.org", "x\ud800", "x\ny"])
def test_a_name_that_no_database_can_hold_is_refused(
    client: FlaskClient, settings: Settings, *, name: str
) -> None:
    told = {"provider_ref": name, "event": "bounced"}
    assert report(client, told).status_code == 400
    with pytest.raises(InputRejected) as refused:
        parse_hook_report(told, settings)
    assert [problem.place for problem in refused.value.problems] == ["message_id"]


@pytest.mark.parametrize("event", ["sent", "request", "opened", "click"])
def test_a_state_that_every_message_passes_through_asks_for_nothing(
    client: FlaskClient, clinic: Clinic, *, sent_id: int, event: str
) -> None:
    answer = report(client, {"message-id": f"<{REF}>", "event": event})
    assert (answer.status_code, answer.json) == (200, {"new": False, "nothing_to_do": True})
    assert (count(clinic, ChannelReport), state(clinic, sent_id)) == (0, "sent")


@pytest.mark.parametrize(
    ("status", "answered"), [("sent", 200), ("accepted", 200), ("replied", 200), ("exploded", 400)]
)
def test_the_ordinary_states_of_the_sms_provider_are_taken_and_others_are_not(
    settings: Settings, *, status: str, answered: int
) -> None:
    provided = replace(settings, sms_provider="brevo", sms_sender="Suivi34")
    payload = {"messageId": 123, "msg_status": status}
    if answered == 200:
        assert parse_hook_report(payload, provided) is None
    else:
        with pytest.raises(InputRejected):
            parse_hook_report(payload, provided)


def test_a_body_that_is_no_json_is_refused(client: FlaskClient) -> None:
    answer = client.post(
        PATH, data=b"{", headers={"X-Hook-Secret": SECRET, "Content-Type": "application/json"}
    )
    assert answer.status_code == 400


def test_without_a_secret_in_the_settings_there_is_no_such_address(settings: Settings) -> None:
    made = create_app(settings)
    assert made.test_client().post(PATH, json={}).status_code in {400, 404}
    assert PATH not in {rule.rule for rule in made.url_map.iter_rules()}
    made.extensions[this.EXTENSION].database.engine.dispose()
    made.extensions[this.EXTENSION].vault.database.engine.dispose()
