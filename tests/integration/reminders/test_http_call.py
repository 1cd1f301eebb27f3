import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from http_world import DRIP, DROP, HANG, Answer, HttpServer, serve_http

from pro_app.reminders.connecting import MOST_ADDRESSES
from pro_app.reminders.http_call import Caller, HttpRequest, NoReply, NotReached, is_public

CALLER = Caller(connect_timeout_s=5, reply_timeout_s=0.5)


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with serve_http() as running:
        yield running


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[HttpServer]:
    with serve_http(tmp_path) as running:
        yield running


def post(url: str, **headers: str) -> HttpRequest:
    return HttpRequest("POST", url, headers, b"hello")


def test_a_request_arrives_whole_and_its_reply_comes_back(server: HttpServer) -> None:
    server.answers.append(Answer(202, "yes", {"Retry-After": "30", "X-Name": "a"}))

    reply = CALLER.call(post(server.url("/send?to=%2B33"), Authorization="Bearer x"))

    seen = server.received[0]
    assert (seen.method, seen.path, seen.body) == ("POST", "/send?to=%2B33", b"hello")
    assert seen.headers["authorization"] == "Bearer x"
    assert seen.headers["host"] == f"127.0.0.1:{server.port}"
    assert (reply.status, reply.body, reply.headers["x-name"], reply.retry_after_s) == (202, b"yes", "a", 30)


@pytest.mark.parametrize("written", ["", "soon", "-5", "Wed, 21 Oct 2026 07:28:00 GMT", "12345678", "٣"])
def test_a_wait_that_is_no_plain_number_of_seconds_is_not_read(server: HttpServer, written: str) -> None:
    headers = {"Retry-After": written} if written.isascii() else {}
    server.answers.append(Answer(429, "", headers))

    assert CALLER.call(post(server.url())).retry_after_s is None


def test_redirects_are_not_followed(server: HttpServer) -> None:
    server.answers.append(Answer(302, "", {"Location": "/elsewhere"}))

    assert CALLER.call(post(server.url())).status == 302
    assert len(server.received) == 1


def test_a_refused_connection_means_that_nothing_was_received() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    with pytest.raises(NotReached) as fault:
        CALLER.call(post(f"http://127.0.0.1:{port}/"))

    assert fault.value.reason == "unreachable"


def test_a_name_that_does_not_exist_means_that_nothing_was_received() -> None:
    with pytest.raises(NotReached) as fault:
        CALLER.call(post("https://no-such-host.invalid/"))

    assert fault.value.reason == "unreachable"


@pytest.mark.parametrize("how", [DROP, HANG])
def test_silence_after_the_request_left_is_a_doubt(server: HttpServer, how: str) -> None:
    server.answers.append(how)

    with pytest.raises(NoReply):
        CALLER.call(post(server.url()))

    assert len(server.received) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_reply_that_drips_for_ever_is_broken_off(tmp_path: Path, scheme: str) -> None:
    with serve_http(tmp_path if scheme == "https" else None) as server:
        server.answers.append(DRIP)
        caller = Caller(connect_timeout_s=5, reply_timeout_s=0.5, trusted=server.trusted)
        started = time.monotonic()

        with pytest.raises(NoReply):
            caller.call(post(server.url(host="localhost")))

    assert time.monotonic() - started < 5


def test_a_status_that_came_counts_although_its_text_breaks_off(server: HttpServer) -> None:
    server.answers.append(Answer(201, '{"id": "1234567890"}', cut=True))

    assert CALLER.call(post(server.url())).status == 201


def test_a_server_is_known_by_its_certificate(secure: HttpServer) -> None:
    trusting = Caller(5, 5, trusted=secure.trusted)
    assert trusting.call(post(secure.url(host="localhost"))).status == 200

    for caller, host in ((Caller(5, 5), "localhost"), (trusting, "127.0.0.1")):
        with pytest.raises(NotReached) as fault:
            caller.call(post(secure.url(host=host)))
        assert fault.value.reason == "tls_failed"
        assert isinstance(fault.value.__cause__, ssl.SSLCertVerificationError)

    assert len(secure.received) == 1


def test_a_plain_server_where_tls_is_expected_receives_nothing(server: HttpServer) -> None:
    with pytest.raises(NotReached) as fault:
        CALLER.call(post(f"https://127.0.0.1:{server.port}/"))

    assert (fault.value.reason, server.received) == ("tls_failed", [])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0"])  # noqa: S104 -- refused
def test_where_only_public_hosts_may_be_reached_ours_is_not(server: HttpServer, host: str) -> None:
    with pytest.raises(NotReached) as fault:
        Caller(5, 5, public_only=True).call(post(server.url(host=host)))

    assert (fault.value.reason, server.received) == ("not_public", [])


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "192.168.1.1", "172.16.0.1", "127.0.0.1", "0.0.0.0", "169.254.169.254", "100.64.0.1",  # noqa: S104
        "224.0.0.1", "255.255.255.255", "240.0.0.1", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::10.0.0.1", "2001:db8::1",
        "fec0::1", "feff::1", "4000::1", "64:ff9b:1::8.8.8.8",
    ],
)  # fmt: skip
def test_addresses_that_are_not_of_the_public_internet(address: str) -> None:
    assert not is_public(address)


def name_addresses(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every name have these addresses, in this order."""
    entries = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: entries)


@contextmanager
def nobody_answers(address: str, port: int = 0) -> Iterator[int]:
    """Listen with no room left, so that whoever connects waits for ever; gives the port."""
    with ExitStack() as opened:
        listening = opened.enter_context(socket.socket())
        listening.bind((address, port))
        listening.listen(0)
        port = listening.getsockname()[1]
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex((address if address != "0.0.0.0" else "127.0.0.1", port))  # noqa: S104 -- as below
        yield port


def test_a_name_with_many_dead_addresses_takes_one_connection_s_time(monkeypatch: pytest.MonkeyPatch) -> None:
    name_addresses(monkeypatch, *(f"127.0.1.{last}" for last in range(1, 200)))
    with nobody_answers("0.0.0.0") as port:  # noqa: S104 -- all of 127.0.0.0/8 is meant
        started = time.monotonic()
        with pytest.raises(NotReached) as fault:
            Caller(connect_timeout_s=0.6, reply_timeout_s=5).call(post(f"http://many.example:{port}/"))
        lasted = time.monotonic() - started
    assert 0.5 < lasted < 3
    assert fault.value.reason == "unreachable"


def test_a_dead_address_leaves_time_for_the_next_one(
    monkeypatch: pytest.MonkeyPatch, server: HttpServer
) -> None:
    name_addresses(monkeypatch, "127.0.0.2", "127.0.0.1")
    with nobody_answers("127.0.0.2", server.port):
        assert CALLER.call(post(server.url(host="two.example"))).status == 200


def test_only_a_few_addresses_of_a_name_are_tried(
    monkeypatch: pytest.MonkeyPatch, server: HttpServer
) -> None:
    refusing = [f"127.0.0.{last}" for last in range(2, 2 + MOST_ADDRESSES)]
    name_addresses(monkeypatch, *refusing, "127.0.0.1")
    with pytest.raises(NotReached):
        CALLER.call(post(server.url(host="many.example")))
    name_addresses(monkeypatch, *refusing[1:], "127.0.0.1")
    assert CALLER.call(post(server.url(host="few.example"))).status == 200


def test_a_name_that_is_looked_up_for_ever_takes_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(20) and [])
    started = time.monotonic()
    with pytest.raises(NotReached) as fault:
        Caller(connect_timeout_s=0.3, reply_timeout_s=5).call(post("https://slow.example/"))
    assert time.monotonic() - started < 3
    assert fault.value.reason == "unreachable"
    released.set()


def test_a_server_that_connects_and_never_greets_takes_no_longer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with pytest.raises(NotReached) as fault:
            Caller(0.4, 5).call(post(f"https://127.0.0.1:{silent.getsockname()[1]}/"))
    assert time.monotonic() - started < 3
    assert fault.value.reason == "tls_failed"


def test_both_families_of_addresses_are_tried_although_many_of_one_come_first(
    monkeypatch: pytest.MonkeyPatch, server: HttpServer
) -> None:
    name_addresses(monkeypatch, *(f"2001:db8::{last}" for last in range(1, 9)), "127.0.0.1")
    assert CALLER.call(post(server.url(host="both.example"))).status == 200


@pytest.mark.parametrize("address", ["8.8.8.8", "2a00:1450:4007::1", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"])
def test_addresses_of_the_public_internet(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url", ["ftp://example.org/", "https:///x", "https://a:b/", "https://example.org/ x"]
)
def test_an_address_that_cannot_be_called_is_never_called(url: str) -> None:
    with pytest.raises(NotReached) as fault:
        CALLER.call(post(url))

    assert fault.value.reason == "request_unusable"


def test_a_header_cannot_smuggle_another_one(server: HttpServer) -> None:
    with pytest.raises(NotReached):
        CALLER.call(post(server.url(), **{"X-Key": "a\r\nX-Other: b"}))

    assert server.received == []


def test_nothing_of_a_request_or_reply_stands_in_its_repr() -> None:
    assert "secret" not in repr(post("https://example.org/secret", Key="secret"))
