"""E-mail over SMTP: one connection a message, every answer of the server sorted into what it means.

A server that refuses the recipient or the message with 5xx will refuse it tomorrow too; one that refuses us
(connection, sign-in, sender) has a fault that somebody can mend. Once the text has left, a broken connection
leaves it open whether the message was accepted.
"""

import smtplib
import ssl
from dataclasses import dataclass

from pro_app.reminders.outgoing import OutgoingMessage, Retryable, Undeliverable, render_mime

TIMEOUT_S = 30
OK_FROM, OK_UNTIL = 200, 300
PERMANENT_FROM = 500


@dataclass(frozen=True)
class EmailChannel:
    """An SMTP server. `encrypted` from the first byte, else with STARTTLS where the server offers it."""

    host: str
    port: int
    sender: str
    encrypted: bool = False
    user: str | None = None
    password: str = ""
    timeout_s: float = TIMEOUT_S

    def send(self, message: OutgoingMessage) -> None:
        """Send one message; raises Retryable or Undeliverable with a code that holds no address."""
        try:
            mime = render_mime(message, sender=self.sender)
            payload = mime.as_bytes()
            message.address.encode("ascii")
        except ValueError as error:
            raise Undeliverable("address_unusable") from error
        server = self._connect()
        try:
            self._hand_over(server, message.address, payload)
        finally:
            _leave(server)

    def _connect(self) -> smtplib.SMTP:
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
            raise Retryable(_connection_code(error)) from error
        return server

    def _sign_in(self, server: smtplib.SMTP) -> None:
        """Encrypt where possible, and never send the password in the clear."""
        is_encrypted = self.encrypted
        if not is_encrypted and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
            is_encrypted = True
        if self.user is not None:
            if not is_encrypted:
                raise smtplib.SMTPNotSupportedError("no encryption")
            server.login(self.user, self.password)

    def _hand_over(self, server: smtplib.SMTP, address: str, payload: bytes) -> None:
        """Name sender and recipient, then send the text."""
        try:
            code, _ = server.mail(self.sender)
            if not OK_FROM <= code < OK_UNTIL:
                raise Retryable(f"smtp_sender_{code}")
            code, _ = server.rcpt(address)
        except (OSError, smtplib.SMTPException) as error:
            raise Retryable(_connection_code(error)) from error
        _check_reply(code)
        try:
            code, _ = server.data(payload)
        except smtplib.SMTPDataError as error:
            _check_reply(error.smtp_code)
            raise Retryable(f"smtp_{error.smtp_code}") from error
        except (OSError, smtplib.SMTPException) as error:
            raise Retryable("no_reply_after_text", maybe_accepted=True) from error
        _check_reply(code)


def _check_reply(code: int) -> None:
    """Raise what a reply to the recipient or to the text means, unless it is a good one."""
    if code >= PERMANENT_FROM:
        raise Undeliverable(f"smtp_{code}")
    if not OK_FROM <= code < OK_UNTIL:
        raise Retryable(f"smtp_{code}")


def _connection_code(error: Exception) -> str:
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


def _leave(server: smtplib.SMTP) -> None:
    """Say goodbye; the outcome is known already, so a server that has gone is none the worse."""
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()
