import json

import pytest
from browsers import Browser, encode

from pro_app.contacts.push_subscription import LONGEST, check_push_service, parse_subscription
from pro_app.errors import InputRejected

BROWSER = Browser()


def test_a_subscription_is_read_and_written_without_anything_else_that_was_in_it() -> None:
    read = parse_subscription(BROWSER.subscription(extra="something"))

    assert (read.endpoint, read.public_key) == (BROWSER.endpoint, BROWSER.public_key)
    assert parse_subscription(read.to_json()) == read
    assert sorted(json.loads(read.to_json())) == ["endpoint", "keys"]
    assert "push.example.org" not in repr(read)


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{}", "{", "[" * 3000, '"x"', " " * (LONGEST + 1),
        BROWSER.subscription(endpoint=None), BROWSER.subscription(endpoint="http://push.example.org/"),
        BROWSER.subscription(endpoint="https:///x"), BROWSER.subscription(endpoint="https://a b/"),
        BROWSER.subscription(endpoint="https://a.example/é"), BROWSER.subscription(endpoint="https://a.example:x/"),
        BROWSER.subscription(endpoint="https://a.example/\r\nX: y"),
        BROWSER.subscription(endpoint="https://a.example/" + "x" * 2000),
        BROWSER.subscription(keys=None), BROWSER.subscription(keys={}), BROWSER.subscription(keys=[1, 2]),
        BROWSER.subscription(keys={"p256dh": encode(b"\x04" + b"x" * 64), "auth": encode(b"x" * 16)}),
        BROWSER.subscription(keys={"p256dh": encode(BROWSER.public_key), "auth": encode(b"x" * 15)}),
        BROWSER.subscription(keys={"p256dh": encode(BROWSER.public_key), "auth": "!"}),
        BROWSER.subscription(keys={"p256dh": "AAAAA", "auth": encode(b"x" * 16)}),
    ],
)  # fmt: skip
def test_what_cannot_be_encrypted_or_sent_to_is_refused(text: str) -> None:
    with pytest.raises(InputRejected) as refused:
        parse_subscription(text)

    assert [problem.place for problem in refused.value.problems] == ["subscription"]


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc", "https://updates.push.services.mozilla.com/wpush/v2/x",
        "https://web.push.apple.com/QGuQ", "https://par02p.notify.windows.com/w/?token=a",
        "https://push.example.org:443/x", "https://xn--bcher-kva.example/x",
    ],
)  # fmt: skip
def test_public_push_services_are_accepted(endpoint: str) -> None:
    check_push_service(parse_subscription(BROWSER.subscription(endpoint=endpoint)))


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://127.0.0.1/x", "https://10.0.0.1/x", "https://[::1]/x", "https://8.8.8.8/x", "https://2130706433/x",
        "https://0x7f.1/x", "https://localhost/x", "https://intranet/x", "https://db.local/x",
        "https://a.localhost/x", "https://metadata.google.internal/x", "https://push.example.org:8443/x",
        "https://user@push.example.org/x", "https://user:pw@push.example.org/x", "https://push.example.org./x",
    ],
)  # fmt: skip
def test_an_address_of_our_own_network_is_refused(endpoint: str) -> None:
    with pytest.raises(InputRejected):
        check_push_service(parse_subscription(BROWSER.subscription(endpoint=endpoint)))
