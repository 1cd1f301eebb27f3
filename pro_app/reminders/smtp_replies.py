"""What the replies of a mail server mean for the message, for its queue and for the channel as a whole.

A server that refuses the recipient for good will refuse it tomorrow too. One that refuses us (our right to
send, our pace, our way of speaking or its own state) has a fault that somebody can mend, and would refuse
the next message to the same domain as well. The enhanced status codes of RFC 3463 tell the two apart, and
where a server sends none, a few words of the reply do.
"""

import re
import smtplib
import ssl

from pro_app.reminders.outgoing import Retryable, Undeliverable

OK = range(200, 300)
FOR_NOW = range(400, 500)
FOR_GOOD = range(500, 600)
GO_AHEAD = 354
CLOSING = 421
ABOUT_ONE_MAILBOX = re.compile(rb"4\.[12]\.")
"""Enhanced status codes of an address or a mailbox: its neighbours in the domain need not wait."""
ABOUT_THE_ADDRESS = re.compile(rb"5\.(1\.(?![78]\b)|2\.)")
ABOUT_US = re.compile(rb"5\.(1\.[78]\b|[357]\.)")
"""Enhanced status codes of our sender (1.7, 1.8), of the server itself (3), of how it is spoken to (5) and of
what it permits (7)."""
OURS_BY_CODE = frozenset({503, 530, 534, 535, 538})
"""A wrong order of commands, and every way of saying that we have to sign in or to encrypt (RFC 4954)."""
MAYBE_OURS = frozenset({550, 554})
WORDS_ABOUT_US = re.compile(
    rb"\brelay|\brates?\b|\btoo many (mails|messages|connections)|\b(black|block)list|\b(spf|dkim|dmarc)\b",
    re.IGNORECASE,
)


def check_open(code: int) -> None:
    """Raise SMTPResponseException for the reply with which a server says goodbye."""
    if code == CLOSING:
        raise smtplib.SMTPResponseException(code, "")


def check_reply(code: int, words: bytes, *, after_text: bool = False) -> None:
    """Raise what a reply to the recipient or to the text means, unless it is a good one."""
    if code in FOR_GOOD and _is_about_us(code, words):
        raise Retryable(f"smtp_policy_{code}", scope="queue")
    if code in FOR_GOOD:
        raise Undeliverable(f"smtp_{code}")
    if code in FOR_NOW:
        raise Retryable(f"smtp_{code}", scope="message" if ABOUT_ONE_MAILBOX.match(words) else "queue")
    if code not in OK:
        raise Retryable("smtp_000", maybe_accepted=after_text)


def _is_about_us(code: int, words: bytes) -> bool:
    """Tell whether a final refusal is of us, and not of the recipient."""
    if ABOUT_THE_ADDRESS.match(words):
        return False
    if ABOUT_US.match(words) or code in OURS_BY_CODE:
        return True
    return code in MAYBE_OURS and WORDS_ABOUT_US.search(words) is not None


def connection_code(error: BaseException | None) -> str:
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
