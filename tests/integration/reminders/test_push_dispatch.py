"""A push through the whole post office: beside the e-mail, to every browser, forgotten where one is gone."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from browsers import Browser, open_push
from http_world import Answer, HttpServer, serve_http
from reminders_world import Post

from pro_app.contacts.push_addresses import list_push_addresses, save_push_address
from pro_app.reminders.outbox import replan_reminders
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant

INVITED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[HttpServer]:
    """Run a push service."""
    with serve_http(tmp_path) as running:
        running.usual = Answer(201, "")
        yield running


@pytest.fixture
def post(post: Post, service: HttpServer) -> Post:
    """Give a participant who wants notifications, and a post office that can send them."""
    open_push(post, service)
    with post.clinic.writing() as session:
        participant = session.get_one(Participant, post.participant_id)
        participant.channels = "email,push"
        replan_reminders(session, participant=participant, now=datetime(2026, 2, 1, 9, 0, tzinfo=UTC))
    return post


def subscribe(post: Post, browser: Browser) -> None:
    with post.clinic.database.reading() as session:
        contact_ref = session.get_one(Participant, post.participant_id).contact_ref
    save_push_address(post.clinic.vault, contact_ref, browser.subscription(), now=INVITED_AT)


def known(post: Post) -> list[str]:
    with post.clinic.database.reading() as session:
        contact_ref = session.get_one(Participant, post.participant_id).contact_ref
    listed = list_push_addresses(post.clinic.vault, contact_ref)
    return [json.loads(each.subscription_json)["endpoint"] for each in listed]


def invitations(post: Post) -> dict[str, OutboxMessage]:
    """Give the invitation of W08 on each channel."""
    with post.clinic.database.reading() as session:
        rows = session.query(OutboxMessage).all()
    return {row.channel: row for row in rows if ":W08:invitation:" in row.message_key}


def test_a_push_goes_beside_the_e_mail_to_every_browser_until_the_quiet_hours_begin(
    post: Post, service: HttpServer
) -> None:
    phone, tablet = (Browser(service.url(f"/{name}", host="localhost")) for name in ("phone", "tablet"))
    subscribe(post, phone)
    subscribe(post, tablet)

    post.dispatch(INVITED_AT)

    rows = invitations(post)
    assert {channel: row.state for channel, row in rows.items()} == {"email": "sent", "push": "sent"}
    assert post.server.subjects() == ["Votre questionnaire est prêt"]
    assert sorted(request.path for request in service.received) == ["/phone", "/tablet"]
    quiet_from = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)
    assert {request.headers["ttl"] for request in service.received} == {
        str(int((quiet_from - INVITED_AT).total_seconds()))
    }
    shown = [
        (phone if request.path == "/phone" else tablet).read(request.body) for request in service.received
    ]
    assert {each["title"] for each in shown} == {"Suivi 34"}
    assert {each["url"] for each in shown} == {"https://suivi.example.org"}


def test_a_browser_that_is_gone_is_forgotten_and_the_other_one_is_told(
    post: Post, service: HttpServer
) -> None:
    gone, there = (Browser(service.url(f"/{name}", host="localhost")) for name in ("gone", "there"))
    subscribe(post, there)
    subscribe(post, gone)
    first = known(post)[0]
    service.answers.extend([Answer(410, ""), Answer(201, "")])

    post.dispatch(INVITED_AT)

    assert invitations(post)["push"].state == "sent"
    assert known(post) == [endpoint for endpoint in (gone.endpoint, there.endpoint) if endpoint != first]


def test_without_any_browser_left_the_e_mail_still_goes(post: Post, service: HttpServer) -> None:
    post.dispatch(INVITED_AT)

    states = {channel: row.state for channel, row in invitations(post).items()}
    assert states["email"] == "sent"
    assert states["push"] in {"failed", "cancelled"}
    assert service.received == []
