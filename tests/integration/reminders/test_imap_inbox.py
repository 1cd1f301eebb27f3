"""Reading the mailbox of a real IMAP server, which runs in a process of its own."""

import imaplib
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from certificates import write_certificate
from returned_mail import postfix_bounce, unsubscription

from pro_app.reminders.incoming.mailbox import IncomingMail, MailboxUnreachable, open_inbox

HOST = "localhost"
USER, PASSWORD = "retours@suivi.example.org", "p/w: ü"
PATIENCE_S = 30


@pytest.fixture
def server_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Start pymap with TLS on a free port of this machine, with a certificate that this process trusts."""
    certificate, key = write_certificate(tmp_path, HOST)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    port = find_free_port()
    server = subprocess.Popen(
        [
            *(str(Path(sys.executable).with_name("pymap")), "--host", "127.0.0.1", "--port", str(port)),
            *("--cert", str(certificate), "--key", str(key)),
            *("dict", "--demo-user", USER, "--demo-password", PASSWORD),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_open(port)
        yield port
    finally:
        server.terminate()
        server.wait(PATIENCE_S)


def find_free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


def wait_until_open(port: int) -> None:
    for _ in range(PATIENCE_S * 10):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("the IMAP server did not start")


@contextmanager
def signed_in(port: int) -> Iterator[imaplib.IMAP4]:
    """Sign in as another mail program would."""
    client = imaplib.IMAP4(HOST, port)
    client.starttls(ssl.create_default_context())
    client.authenticate("PLAIN", lambda _: b"\0%s\0%s" % (USER.encode(), PASSWORD.encode()))
    client.select("INBOX")
    yield client
    client.logout()


def put(port: int, *mails: bytes) -> None:
    with signed_in(port) as client:
        for mail in mails:
            client.append("INBOX", "", "", mail)


def flags(port: int) -> list[set[str]]:
    with signed_in(port) as client:
        _, found = client.fetch("1:*", "(FLAGS)")
        return [{flag.decode() for flag in imaplib.ParseFlags(line)} - {"\\Recent"} for line in found if line]


def address(port: int, *, password: str = quote(PASSWORD, safe=""), host: str = HOST) -> str:
    return f"imap://retours%40suivi.example.org:{password}@{host}:{port}/INBOX"


def read(port: int) -> list[IncomingMail]:
    with open_inbox(address(port)) as inbox:
        return list(inbox.list_unread())


def test_mails_are_read_once_marked_and_kept_as_they_were(server_port: int) -> None:
    mails = [postfix_bounce("retours+b-x@suivi.example.org"), unsubscription("retours+u-x@suivi.example.org")]
    put(server_port, *mails)
    assert [mail.raw for mail in read(server_port)] == mails
    assert flags(server_port) == [set(), set()]  # looking at them marks nothing
    with open_inbox(address(server_port)) as inbox:
        first, second = inbox.list_unread()
        inbox.mark_read(first, flagged=False)
        inbox.mark_read(second, flagged=True)
    assert flags(server_port) == [{"\\Seen"}, {"\\Seen", "\\Flagged"}]
    assert read(server_port) == []


def test_what_others_have_marked_as_deleted_is_left_alone(server_port: int) -> None:
    put(server_port, unsubscription("a@suivi.example.org"), unsubscription("b@suivi.example.org"))
    with signed_in(server_port) as client:
        client.store("1", "+FLAGS", r"(\Deleted)")
    with open_inbox(address(server_port)) as inbox:
        for mail in inbox.list_unread():
            inbox.mark_read(mail, flagged=False)
    assert [("\\Deleted" in each) for each in flags(server_port)] == [True, False]


def test_a_mail_that_arrives_later_is_found_the_next_time(server_port: int) -> None:
    assert read(server_port) == []
    put(server_port, unsubscription("a@suivi.example.org"))
    assert len(read(server_port)) == 1


@pytest.mark.parametrize("folder", ["", "/INBOX"])
def test_without_a_folder_it_is_the_inbox(server_port: int, folder: str) -> None:
    put(server_port, unsubscription("a@suivi.example.org"))
    with open_inbox(address(server_port).removesuffix("/INBOX") + folder) as inbox:
        assert len(list(inbox.list_unread())) == 1


@pytest.mark.parametrize("fault", ["password", "folder", "certificate", "port"])
def test_whatever_keeps_us_out_is_one_named_fault_without_the_password(server_port: int, fault: str) -> None:
    url = {
        "password": address(server_port, password="wrong"),
        "folder": address(server_port).replace("/INBOX", "/Nowhere"),
        "certificate": address(server_port, host="127.0.0.1"),
        "port": address(find_free_port()),
    }[fault]
    with pytest.raises(MailboxUnreachable) as refused, open_inbox(url):
        pass
    assert PASSWORD not in str(refused.value)
    assert "%2F" not in str(refused.value)
