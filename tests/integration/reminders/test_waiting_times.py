"""What an SMS provider or a push service asks us to wait is kept to, by everybody whom it serves."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from browsers import Browser, open_push
from http_world import Answer, HttpServer, serve_http
from reminders_world import Post, list_rows
from sms_world import brevo

from pro_app.contacts.push_addresses import save_push_address
from pro_app.reminders.outbox import replan_reminders
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant

INVITED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def choose(post: Post, channels: str, participant_id: int | None = None) -> str:
    """Give a participant these channels; gives the reference of the contact."""
    with post.clinic.writing() as session:
        participant = session.get_one(Participant, participant_id or post.participant_id)
        participant.channels = channels
        replan_reminders(session, participant=participant, now=INVITED_AT - timedelta(days=1))
        return participant.contact_ref


def invitations(post: Post, channel: str) -> list[OutboxMessage]:
    rows = list_rows(post.clinic.database, visit="W08")
    return [row for row in rows if (row.rule_code, row.channel) == ("invitation", channel)]


def enrol_another(post: Post) -> int:
    """Give a second participant with the same calendar."""
    first_day = INVITED_AT.date() - timedelta(days=56)
    told = {"participant_code": "15-777", "email": "b.martin@example.fr", "telephone": "+33612345679"}
    participant_id = post.clinic.enrol(first_day, **told)
    post.clinic.answer(participant_id, "BASELINE", first_day + timedelta(days=1))
    post.clinic.record(participant_id, "randomised", first_day + timedelta(days=7), arm="SURVEILLANCE")
    return participant_id


@pytest.mark.parametrize("header", ["Retry-After", "x-sib-ratelimit-reset"])
def test_sms_wait_as_long_as_the_provider_asks_and_then_all_go_once(post: Post, header: str) -> None:
    other = enrol_another(post)
    for participant_id in (post.participant_id, other):
        choose(post, "sms", participant_id)
    with serve_http() as server:
        post.office = replace(post.office, channels={**post.office.channels, "sms": brevo(server)})
        server.answers.append(Answer(429, "{}", {header: "600"}))
        for minute in range(10):
            post.dispatch(INVITED_AT + timedelta(minutes=minute))
        assert len(server.received) == 1
        post.dispatch(INVITED_AT + timedelta(minutes=10))
        assert len(server.received) == 3
    assert [row.state for row in invitations(post, "sms")] == ["sent", "sent"]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[HttpServer]:
    """Run a push service that is known under two names, of which its certificate bears one."""
    with serve_http(tmp_path) as running:
        running.usual = Answer(201, "")
        assert running.trusted is not None
        running.trusted.check_hostname = False
        yield running


def subscribe(post: Post, contact_ref: str, endpoint: str, *, earlier: int = 0) -> None:
    moment = INVITED_AT - timedelta(hours=earlier)
    save_push_address(post.clinic.vault, contact_ref, Browser(endpoint).subscription(), now=moment)


def test_notifications_wait_as_long_as_their_service_asks_and_other_services_are_not_held_up(
    post: Post, service: HttpServer
) -> None:
    other = enrol_another(post)
    open_push(post, service)
    subscribe(post, choose(post, "email,push"), service.url("/first", host="localhost"))
    other_ref = choose(post, "email,push", other)
    subscribe(post, other_ref, service.url("/second", host="localhost"))
    subscribe(post, other_ref, service.url("/third", host="127.0.0.1"), earlier=1)
    service.answers.append(Answer(429, "", {"Retry-After": "600"}))

    for minute in range(10):
        post.dispatch(INVITED_AT + timedelta(minutes=minute))
    asked = [request.path for request in service.received]
    assert asked.count("/third") == 1
    assert len(asked) == 2  # and the one that was told to wait

    post.dispatch(INVITED_AT + timedelta(minutes=10))
    assert len(service.received) == 3
    assert [row.state for row in invitations(post, "push")] == ["sent", "sent"]
    assert [row.state for row in invitations(post, "email")] == ["sent", "sent"]
