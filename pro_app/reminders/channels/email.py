"""E-mail over SMTP: every answer of the server sorted into what it means, one connection for many messages.

A server that refuses the recipient or the message with 5xx will refuse it tomorrow too; one that refuses us
(connection, sign-in, sender) has a fault that somebody can mend, and would refuse the next message as well.
Until the last line of the text is on its way a broken connection leaves nothing open; after it, nobody knows
whether the message was accepted.
"""

import re
import smtplib
import ssl
from collections import deque
from dataclasses import dataclass, field

from pro_app.reminders.outgoing import OutgoingMessage, Retryable, Undeliverable, make_sender, render_mime

TIMEOUT_S = 30
MOST_PER_CONNECTION = 100
"""Servers refuse a connection that never ends; at this many a new one costs nothing that is felt."""
OK = range(200, 300)
FOR_NOW = range(400, 500)
FOR_GOOD = range(500, 600)
GO_AHEAD = 354
CLOSING = 421
ABOUT_ONE_MAILBOX = re.compile(rb"4\.[12]\.")
"""Enhanced status codes (RFC 3463) of an address or a mailbox: its neighbours in the domain need not wait."""


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
    mailbox whose mail we read: bounces go there, and so do wishes to get no more messages.
    """

    host: str
    port: int
    sender: str
    encrypted: bool = False
    user: str | None = None
    password: str = field(default="", repr=False)
    timeout_s: float = TIMEOUT_S
    require_tls: bool = False
    reply_address: str | None = None
    _idle: deque[_Connection] = field(default_factory=deque, init=False, repr=False, compare=False)

    def send(self, message: OutgoingMessage) -> str | None:
        """Send one message and give its Message-ID, without brackets.

        Raises Retryable or Undeliverable with a code that holds no address. A kept connection that turns out
        to have ended is replaced once.
        """
        try:
            payload = render_mime(message, sender=self.sender, reply_address=self.reply_address).as_bytes()
            message.address.encode("ascii")
        except ValueError as error:
            raise Undeliverable("address_unusable") from error
        sender = make_sender(message, sender=self.sender, reply_address=self.reply_address)
        message_id = message.message_id.strip("<>")
        try:
            self._send_somehow(message.address, (sender, payload))
        except _Broken as broken:
            raise Retryable(_connection_code(broken.__cause__)) from broken
        except Retryable as refused:
            refused.provider_ref = message_id
            raise
        return message_id

    def rest(self) -> None:
        """Close the connections that are kept between messages; the next message opens a new one."""
        while (kept := self._find_idle()) is not None:
            _leave(kept.server)

    def _send_somehow(self, address: str, envelope: tuple[str, bytes]) -> None:
        """Send over a kept connection, or over a new one if there is none or it has ended meanwhile."""
        kept = self._find_idle()
        if kept is not None:
            try:
                self._hand_over(kept, address, envelope)
            except _Broken:
                pass  # Nothing was accepted, so that a new connection may begin from the start.
            else:
                return
        self._hand_over(self._connect(), address, envelope)

    def _find_idle(self) -> _Connection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _connect(self) -> _Connection:
        """Open a connection and sign in; whatever goes wrong here can be mended, so it is retryable."""
        server: smtplib.SMTP | None = None
        try:
            if self.encrypted:
                server = smtplib.SMTP_SSL(
                    self.host, self.port, timeout=self.timeout_s, context=ssl.create_default_context()
                )
            else:
                server = smtplib.SMTP(self.host, self.port, timeout=self.timeout_s)
            server.ehlo_or_helo_if_needed()
            self._sign_in(server)
        except (OSError, smtplib.SMTPException) as error:
            if server is not None:
                server.close()
            raise Retryable(_connection_code(error), scope="channel") from error
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

    def _hand_over(self, connection: _Connection, address: str, envelope: tuple[str, bytes]) -> None:
        """Send over a connection, and keep it for the next message if it is still good."""
        is_good = True
        try:
            _send_over(connection, address, envelope)
        except _Broken:
            is_good = False
            raise
        except Retryable as refused:
            is_good = not refused.maybe_accepted
            raise
        finally:
            connection.carried += 1
            if is_good and connection.carried < MOST_PER_CONNECTION and _reset(connection):
                self._idle.append(connection)
            else:
                _leave(connection.server, politely=is_good)


def _send_over(connection: _Connection, address: str, envelope: tuple[str, bytes]) -> None:
    """Name sender and recipient, then send the text: the only place that knows what is accepted when."""
    server, (sender, payload) = connection.server, envelope
    connection.open_transaction = True
    try:
        code, _ = server.mail(sender)
        _check_open(code)
        if code not in OK:
            raise Retryable(f"smtp_sender_{code}")
        code, words = server.rcpt(address)
        _check_open(code)
        _check_reply(code, words)
        code, words = server.docmd("DATA")
        _check_open(code)
        if code != GO_AHEAD:
            _check_reply(code, words)
            raise Retryable(f"smtp_{code}")
        server.send(_end_with_dot(payload))
    except (OSError, smtplib.SMTPException) as error:
        raise _Broken from error
    try:
        code, words = server.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise Retryable("no_reply_after_text", maybe_accepted=True) from error
    connection.open_transaction = False
    _check_reply(code, words, after_text=True)


def _check_open(code: int) -> None:
    """Raise for the reply with which a server says goodbye."""
    if code == CLOSING:
        raise smtplib.SMTPResponseException(code, "")


def _check_reply(code: int, words: bytes, *, after_text: bool = False) -> None:
    """Raise what a reply to the recipient or to the text means, unless it is a good one."""
    if code in FOR_GOOD:
        raise Undeliverable(f"smtp_{code}")
    if code in FOR_NOW:
        raise Retryable(f"smtp_{code}", scope="message" if ABOUT_ONE_MAILBOX.match(words) else "queue")
    if code not in OK:
        raise Retryable("smtp_000", maybe_accepted=after_text)


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


def _connection_code(error: BaseException | None) -> str:
    """Name what kept us from being served, without the server's words, which may quote an address."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "smtp_sign_in_refused"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "smtp_not_encrypted"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"smtp_{error.smtp_code}"
    if isinstance(error, ssl.SSLError):
        return "smtp_tls_failed"
    return "smtp_unreachable"


def _leave(server: smtplib.SMTP, *, politely: bool = True) -> None:
    """Say goodbye; the outcome is known already, so a server that has gone is none the worse."""
    try:
        if politely:
            server.quit()
    except (OSError, smtplib.SMTPException):
        pass
    finally:
        server.close()
