from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from browsers import Browser, encode, read_signature
from http_world import DROP, HANG, Answer, HttpServer, serve_http
from messages_out import AT, make_message

from pro_app.errors import SettingMissing
from pro_app.reminders.channels.push import PushChannel, find_public_key, find_push_channel, make_private_key
from pro_app.reminders.http_call import Caller
from pro_app.reminders.outgoing import Retryable, Undeliverable
from pro_app.settings import Settings

KEY = make_private_key()
CONTACT = "mailto:suivi@example.org"
LINK = "https://suivi.example.org"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HttpServer]:
    with serve_http(tmp_path) as running:
        running.usual = Answer(201, "")
        yield running


@pytest.fixture
def browser(server: HttpServer) -> Browser:
    return Browser(server.url("/send/abc?x=1", host="localhost"))


@pytest.fixture
def channel(server: HttpServer) -> PushChannel:
    return PushChannel(KEY, CONTACT, LINK, Caller(5, 0.5, trusted=server.trusted))


def with_key(settings: Settings) -> Settings:
    return replace(settings, push_private_key=KEY, push_contact=CONTACT, public_url=LINK)


def refuse(channel: PushChannel, address: str, error: type[Any]) -> Any:  # noqa: ANN401 -- of the given type
    with pytest.raises(error) as refused:
        channel.send(make_message(address))
    return refused.value


def test_only_the_browser_can_read_what_is_shown(
    server: HttpServer, browser: Browser, channel: PushChannel
) -> None:
    channel.send(make_message(browser.subscription()))

    sent = server.received[0]
    assert browser.read(sent.body) == {
        "title": "Suivi 34",
        "body": "Suivi 34 : votre questionnaire est prêt. https://suivi.example.org",
        "url": LINK,
    }
    assert b"questionnaire" not in sent.body
    with pytest.raises(Exception):  # noqa: B017, PT011 -- whatever http_ece says to another key
        Browser().read(sent.body)


def test_the_request_is_the_one_that_push_services_expect(
    server: HttpServer, browser: Browser, channel: PushChannel
) -> None:
    channel.send(make_message(browser.subscription()))

    sent = server.received[0]
    assert (sent.method, sent.path) == ("POST", "/send/abc?x=1")
    assert sent.headers["content-encoding"] == "aes128gcm"
    assert (sent.headers["ttl"], sent.headers["urgency"]) == ("86400", "normal")
    assert "topic" not in sent.headers


def test_the_installation_signs_for_this_push_service_and_for_half_a_day(
    server: HttpServer, browser: Browser, channel: PushChannel, *, settings: Settings
) -> None:
    channel.send(make_message(browser.subscription()))

    claims, public_key = read_signature(server.received[0].headers["authorization"])
    assert claims == {
        "aud": f"https://localhost:{server.port}",
        "exp": int((AT + timedelta(hours=12)).timestamp()),
        "sub": CONTACT,
    }
    assert public_key == find_public_key(with_key(settings))


@pytest.mark.parametrize(
    ("left", "ttl"),
    [(timedelta(days=3), "259200"), (timedelta(days=90), "2419200"), (timedelta(seconds=5), "5"),
     (timedelta(days=-1), "0")],
)  # fmt: skip
def test_a_message_waits_until_it_may_arrive_no_more_and_at_most_four_weeks(
    server: HttpServer, browser: Browser, channel: PushChannel, *, left: timedelta, ttl: str
) -> None:
    channel.send(make_message(browser.subscription(), expires_at=AT + left))

    assert server.received[0].headers["ttl"] == ttl


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "gone"), (410, "gone"), (400, "push_400"), (413, "push_413")]
)
def test_what_will_never_be_taken_is_undeliverable(
    server: HttpServer, browser: Browser, channel: PushChannel, *, status: int, reason: str
) -> None:
    server.answers.append(Answer(status, ""))

    assert refuse(channel, browser.subscription(), Undeliverable).reason == reason


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(403, '{"reason":"BadJwtToken"}'), "push_key_refused_403_BadJwtToken"),
        (Answer(401, "no"), "push_key_refused_401"),
        (Answer(429, "", {"Retry-After": "120"}), "push_429"),
        (Answer(503, ""), "push_503"),
        (Answer(301, "", {"Location": "/"}), "push_301"),
    ],
)
def test_what_can_be_mended_holds_up_this_push_service_only_if_it_is_busy(
    server: HttpServer, browser: Browser, channel: PushChannel, *, answer: Answer, reason: str
) -> None:
    server.answers.append(answer)

    refused = refuse(channel, browser.subscription(), Retryable)

    scope = "queue" if answer.status in {429, 503} else "message"
    assert (refused.reason, refused.maybe_accepted, refused.scope) == (reason, False, scope)
    assert refused.retry_after_s == (120 if answer.status == 429 else None)


@pytest.mark.parametrize("how", [DROP, HANG, *(Answer(each, "") for each in (500, 502, 504))])
def test_silence_or_a_failure_after_sending_is_a_doubt(
    server: HttpServer, browser: Browser, channel: PushChannel, *, how: Answer | str
) -> None:
    server.answers.append(how)

    assert refuse(channel, browser.subscription(), Retryable).maybe_accepted is True


def test_a_push_service_that_is_not_there_is_tried_again(server: HttpServer, channel: PushChannel) -> None:
    nowhere = Browser("https://no-such-host.invalid/x")

    refused = refuse(channel, nowhere.subscription(), Retryable)

    assert (refused.reason, refused.maybe_accepted, server.received) == ("push_unreachable", False, [])


@pytest.mark.parametrize(
    "address",
    ["", "a@example.fr", "{}", Browser().subscription(keys={"p256dh": encode(b"\x04" * 65), "auth": "AA"})],
)
def test_an_address_that_is_none_is_undeliverable(channel: PushChannel, address: str) -> None:
    assert refuse(channel, address, Undeliverable).reason == "push_address_unusable"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_an_installation_sends_nothing_into_its_own_network(
    server: HttpServer, settings: Settings, host: str
) -> None:
    installed = find_push_channel(with_key(settings))
    assert isinstance(installed, PushChannel)

    refused = refuse(installed, Browser(server.url(host=host)).subscription(), Undeliverable)

    assert (refused.reason, server.received) == ("push_address_unusable", [])


def test_without_a_key_there_is_no_push(settings: Settings) -> None:
    assert find_push_channel(settings) is None
    assert find_public_key(settings) is None


def test_an_impossible_key_is_named_and_no_key_is_shown(settings: Settings) -> None:
    with pytest.raises(SettingMissing) as unusable:
        find_push_channel(replace(with_key(settings), push_private_key="A" * 43))

    assert unusable.value.name == "PRO_APP_PUSH_PRIVATE_KEY"
    assert KEY not in repr(with_key(settings))
    assert KEY not in repr(find_push_channel(with_key(settings)))
