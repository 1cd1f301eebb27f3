import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from http_world import DROP, HANG, Answer, HttpServer, serve_http
from messages_out import make_message
from sms_world import MOBILE, QUICK, brevo, refuse

from pro_app.reminders.channels.sms.brevo import BrevoSms, read_report
from pro_app.reminders.channels.sms.channel import SmsChannel
from pro_app.reminders.channels.sms.provider import SmsReport
from pro_app.reminders.outgoing import Retryable, Undeliverable


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with serve_http() as running:
        yield running


@pytest.mark.parametrize(
    "number",
    ["+33612345678", "+33756123456", "+262692123456", "+590690123456", "+594694123456", "+68987123456"],
)
def test_mobile_phones_of_france_and_overseas_are_sent_to(server: HttpServer, number: str) -> None:
    assert brevo(server).send(make_message(number)) == "1511882900176220"
    assert json.loads(server.received[0].body)["recipient"] == number[1:]


@pytest.mark.parametrize(
    ("number", "reason"),
    [("+33467613100", "not_mobile"), ("+33800123456", "not_mobile"), ("+3361234", "not_a_number"),
     ("", "not_a_number"), ("0612345678", "not_a_number"), ("a@example.fr", "not_a_number")],
)  # fmt: skip
def test_what_is_no_mobile_phone_is_never_sent_to(server: HttpServer, number: str, reason: str) -> None:
    refused = refuse(brevo(server), Undeliverable, number)

    assert (refused.reason, server.received) == (reason, [])


def test_brevo_is_given_what_its_documentation_asks_for(server: HttpServer) -> None:
    brevo(server).send(make_message(MOBILE))

    sent = server.received[0]
    assert (sent.method, sent.path) == ("POST", "/send")
    assert sent.headers["api-key"] == "xkeysib-secret"
    assert sent.headers["content-type"] == "application/json"
    assert json.loads(sent.body) == {
        "sender": "Suivi34",
        "recipient": "33612345678",
        "content": "Suivi 34 : votre questionnaire est prêt. https://suivi.example.org",
        "type": "transactional",
        "tag": "a1b2c3d4e5",
        "unicodeEnabled": True,
    }


def test_a_text_in_the_plain_alphabet_is_not_sent_as_unicode(server: HttpServer) -> None:
    brevo(server).send(make_message(MOBILE, short_text="Votre questionnaire est là."))

    assert json.loads(server.received[0].body)["unicodeEnabled"] is False


def test_an_accepted_message_without_a_name_is_sent_all_the_same(server: HttpServer) -> None:
    channel = brevo(server)
    server.answers.append(Answer(201, "<html>"))

    assert channel.send(make_message(MOBILE)) is None


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (Answer(401, '{"code": "unauthorized", "message": "No"}'), ("sms_unauthorized", "channel")),
        (Answer(402, '{"code": "not_enough_credits"}'), ("sms_not_enough_credits", "channel")),
        (Answer(400, '{"code": "not_enough_credits"}'), ("sms_not_enough_credits", "channel")),
        (Answer(400, '{"code": "missing_parameter", "message": "x"}'), ("sms_missing_parameter", "message")),
        (Answer(400, '{"code": "+33612345678"}'), ("sms_400", "message")),
        (Answer(500, '{"code": "not_enough_credits"}'), ("sms_not_enough_credits", "channel")),
        (Answer(503, "[]"), ("sms_503", "channel")),
    ],
)  # fmt: skip
def test_what_can_be_mended_is_tried_again(
    server: HttpServer, answer: Answer, meaning: tuple[str, str]
) -> None:
    channel = brevo(server)
    server.answers.append(answer)

    refused = refuse(channel, Retryable)

    assert (refused.reason, refused.scope, refused.maybe_accepted) == (*meaning, False)


@pytest.mark.parametrize("header", ["x-sib-ratelimit-reset", "Retry-After"])
def test_brevo_says_how_long_to_wait(server: HttpServer, header: str) -> None:
    channel = brevo(server)
    server.answers.append(Answer(429, "{}", {header: "45"}))

    refused = refuse(channel, Retryable)

    assert (refused.reason, refused.retry_after_s, refused.scope) == ("sms_429", 45, "channel")


def test_a_number_that_brevo_refuses_is_undeliverable(server: HttpServer) -> None:
    channel = brevo(server)
    server.answers.append(
        Answer(400, '{"code": "invalid_parameter", "message": "Invalid phone number +33612345678"}')
    )

    assert refuse(channel, Undeliverable).reason == "sms_number_refused"


@pytest.mark.parametrize("how", [DROP, HANG])
def test_silence_after_sending_is_a_doubt(server: HttpServer, how: str) -> None:
    channel = brevo(server)
    server.answers.append(how)

    refused = refuse(channel, Retryable)

    assert (refused.reason, refused.maybe_accepted) == ("sms_no_reply", True)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_server_that_failed_may_have_passed_the_message_on(server: HttpServer, status: int) -> None:
    channel = brevo(server)
    server.answers.append(Answer(status, "upstream gone"))

    refused = refuse(channel, Retryable)

    assert (refused.maybe_accepted, refused.scope) == (True, "message")


def test_a_refused_connection_is_no_doubt() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/"

    refused = refuse(SmsChannel(BrevoSms("Suivi34", "k", address, QUICK)), Retryable)

    assert (refused.reason, refused.maybe_accepted, refused.scope) == ("sms_unreachable", False, "channel")


@pytest.mark.parametrize(
    ("state", "event"),
    [("delivered", "delivered"), ("soft_bounce", "delayed"), ("hard_bounce", "bounced"),
     ("rejected", "bounced")],
)  # fmt: skip
def test_brevos_reports_are_understood(state: str, event: str) -> None:
    payload = {"id": 26570, "to": "33612345678", "messageId": 123, "msg_status": state, "reference": "x"}

    assert read_report(payload) == SmsReport("123", event, f"sms_{state}")  # type: ignore[arg-type]  # a test's own words


@pytest.mark.parametrize(
    "payload",
    [{}, {"msg_status": "sent", "messageId": 1}, {"msg_status": "delivered"}, {"msg_status": ["delivered"]},
     {"msg_status": "delivered", "messageId": None}, {"msg_status": "delivered", "messageId": {"a": 1}},
     {"msg_status": "delivered", "messageId": True}],
)  # fmt: skip
def test_a_report_that_says_nothing_new_is_none(payload: dict[str, Any]) -> None:
    assert read_report(payload) is None


def test_a_parameter_that_is_not_the_number_is_ours_to_mend(server: HttpServer) -> None:
    channel = brevo(server)
    server.answers.append(Answer(400, '{"code": "invalid_parameter", "message": "sender is invalid"}'))

    assert refuse(channel, Retryable).reason == "sms_invalid_parameter"
