import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from http_world import DROP, HANG, Answer, HttpServer, serve_http
from messages_out import AT, make_message
from sms_world import GATEWAY, MOBILE, gateway, refuse

from pro_app.errors import DefinitionRejected, SettingMissing
from pro_app.reminders.channels.sms import find_sms_channel, read_sms_report
from pro_app.reminders.channels.sms.brevo import BrevoSms
from pro_app.reminders.channels.sms.channel import SmsChannel
from pro_app.reminders.channels.sms.gateway_file import read_gateway_file
from pro_app.reminders.channels.sms.generic import HttpGateway, read_report
from pro_app.reminders.channels.sms.provider import SmsReport
from pro_app.reminders.outgoing import Retryable, Undeliverable
from pro_app.settings import Settings


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with serve_http() as running:
        yield running


def problems(folder: Path, text: str) -> set[str]:
    path = folder / "gateway.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionRejected) as rejected:
        read_gateway_file(path)
    return {problem.place for problem in rejected.value.problems}


def test_a_gateway_is_sent_what_its_file_describes(server: HttpServer, tmp_path: Path) -> None:
    assert gateway(server, tmp_path).send(make_message(MOBILE)) == "m-1"

    sent = server.received[0]
    assert (sent.method, sent.path) == ("POST", "/send/33612345678?ref=a1b2c3d4e5")
    assert sent.headers["authorization"] == "Bearer secret/key"
    assert json.loads(sent.body) == {
        "to": [MOBILE],
        "message": {
            "body": "Suivi 34 : votre questionnaire est prêt. https://suivi.example.org",
            "from": "Suivi34",
        },
        "urgent": False,
    }


def test_a_form_or_an_address_carries_any_text_unharmed(server: HttpServer, tmp_path: Path) -> None:
    text = 'A&B=1 + 50 % {to} "é" \\'
    channel = gateway(
        server,
        tmp_path,
        "url: {url}/?key={{key}}&text={{text}}\nform: {{n: '{{to}}', t: '{{text}}', class: 1}}\n",
    )

    channel.send(make_message(MOBILE, short_text=text))

    sent = server.received[0]
    assert sent.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(sent.body.decode()) == {"n": [MOBILE], "t": [text], "class": ["1"]}
    assert parse_qs(sent.path.partition("?")[2]) == {"key": ["secret/key"], "text": [text]}


@pytest.mark.parametrize(
    ("expires_at", "minutes", "until"),
    [
        (AT + timedelta(hours=2, seconds=59), 120, "2026-03-02T11:00:59Z"),
        (AT + timedelta(seconds=9), 1, "2026-03-02T09:00:09Z"),
        (None, 24 * 60, "2026-03-03T09:00:00Z"),
        (AT + timedelta(days=9), 24 * 60, "2026-03-03T09:00:00Z"),
    ],
)
def test_a_gateway_is_told_until_when_a_text_may_arrive(
    server: HttpServer, tmp_path: Path, *, expires_at: datetime | None, minutes: int, until: str
) -> None:
    text = (
        "url: {url}/?v={{valid_seconds}}\n"
        "json: {{n: '{{valid_minutes}}', t: '{{valid_minutes}} min', u: '{{valid_until}}'}}\n"
    )
    gateway(server, tmp_path, text).send(make_message(MOBILE, expires_at=expires_at))
    sent = server.received[0]
    assert json.loads(sent.body) == {"n": minutes, "t": f"{minutes} min", "u": until}
    assert int(sent.path.partition("=")[2]) // 60 == minutes


@pytest.mark.parametrize(
    "answer", [Answer(400, '{"error": {"code": "bad_number"}}'), Answer(400, '{"error": {"code": 17}}')]
)
def test_a_number_that_the_gateway_refuses_is_undeliverable(
    server: HttpServer, tmp_path: Path, answer: Answer
) -> None:
    channel = gateway(server, tmp_path)
    server.answers.append(answer)

    assert refuse(channel, Undeliverable).reason == "sms_number_refused"


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (Answer(400, '{"error": {"code": "other"}}'), ("sms_400", False)),
        (Answer(200, '{"status": 9}'), ("sms_200", False)),
        (Answer(200, '{"status": 5}'), ("sms_answer_not_understood", True)),
        (Answer(200, "<html>sign in</html>"), ("sms_answer_not_understood", True)),
        (Answer(302, ""), ("sms_302", False)),
        (Answer(503, ""), ("sms_503", False)),
        *((Answer(each, '{"status": 0}'), (f"sms_{each}", True)) for each in (500, 501, 502, 504, 520)),
        (DROP, ("sms_no_reply", True)),
        (HANG, ("sms_no_reply", True)),
    ],
)
def test_any_other_answer_is_tried_again_and_doubted_if_it_may_mean_yes(
    server: HttpServer, tmp_path: Path, *, answer: Answer | str, meaning: tuple[str, bool]
) -> None:
    channel = gateway(server, tmp_path)
    server.answers.append(answer)

    refused = refuse(channel, Retryable)

    assert (refused.reason, refused.maybe_accepted) == meaning


def test_a_failure_that_the_file_explains_is_no_doubt(server: HttpServer, tmp_path: Path) -> None:
    channel = gateway(server, tmp_path, "url: {url}/\nretryable: [{{status: [500, 504]}}]\n")
    server.answers.extend(Answer(each, "down") for each in (500, 504, 502))

    assert [refuse(channel, Retryable).maybe_accepted for _ in range(3)] == [False, False, True]


def test_a_gateway_that_answers_in_plain_text_is_understood(server: HttpServer, tmp_path: Path) -> None:
    text = "url: {url}/\nsuccess: {{matches: '^OK (?P<id>[0-9]+)'}}\nundeliverable: [{{matches: '^KO 12'}}]\n"
    channel = gateway(server, tmp_path, text)
    server.answers.extend([Answer(200, "OK 778"), Answer(200, "KO 12 number"), Answer(200, "KO 99")])

    assert channel.send(make_message(MOBILE)) == "778"
    assert refuse(channel, Undeliverable).reason == "sms_number_refused"
    assert refuse(channel, Retryable).maybe_accepted is True


def test_without_any_rule_a_good_status_is_good(server: HttpServer, tmp_path: Path) -> None:
    channel = gateway(server, tmp_path, "url: {url}/\nmethod: GET\n")
    server.answers.append(Answer(204, ""))

    assert channel.send(make_message(MOBILE)) is None
    assert server.received[0].method == "GET"


def test_a_gateways_reports_are_read_as_its_file_says(server: HttpServer, tmp_path: Path) -> None:
    channel = gateway(server, tmp_path)
    assert isinstance(channel.provider, HttpGateway)
    places = channel.provider.gateway.report

    assert read_report(places, {"id": "m-1", "state": "UNDELIV"}) == SmsReport(
        "m-1", "bounced", "sms_bounced"
    )
    for nothing in ({"id": "m-1", "state": "NEW"}, {"state": "DELIVRD"}, {"id": "m-1", "state": []}, {}):
        assert read_report(places, nothing) is None
    assert read_report(None, {"id": "m-1", "state": "DELIVRD"}) is None


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("method: POST", {"url"}),
        ("url: http://sms.example.org/", {"url"}),
        ("url: ftp://sms.example.org/", {"url"}),
        ("url: https://{to}.example.org/", {"url"}),
        ("url: https://a.example/\nmethod: DELETE", {"method"}),
        ("url: https://a.example/\nurll: x", {"urll"}),
        ("url: https://a.example/\njson: {a: b}\nform: {a: b}", {"form"}),
        ("url: https://a.example/\nheaders: [a]", {"headers"}),
        ("url: https://a.example/\nform: {a: {b: c}}", {"form.a"}),
        ("url: https://a.example/\nsuccess: {status: ok}", {"success.status"}),
        ("url: https://a.example/\nsuccess: yes", {"success"}),
        ("url: https://a.example/\nsuccess: {matches: '('}", {"success.matches"}),
        ("url: https://a.example/\nundeliverable: {status: 400}", {"undeliverable"}),
        ("url: https://a.example/\nundeliverable: [{}]", {"undeliverable[1]"}),
        ("url: https://a.example/\nretryable: [{state: 1}]", {"retryable[1].state", "retryable[1]"}),
        ("url: https://a.example/\nid: [1]", {"id"}),
        ("url: https://a.example/\nreport: {ref: id}", {"report"}),
        ("url: https://a.example/\nreport: {ref: id, event: e, events: {A: arrived}}", {"report.events.A"}),
    ],
)
def test_an_unusable_description_is_refused_by_name(tmp_path: Path, text: str, places: set[str]) -> None:
    assert problems(tmp_path, text) == places


def test_a_missing_description_is_named(tmp_path: Path) -> None:
    with pytest.raises(DefinitionRejected) as rejected:
        read_gateway_file(tmp_path / "none.yaml")

    assert rejected.value.source.endswith("none.yaml")


def test_without_a_provider_there_is_no_channel(settings: Settings) -> None:
    assert find_sms_channel(settings) is None
    assert read_sms_report(settings, {"messageId": 1, "msg_status": "delivered"}) is None


def test_the_installation_chooses_the_provider(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(GATEWAY.format(url="https://sms.example.org"), encoding="utf-8")
    by_brevo = replace(settings, sms_provider="brevo", sms_sender="Suivi34", sms_key="secret-key")
    by_gateway = replace(by_brevo, sms_provider="gateway", sms_gateway=path)

    first, second = find_sms_channel(by_brevo), find_sms_channel(by_gateway)

    assert isinstance(first, SmsChannel)
    assert isinstance(second, SmsChannel)
    assert isinstance(first.provider, BrevoSms)
    assert isinstance(second.provider, HttpGateway)
    for shown in (repr(first), repr(second), repr(by_brevo)):
        assert "secret-key" not in shown
    assert read_sms_report(by_brevo, {"messageId": 1, "msg_status": "delivered"}) == SmsReport(
        "1", "delivered", "sms_delivered"
    )
    assert read_sms_report(by_gateway, {"id": "m", "state": "STOP"}) == SmsReport(
        "m", "unsubscribed", "sms_unsubscribed"
    )


def test_brevo_needs_a_key_and_a_gateway_its_file(settings: Settings) -> None:
    for provider, name in (("brevo", "PRO_APP_SMS_KEY"), ("gateway", "PRO_APP_SMS_GATEWAY")):
        with pytest.raises(SettingMissing) as missing:
            find_sms_channel(replace(settings, sms_provider=provider))
        assert missing.value.name == name
