import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from certificates import write_certificate
from reminders_world import AnyPortController, MailServer

from pro_app.reminders.channels.email import MOST_PER_CONNECTION, EmailChannel
from pro_app.reminders.outgoing import OutgoingMessage, Retryable, Undeliverable

MESSAGE = OutgoingMessage(
    address="a.dupont@example.fr",
    sender_label="Suivi 34",
    subject="Votre questionnaire est prêt",
    text="Bonjour,\n\n.\n..\n.point\nFin.\n",
    short_text="Suivi 34 : un questionnaire vous attend.",
    language="fr",
    message_id="<0123456789abcdef@suivi.example.org>",
    reply_token="1z0123456789abcdef0123",
    at=datetime(2026, 3, 2, 9, tzinfo=UTC),
)
SENDER = "ne-pas-repondre@example.org"


class Observer(MailServer):
    """A server that also counts its connections and drops them where a test says so, before any text."""

    def __init__(self) -> None:
        super().__init__()
        self.connections: set[int] = set()
        self.begun: list[str] = []
        self.drop_at: list[str] = []

    async def handle_EHLO(  # noqa: N802, PLR0917 -- aiosmtpd's
        self, server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Greet."""
        session.host_name = hostname
        self.connections.add(id(session))
        return self._drop(server, "EHLO", responses)

    async def handle_MAIL(  # noqa: N802, PLR0917 -- aiosmtpd's
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take note of a sender."""
        self.begun.append(address)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self._drop(server, "MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802, PLR0917 -- aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer to a recipient."""
        self._drop(server, "RCPT", "")
        return await super().handle_RCPT(server, session, envelope, address, options)

    def _drop(self, server: SMTP, step: str, otherwise: Any) -> Any:  # noqa: ANN401 -- whatever the step answers
        if self.drop_at and self.drop_at[0] == step:
            self.drop_at.pop(0)
            server.transport.abort()
        return otherwise


@pytest.fixture
def observer() -> Iterator[Observer]:
    handler = Observer()
    handler.controller = AnyPortController(handler, hostname="127.0.0.1", port=0)
    handler.controller.start()
    yield handler
    handler.stop()


Opening = Callable[..., EmailChannel]


@pytest.fixture
def open_channel() -> Iterator[Opening]:
    opened: list[EmailChannel] = []

    def make(port: int, host: str = "127.0.0.1", **changes: object) -> EmailChannel:
        opened.append(replace(EmailChannel(host, port, SENDER, timeout_s=5), **changes))  # type: ignore[arg-type]  # a test's own keywords
        return opened[-1]

    yield make
    for channel in opened:
        channel.rest()


def test_messages_share_a_connection_until_the_channel_rests(
    observer: Observer, open_channel: Opening
) -> None:
    channel = open_channel(observer.port)
    for _ in range(5):
        channel.send(MESSAGE)
    assert (len(observer.accepted), len(observer.connections)) == (5, 1)
    channel.rest()
    channel.send(MESSAGE)
    assert len(observer.connections) == 2


def test_a_connection_does_not_carry_messages_without_end(observer: Observer, open_channel: Opening) -> None:
    channel = open_channel(observer.port)
    for _ in range(MOST_PER_CONNECTION + 1):
        channel.send(MESSAGE)
    assert (len(observer.accepted), len(observer.connections)) == (MOST_PER_CONNECTION + 1, 2)


@pytest.mark.parametrize("answer", ["RCPT 550 5.1.1 no", "RCPT 450 4.2.1 no", "DATA 554 no", "DATA 451 no"])
def test_after_a_refusal_the_next_message_goes_over_the_same_connection_untouched(
    observer: Observer, open_channel: Opening, answer: str
) -> None:
    channel = open_channel(observer.port)
    observer.answers.append(answer)
    with pytest.raises((Undeliverable, Retryable)):
        channel.send(MESSAGE)
    channel.send(replace(MESSAGE, address="b.martin@example.fr"))
    assert [str(message["To"]) for message in observer.accepted] == ["b.martin@example.fr"]
    assert len(observer.connections) == 1


@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
def test_a_kept_connection_that_has_ended_is_replaced_without_a_word(
    observer: Observer, open_channel: Opening, step: str
) -> None:
    channel = open_channel(observer.port)
    channel.send(MESSAGE)
    observer.drop_at.append(step)
    channel.send(MESSAGE)
    assert (len(observer.accepted), len(observer.connections)) == (2, 2)


def test_a_server_that_was_restarted_in_between_is_met_anew(
    observer: Observer, open_channel: Opening
) -> None:
    channel = open_channel(observer.port)
    channel.send(MESSAGE)
    port = observer.port
    assert observer.controller is not None
    observer.controller.stop()
    observer.controller = Controller(observer, hostname="127.0.0.1", port=port)
    observer.controller.start()
    channel.send(MESSAGE)
    assert len(observer.accepted) == 2


@pytest.mark.parametrize("step", ["EHLO", "MAIL", "RCPT"])
def test_a_connection_dropped_before_the_text_leaves_nothing_open(
    observer: Observer, open_channel: Opening, step: str
) -> None:
    observer.drop_at.extend([step, step])
    with pytest.raises(Retryable) as refused:
        open_channel(observer.port).send(MESSAGE)
    assert (refused.value.reason, refused.value.maybe_accepted) == ("smtp_unreachable", False)
    assert refused.value.scope == ("channel" if step == "EHLO" else "message")
    assert observer.accepted == []


@pytest.mark.parametrize("before", [0, 1])
def test_a_connection_dropped_after_the_last_line_leaves_it_open_and_is_not_tried_again_at_once(
    observer: Observer, open_channel: Opening, before: int
) -> None:
    channel = open_channel(observer.port)
    for _ in range(before):
        channel.send(MESSAGE)
    observer.answers.append("DROP")
    with pytest.raises(Retryable) as refused:
        channel.send(MESSAGE)
    assert refused.value.maybe_accepted
    assert len(observer.accepted) == before + 1


@pytest.mark.parametrize(
    ("answer", "scope"),
    [
        ("RCPT 450 4.2.1 mailbox busy", "message"),
        ("RCPT 452 4.1.1 odd", "message"),
        ("RCPT 451 4.7.1 too many messages", "queue"),
        ("DATA 452 4.3.1 full", "queue"),
        ("RCPT 450 later", "queue"),
    ],
)
def test_a_refusal_for_now_says_whether_the_whole_domain_should_wait(
    observer: Observer, open_channel: Opening, *, answer: str, scope: str
) -> None:
    observer.answers.append(answer)
    with pytest.raises(Retryable) as refused:
        open_channel(observer.port).send(MESSAGE)
    assert refused.value.scope == scope


def test_lines_of_dots_arrive_as_they_were_written(observer: Observer, open_channel: Opening) -> None:
    open_channel(observer.port).send(MESSAGE)
    assert observer.accepted[0].get_content().replace("\r\n", "\n") == MESSAGE.text


def test_with_an_address_that_we_read_bounces_and_wishes_lead_back_to_the_message(
    observer: Observer, open_channel: Opening
) -> None:
    open_channel(observer.port, reply_address="retours@suivi.example.org").send(MESSAGE)
    (message,) = observer.accepted
    assert observer.senders == ["retours+b-1z0123456789abcdef0123@suivi.example.org"]
    assert (
        message["List-Unsubscribe"]
        == "<mailto:retours+u-1z0123456789abcdef0123@suivi.example.org?subject=stop>"
    )
    assert message["List-Unsubscribe-Post"] is None
    assert message["From"] == "Suivi 34 <ne-pas-repondre@example.org>"


def test_without_one_the_sender_is_the_sender_and_nothing_is_offered(
    observer: Observer, open_channel: Opening
) -> None:
    open_channel(observer.port).send(MESSAGE)
    assert observer.senders == [SENDER]
    assert observer.accepted[0]["List-Unsubscribe"] is None


def test_a_long_address_for_stopping_stays_whole(observer: Observer, open_channel: Opening) -> None:
    domain = "suivi.centre-hospitalier-universitaire-de-quelque-part.example.org"
    open_channel(observer.port, reply_address=f"retours-des-questionnaires@{domain}").send(MESSAGE)
    told = observer.accepted[0]["List-Unsubscribe"]
    assert told == f"<mailto:retours-des-questionnaires+u-{MESSAGE.reply_token}@{domain}?subject=stop>"


@pytest.fixture
def certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Make a certificate for localhost that this process trusts; gives the server's side of it."""
    certificate, key = write_certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@pytest.fixture
def secured(certified: ssl.SSLContext) -> Iterator[Observer]:
    """Start a server that takes nothing without encryption and sign-in."""
    handler = Observer()

    def authenticate(*told: object) -> AuthResult:
        login = cast("LoginPassword", told[-1])
        return AuthResult(success=(login.login, login.password) == (b"me@x", b"p/w:"))

    handler.controller = AnyPortController(
        handler,
        hostname="127.0.0.1",
        port=0,
        tls_context=certified,
        require_starttls=True,
        authenticator=authenticate,
        auth_required=True,
    )
    handler.controller.start()
    yield handler
    handler.stop()


def test_encryption_and_sign_in_are_used_where_they_are_offered(
    secured: Observer, open_channel: Opening
) -> None:
    channel = open_channel(secured.port, "localhost", user="me@x", password="p/w:", require_tls=True)
    channel.send(MESSAGE)
    channel.send(MESSAGE)
    assert (len(secured.accepted), len(secured.connections)) == (2, 2)  # greeted again after STARTTLS


def test_a_wrong_password_is_a_fault_of_ours_that_somebody_can_mend(
    secured: Observer, open_channel: Opening
) -> None:
    with pytest.raises(Retryable) as refused:
        open_channel(secured.port, "localhost", user="me@x", password="wrong").send(MESSAGE)
    assert (refused.value.reason, refused.value.scope) == ("smtp_sign_in_refused", "channel")


def test_a_certificate_for_another_name_is_refused(secured: Observer, open_channel: Opening) -> None:
    with pytest.raises(Retryable) as refused:
        open_channel(secured.port, "127.0.0.1", user="me@x", password="p/w:").send(MESSAGE)
    assert refused.value.reason == "smtp_tls_failed"
    assert secured.accepted == []


def test_where_encryption_is_required_nothing_goes_out_without(
    observer: Observer, open_channel: Opening
) -> None:
    with pytest.raises(Retryable) as refused:
        open_channel(observer.port, require_tls=True).send(MESSAGE)
    assert refused.value.reason == "smtp_not_encrypted"
    assert (observer.accepted, observer.begun) == ([], [])
