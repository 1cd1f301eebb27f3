import re
from base64 import b64encode
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returned_mail import (
    OUR_ID,
    absence,
    complaint,
    exchange_bounce,
    postfix_bounce,
    qmail_bounce,
    unsubscription,
)

from pro_app.reminders.incoming.parse import MailReport, blames_address, parse_mail
from pro_app.reminders.reply_tokens import NamedMessage, make_reply_token, read_reply_token

SECRET, MESSAGE = "a secret of the tests", 4711
TOKEN = make_reply_token(SECRET, MESSAGE)
BOUNCES_TO = f"retours+b-{TOKEN}@suivi.example.org"
STOPS_TO = f"retours+u-{TOKEN}@suivi.example.org"


def read(raw: bytes) -> MailReport:
    report = parse_mail(raw)
    assert report is not None
    return report


def test_a_bounce_of_postfix_names_message_and_fault() -> None:
    assert read(postfix_bounce(BOUNCES_TO)) == MailReport("bounced", TOKEN, OUR_ID, "5.1.1")


def test_a_bounce_of_exchange_names_message_and_fault() -> None:
    assert read(exchange_bounce(BOUNCES_TO)) == MailReport("bounced", TOKEN, OUR_ID, "5.1.10")


def test_a_bounce_older_than_the_standard_is_known_too() -> None:
    assert read(qmail_bounce(BOUNCES_TO)) == MailReport("bounced", TOKEN, OUR_ID, None)


@pytest.mark.parametrize("make", [postfix_bounce, exchange_bounce, qmail_bounce, complaint])
def test_the_returned_message_id_names_the_message_where_the_address_does_not(
    make: Callable[[str], bytes],
) -> None:
    report = read(make("ne-pas-repondre@example.org"))
    assert (report.token, report.message_id) == (None, OUR_ID)


@pytest.mark.parametrize(
    ("action", "status", "kind", "blames"),
    [
        ("failed", "5.1.1", "bounced", True),
        ("failed", "5.2.1", "bounced", True),
        ("failed", "5.4.1", "bounced", True),
        ("failed", "5.1.6", "bounced", True),
        ("failed", "5.4.4", "bounced", False),
        ("failed", "5.4.6", "bounced", False),
        ("failed", "5.4.7", "bounced", False),
        ("failed", "5.4.14", "bounced", False),
        ("failed", "5.1.7", "bounced", False),
        ("failed", "5.1.8", "bounced", False),
        ("failed (mailbox unknown)", "5.1.1", "bounced", True),
        ("error", "5.0.0", "bounced", True),
        ("failed", "5.2.2", "bounced", False),
        ("failed", "5.7.1", "bounced", False),
        ("failed", "4.4.7", "bounced", False),
        ("delayed", "4.4.1", "delayed", False),
        ("delivered", "2.0.0", "delivered", False),
        ("relayed", "2.0.0", "delivered", False),
    ],
)
def test_action_and_status_say_whether_the_address_will_ever_work(
    *, action: str, status: str, kind: str, blames: bool
) -> None:
    report = read(postfix_bounce(BOUNCES_TO, action=action, status=status))
    assert (report.kind, report.status, report.blames_address) == (kind, status, blames)


def test_a_bounce_without_any_code_blames_the_address() -> None:
    assert blames_address(None)


def test_a_mail_to_the_address_for_stopping_is_a_wish_to_stop() -> None:
    assert read(unsubscription(STOPS_TO)) == MailReport("unsubscribed", TOKEN, None)
    assert read(unsubscription(STOPS_TO.upper())).token == TOKEN
    assert read(unsubscription(f'"Retours" <{STOPS_TO}>', sender="")).kind == "unsubscribed"


def test_a_mail_to_the_address_for_bounces_is_no_wish_to_stop() -> None:
    assert parse_mail(unsubscription(BOUNCES_TO)) is None


@pytest.mark.parametrize("kind", ["abuse", "Fraud"])
def test_a_complaint_is_known_for_one(kind: str) -> None:
    assert read(complaint(BOUNCES_TO, kind=kind)) == MailReport("complained", TOKEN, OUR_ID)


def test_a_provider_that_passes_on_a_wish_to_stop_reports_no_complaint() -> None:
    assert read(complaint(BOUNCES_TO, kind="opt-out")).kind == "unsubscribed"


@pytest.mark.parametrize("kind", ["auth-failure", "not-spam", "virus", "other", "dmarc", ""])
def test_feedback_that_is_not_the_reader_s_word_is_no_complaint_and_left_to_a_human(kind: str) -> None:
    assert parse_mail(complaint(BOUNCES_TO, kind=kind)) is None


@pytest.mark.parametrize("domain", ["x\x00y", "a b", "x_y", "<b>", "é"])
def test_a_message_id_holds_only_what_can_stand_in_the_name_of_a_machine(domain: str) -> None:
    inner = b64encode(f"Message-ID: <{'a' * 40}@{domain}>\r\n".encode()).decode()
    bounce = postfix_bounce(BOUNCES_TO).decode()
    start = bounce.index("Content-Type: text/rfc822-headers")
    end = bounce.index("--4F1A2", start)
    headers = "Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    report = read((bounce[:start] + headers + inner + "\r\n" + bounce[end:]).encode())
    assert report.message_id is None or re.fullmatch("a{40}@[a-z0-9.-]+", report.message_id)


def test_beyond_128_kib_nothing_is_looked_for() -> None:
    def bounce(length: int) -> bytes:
        return qmail_bounce("ne-pas-repondre@example.org").replace(
            b"Message-ID:", b"X: y\r\n" * (length // 6) + b"Message-ID:"
        )

    assert read(bounce(100 * 1024)).message_id == OUR_ID
    assert parse_mail(bounce(130 * 1024)) is None


def test_the_answer_of_somebody_who_is_away_is_no_bounce_whatever_it_says() -> None:
    assert read(absence(BOUNCES_TO)).kind == "answered"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"From: a@example.fr\r\nTo: retours@suivi.example.org\r\nSubject: Question\r\n\r\nBonjour\r\n",
        b"To: retours+b-short@suivi.example.org\r\n\r\nx",
    ],
)
def test_a_mail_that_says_nothing_about_our_messages_says_nothing(raw: bytes) -> None:
    assert parse_mail(raw) is None


def test_a_bounce_of_somebody_else_s_mail_is_not_ours() -> None:
    other = postfix_bounce("retours@suivi.example.org").replace(OUR_ID.encode(), b"else@example.fr")
    assert parse_mail(other) is None


def test_parts_nested_without_end_do_no_harm() -> None:
    nested = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (level, level)
        for level in range(3000)
    )
    assert parse_mail(nested) is None


@given(raw=st.binary(max_size=600))
def test_no_bytes_at_all_make_it_fail(raw: bytes) -> None:
    parse_mail(raw)


MADE = (
    postfix_bounce(BOUNCES_TO),
    exchange_bounce(BOUNCES_TO),
    qmail_bounce(BOUNCES_TO),
    complaint(BOUNCES_TO),
    unsubscription(STOPS_TO),
)


@given(raw=st.sampled_from(MADE), at=st.floats(0, 1), cut=st.integers(0, 60), put=st.binary(max_size=40))
def test_a_damaged_report_is_read_or_not_but_never_fails_and_never_names_another_message(
    *, raw: bytes, at: float, cut: int, put: bytes
) -> None:
    place = int(len(raw) * at)
    report = parse_mail(raw[:place] + put + raw[place + cut :])
    told = report.token if report else None
    assert told is None or read_reply_token(SECRET, told) in {None, NamedMessage(MESSAGE, 0)}
