"""E-mail over SMTP: one connection for many messages, and exact knowledge of how far each of them got.

Until the last line of the text is on its way a broken connection leaves nothing open; after it, nobody knows
whether the message was accepted. A server may look at a text for minutes before it says so, and is waited
for (RFC 5321, 4.5.3.2.6, asks for ten minutes: a message is claimed for no longer, so it is five here).
"""

import re
import smtplib
import socket
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from pro_app.reminders.connecting import TimeLimit, connect
from pro_app.reminders.outgoing import (
    OutgoingMessage,
    Retryable,
    Undeliverable,
    make_mailbox,
    make_sender,
    render_mime,
)
from pro_app.reminders.smtp_replies import (
    CLOSING,
    GO_AHEAD,
    OK,
    check_open,
    check_reply,
    connection_code,
)

TIMEOUT_S = 30
PREPARING_S = 120
"""For all that comes before the text, over a kept connection and a new one."""
REPLY_TIMEOUT_S = 300
MOST_SILENCES = 2
"""After so many texts in a row without a reply the server is left alone: each more is one more doubt."""
MOST_PER_CONNECTION = 100
"""Servers refuse a connection that never ends; at this many a new one costs nothing that is felt."""


@dataclass(eq=False)
class _Connection:
    """One connection, how many messages it has carried, and whether a transaction is open on it."""

    server: smtplib.SMTP
    carried: int = 0
    open_transaction: bool = False


class _Broken(Exception):
    """The connection ended before the server could have accepted the message; its cause says how."""


@dataclass(frozen=True)
class EmailChannel:
    """An SMTP server. `encrypted` from the first byte, else with STARTTLS where the server offers it.

    With `require_tls` nothing is sent without encryption, with a password never. `reply_address` leads to the
    mailbox whose mail we read: bounces go there, and so do wishes to get no more messages. `timeout_s` is for
    each step before the text, `reply_timeout_s` for the reply to it.
    """

    host: str
    port: int
    sender: str
    encrypted: bool = False
    user: str | None = None
    password: str = field(default="", repr=False)
    timeout_s: float = TIMEOUT_S
    reply_timeout_s: float = REPLY_TIMEOUT_S
    require_tls: bool = False
    reply_address: str | None = None
    _idle: deque[_Connection] = field(default_factory=deque, init=False, repr=False, compare=False)
    _silences: deque[str] = field(default_factory=deque, init=False, repr=False, compare=False)

    def send(self, message: OutgoingMessage) -> str | None:
        """Send one message and give its Message-ID, without brackets.

        Raises Retryable or Undeliverable with a code that holds no address. A kept connection that turns out
        to have ended is replaced once.
        """
        if len(self._silences) >= MOST_SILENCES:
            raise Retryable("smtp_silent", scope="channel", tried=False)
        try:
            payload = render_mime(message, sender=self.sender, reply_address=self.reply_address).as_bytes()
            address = make_mailbox(message.address)
        except ValueError as error:
            raise Undeliverable("address_unusable") from error
        sender = make_sender(message, sender=self.sender, reply_address=self.reply_address)
        message_id = message.message_id.strip("<>")
        try:
            self._send_somehow(address, (sender, payload))
        except _Broken as broken:
            raise Retryable(connection_code(broken.__cause__)) from broken
        except Retryable as refused:
            refused.provider_ref = message_id
            raise
        return message_id

    def rest(self) -> None:
        """Close the connections that are kept between messages; the next message opens a new one.

        A server that was left alone is tried again with one message.
        """
        while (kept := self._find_idle()) is not None:
            _leave(kept.server)
        while len(self._silences) >= MOST_SILENCES:
            self._silences.pop()

    def _send_somehow(self, address: str, envelope: tuple[str, bytes]) -> None:
        """Send over a kept connection, or over a new one if there is none or it has ended meanwhile."""
        limit = TimeLimit.start(PREPARING_S)
        kept = self._find_idle()
        if kept is not None:
            try:
                self._hand_over(kept, address, envelope, limit=limit)
            except _Broken:
                pass  # Nothing was accepted, so that a new connection may begin from the start.
            else:
                return
        self._hand_over(self._connect(limit), address, envelope, limit=limit)

    def _find_idle(self) -> _Connection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _connect(self, limit: TimeLimit) -> _Connection:
        """Open a connection and sign in; whatever goes wrong here can be mended, so it is retryable."""
        server: smtplib.SMTP | None = None
        try:
            timeout_s = min(self.timeout_s, limit.left())
            if self.encrypted:
                context = ssl.create_default_context()
                server = _EncryptedServer(self.host, self.port, timeout=timeout_s, context=context)
            else:
                server = _Server(self.host, self.port, timeout=timeout_s)
            server.ehlo_or_helo_if_needed()
            self._sign_in(server)
        except (OSError, smtplib.SMTPException) as error:
            if server is not None:
                server.close()
            raise Retryable(connection_code(error), scope="channel") from error
        return _Connection(server)

    def _sign_in(self, server: smtplib.SMTP) -> None:
        """Encrypt where possible, and never send the password in the clear."""
        is_encrypted = self.encrypted
        if not is_encrypted and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
            is_encrypted = True
        if not is_encrypted and (self.require_tls or self.user is not None):
            raise smtplib.SMTPNotSupportedError("no encryption")
        if self.user is not None:
            try:
                server.login(self.user, self.password)
            except (smtplib.SMTPServerDisconnected, UnicodeEncodeError) as error:
                # Some servers hang up on a wrong password instead of answering; the library sends plain
                # characters only.
                raise smtplib.SMTPAuthenticationError(CLOSING, "") from error

    def _hand_over(
        self, connection: _Connection, address: str, envelope: tuple[str, bytes], *, limit: TimeLimit
    ) -> None:
        """Send over a connection, and keep it for the next message if it is still good."""
        is_good = True
        try:
            self._send_over(connection, address, envelope, limit=limit)
        except _Broken:
            is_good = False
            raise
        except Retryable as refused:
            is_good = not refused.maybe_accepted
            raise
        finally:
            connection.carried += 1
            _wait_at_most(connection.server, self.timeout_s)
            if is_good and connection.carried < MOST_PER_CONNECTION and _reset(connection):
                self._idle.append(connection)
            else:
                _leave(connection.server, politely=is_good)

    def _send_over(
        self, connection: _Connection, address: str, envelope: tuple[str, bytes], *, limit: TimeLimit
    ) -> None:
        """Name sender and recipient, then send the text: the only place that knows what is accepted when."""
        server, (sender, payload) = connection.server, envelope
        connection.open_transaction = True
        try:
            for step in (_name_sender(sender), _name_recipient(address), _announce_text):
                _wait_at_most(server, min(self.timeout_s, limit.left()))
                step(server)
            server.send(_end_with_dot(payload))
        except (OSError, smtplib.SMTPException) as error:
            raise _Broken from error
        try:
            _wait_at_most(server, self.reply_timeout_s)
            code, words = server.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self._silences.append("")
            raise Retryable("no_reply_after_text", maybe_accepted=True) from error
        self._silences.clear()
        connection.open_transaction = False
        check_reply(code, words, after_text=True)


class _Server(smtplib.SMTP):
    """A connection whose name and addresses together get one time, not each of them the whole."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return connect(host, port, limit=TimeLimit.start(timeout))


class _EncryptedServer(smtplib.SMTP_SSL, _Server):
    """The same, encrypted from the first byte."""


def _name_sender(sender: str) -> Callable[[smtplib.SMTP], None]:
    """Make the step that names whom bounces go to: a refusal of that is ours to mend."""

    def step(server: smtplib.SMTP) -> None:
        code, _ = server.mail(sender)
        check_open(code)
        if code not in OK:
            raise Retryable(f"smtp_sender_{code}")

    return step


def _name_recipient(address: str) -> Callable[[smtplib.SMTP], None]:
    """Make the step that names whom the message is for."""

    def step(server: smtplib.SMTP) -> None:
        code, words = server.rcpt(address)
        check_open(code)
        check_reply(code, words)

    return step


def _announce_text(server: smtplib.SMTP) -> None:
    """Ask whether the text may come."""
    code, words = server.docmd("DATA")
    check_open(code)
    if code != GO_AHEAD:
        check_reply(code, words)
        raise Retryable(f"smtp_{code}")


def _wait_at_most(server: smtplib.SMTP, seconds: float) -> None:
    """Set how long each reply is waited for; a connection that is closed already waits for none."""
    if server.sock is not None:
        server.sock.settimeout(seconds)


def _end_with_dot(payload: bytes) -> bytes:
    """Double the dots that start a line and end the text with a line of one (RFC 5321, 4.5.2)."""
    return re.sub(rb"(?m)^\.", b"..", payload).removesuffix(b"\r\n") + b"\r\n.\r\n"


def _reset(connection: _Connection) -> bool:
    """Take back a transaction that was not finished; tells whether the connection can be used again."""
    if not connection.open_transaction:
        return True
    try:
        code, _ = connection.server.rset()
    except (OSError, smtplib.SMTPException):
        return False
    connection.open_transaction = False
    return code in OK


def _leave(server: smtplib.SMTP, *, politely: bool = True) -> None:
    """Say goodbye; the outcome is known already, so a server that has gone is none the worse."""
    try:
        if politely:
            server.quit()
    except (OSError, smtplib.SMTPException):
        pass
    finally:
        server.close()
