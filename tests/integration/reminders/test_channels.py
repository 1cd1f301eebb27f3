import mailbox
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from reminders_world import MailServer

from pro_app.errors import SettingMissing
from pro_app.reminders.channels import find_channel
from pro_app.reminders.channels.email import PREPARING_S, REPLY_TIMEOUT_S, TIMEOUT_S, EmailChannel
from pro_app.reminders.channels.maildir import MaildirChannel
from pro_app.reminders.outbox.attempts import LEASE
from pro_app.reminders.outgoing import OutgoingMessage, Retryable, Undeliverable
from pro_app.settings import Settings

MESSAGE = OutgoingMessage(
    address="a.dupont@example.fr",
    sender_label="Suivi « été », 34",
    subject="Votre questionnaire est prêt",
    text="Bonjour,\n\nUne ligne.\n.\n" + "Une très longue ligne avec des accents éèà. " * 20 + "\n",
    short_text="Suivi 34 : un questionnaire vous attend.",
    language="fr",
    message_id="<0123456789abcdef@suivi.example.org>",
    reply_token="1z0123456789abcdef0123",
    at=datetime(2026, 3, 2, 9, tzinfo=UTC),
)
SENDER = "ne-pas-repondre@example.org"
Smtp = Callable[..., EmailChannel]


@pytest.fixture
def smtp(mail_server: MailServer) -> Iterator[Smtp]:
    opened: list[EmailChannel] = []

    def open_channel(**changes: object) -> EmailChannel:
        channel = EmailChannel("127.0.0.1", mail_server.port, SENDER, timeout_s=5)
        opened.append(replace(channel, **changes))  # type: ignore[arg-type]  # a test's own keywords
        return opened[-1]

    yield open_channel
    for channel in opened:
        channel.rest()


def test_smtp_and_maildir_carry_the_same_message(mail_server: MailServer, smtp: Smtp, tmp_path: Path) -> None:
    smtp().send(MESSAGE)
    MaildirChannel(tmp_path / "mail", SENDER).send(MESSAGE)
    (kept,) = mailbox.Maildir(tmp_path / "mail")
    (sent,) = mail_server.accepted
    assert [(name, str(value)) for name, value in sent.items() if not name.startswith("X-")] == [
        (name, str(value)) for name, value in mail_from(kept).items()
    ]
    assert sent.get_content().replace("\r\n", "\n") == MESSAGE.text
    assert mail_from(kept).get_content().replace("\r\n", "\n") == MESSAGE.text


def mail_from(kept: mailbox.MaildirMessage) -> EmailMessage:
    parsed = message_from_bytes(kept.as_bytes(), policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_a_label_with_accents_and_commas_stays_one_sender(mail_server: MailServer, smtp: Smtp) -> None:
    smtp().send(MESSAGE)
    (address,) = mail_server.accepted[0]["From"].addresses
    assert (address.display_name, address.addr_spec) == (MESSAGE.sender_label, SENDER)


@pytest.mark.parametrize(
    "change",
    [
        {"address": "a.dupont@example.fr\nBcc: other@example.fr"},
        {"address": "no address"},
        {"address": "rené@example.fr"},
        {"sender_label": "Suivi\nBcc: other@example.fr"},
        {"subject": "Votre\r\nBcc: other@example.fr"},
    ],
)
def test_what_would_add_a_header_or_is_no_address_is_undeliverable(
    mail_server: MailServer, smtp: Smtp, change: dict[str, str]
) -> None:
    with pytest.raises(Undeliverable) as refused:
        smtp().send(replace(MESSAGE, **change))
    assert refused.value.reason == "address_unusable"
    assert mail_server.accepted == []


@pytest.mark.parametrize(
    ("answer", "refusal", "reason"),
    [
        ("RCPT 450 4.2.1 busy", Retryable, "smtp_450"),
        ("RCPT 550 5.1.1 a.dupont@example.fr unknown", Undeliverable, "smtp_550"),
        ("DATA 451 4.3.0 later", Retryable, "smtp_451"),
        ("RCPT 550 5.4.1 no access, Exchange's word for unknown", Undeliverable, "smtp_550"),
        ("RCPT 550 no such user here", Undeliverable, "smtp_550"),
        ("RCPT 550 5.1.1 too many messages for nobody", Undeliverable, "smtp_550"),
        ("DATA 554 no thanks", Undeliverable, "smtp_554"),
        ("DROP", Retryable, "no_reply_after_text"),
    ],
)
def test_each_answer_of_the_server_means_what_it_means(
    mail_server: MailServer, smtp: Smtp, *, answer: str, refusal: type[Exception], reason: str
) -> None:
    mail_server.answers.append(answer)
    with pytest.raises(refusal) as refused:
        smtp().send(MESSAGE)
    assert refused.value.reason == reason  # type: ignore[attr-defined]  # both carry one
    assert getattr(refused.value, "maybe_accepted", False) == (answer == "DROP")


@pytest.mark.parametrize(
    "answer",
    [
        "RCPT 554 5.7.1 <a.dupont@example.fr>: Relay access denied",
        "RCPT 550 5.7.1 sending rate exceeded",
        "RCPT 552 5.3.4 too big",
        "RCPT 503 5.5.1 out of order",
        "RCPT 530 authentication required",
        "RCPT 550 relaying denied",
        "RCPT 550 Rate limit reached",
        "RCPT 550 5.1.8 sender address rejected: domain not found",
        "DATA 550 5.7.26 this mail is unauthenticated",
    ],
)
def test_a_final_refusal_of_us_and_not_of_the_recipient_is_tried_again_and_holds_up_the_domain(
    mail_server: MailServer, smtp: Smtp, answer: str
) -> None:
    mail_server.answers.append(answer)
    with pytest.raises(Retryable) as refused:
        smtp().send(MESSAGE)
    assert (refused.value.scope, refused.value.maybe_accepted) == ("queue", False)
    assert refused.value.reason == f"smtp_policy_{answer.split()[1]}"


def test_a_domain_with_accents_is_written_as_the_name_system_knows_it(
    mail_server: MailServer, smtp: Smtp, tmp_path: Path
) -> None:
    message = replace(MESSAGE, address="a.dupont@société.fr")
    smtp().send(message)
    MaildirChannel(tmp_path / "mail", SENDER).send(message)
    (kept,) = mailbox.Maildir(tmp_path / "mail")
    assert mail_server.accepted[0]["To"] == kept["To"] == "a.dupont@xn--socit-esab.fr"
    with pytest.raises(Undeliverable):
        MaildirChannel(tmp_path / "mail", SENDER).send(replace(MESSAGE, address="rené@example.fr"))


def test_a_server_that_thinks_longer_than_any_step_may_take_is_waited_for(
    mail_server: MailServer, smtp: Smtp
) -> None:
    mail_server.thinks_s = 1
    smtp(timeout_s=0.5).send(MESSAGE)
    assert len(mail_server.accepted) == 1


def test_the_longest_attempt_ends_before_somebody_else_may_have_the_message() -> None:
    steps_beyond = 4 * TIMEOUT_S  # signing in and saying goodbye are not cut short
    assert timedelta(seconds=PREPARING_S + steps_beyond + REPLY_TIMEOUT_S) < LEASE


def test_after_two_silences_in_a_row_the_others_wait_for_the_next_round_and_are_not_in_doubt(
    mail_server: MailServer, smtp: Smtp
) -> None:
    channel = smtp(reply_timeout_s=0.3)
    mail_server.answers.extend(["HANG", "DATA 250 OK", "HANG", "HANG"])
    doubts = []
    for _ in range(5):
        try:
            channel.send(MESSAGE)
        except Retryable as refused:
            doubts.append((refused.reason, refused.maybe_accepted, refused.scope))
    silent, left_alone = ("no_reply_after_text", True, "message"), ("smtp_silent", False, "channel")
    assert doubts == [silent, silent, silent, left_alone]
    assert len(mail_server.accepted) == 4

    channel.rest()
    mail_server.answers.append("HANG")
    for expected in (silent, left_alone):
        with pytest.raises(Retryable) as refused:
            channel.send(MESSAGE)
        assert (refused.value.reason, refused.value.maybe_accepted, refused.value.scope) == expected

    channel.rest()
    channel.send(MESSAGE)
    assert len(mail_server.accepted) == 6


def test_a_server_that_does_not_answer_after_the_text_leaves_it_open(
    mail_server: MailServer, smtp: Smtp
) -> None:
    mail_server.answers.append("HANG")
    with pytest.raises(Retryable) as refused:
        smtp(reply_timeout_s=0.5).send(MESSAGE)
    assert refused.value.maybe_accepted


def test_a_password_is_never_sent_without_encryption(mail_server: MailServer, smtp: Smtp) -> None:
    with pytest.raises(Retryable) as refused:
        smtp(user="me", password="secret").send(MESSAGE)
    assert refused.value.reason == "smtp_not_encrypted"
    assert mail_server.accepted == []


def test_an_encrypted_connection_to_a_server_that_has_none_is_retryable(smtp: Smtp) -> None:
    with pytest.raises(Retryable) as refused:
        smtp(encrypted=True).send(MESSAGE)
    assert refused.value.reason == "smtp_tls_failed"


@pytest.mark.parametrize(
    ("url", "host", "port", "encrypted"),
    [
        ("smtp://mail.example.org", "mail.example.org", 25, False),
        ("smtp://mail.example.org:2525", "mail.example.org", 2525, False),
        ("smtps://mail.example.org", "mail.example.org", 465, True),
    ],
)
def test_the_mail_address_names_the_server(
    settings: Settings, *, url: str, host: str, port: int, encrypted: bool
) -> None:
    channel = find_channel(replace(settings, mail_url=url))
    assert isinstance(channel, EmailChannel)
    assert (channel.host, channel.port, channel.encrypted, channel.user) == (host, port, encrypted, None)


def test_user_and_password_may_hold_any_character(settings: Settings) -> None:
    channel = find_channel(replace(settings, mail_url="smtps://me%40x:p%2Fw%3A@mail.example.org"))
    assert isinstance(channel, EmailChannel)
    assert (channel.user, channel.password) == ("me@x", "p/w:")


@pytest.mark.parametrize("url", ["", "mail.example.org", "http://x", "smtp://", "smtp://h:port", "maildir:"])
def test_an_unusable_mail_address_is_named_at_the_start(settings: Settings, url: str) -> None:
    with pytest.raises(SettingMissing) as missing:
        find_channel(replace(settings, mail_url=url))
    assert missing.value.name == "PRO_APP_MAIL_URL"


def test_a_folder_that_cannot_be_written_is_retryable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(Retryable):
        MaildirChannel(tmp_path / "file" / "mail", SENDER).send(MESSAGE)
