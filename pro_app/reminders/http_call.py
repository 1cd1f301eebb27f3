"""One HTTP request to a provider, with exact knowledge of how far it got.

What fails before the request left (name, connection, encryption) was certainly not received and can be tried
again; once bytes have left, silence leaves it open. Redirects are not followed, proxies of the environment
are not used. An address that somebody else supplied can be held to public hosts: the connection goes to the
very addresses that were checked. However slowly names, connections and replies come, a call ends within the
sum of its two times.
"""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from pro_app.reminders.connecting import TimeLimit, connect

CONNECT_TIMEOUT_S = 10
REPLY_TIMEOUT_S = 30
LARGEST_REPLY = 64 * 1024
MOST_WAIT_DIGITS = 6
PORTS = {"http": 80, "https": 443}
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is given out for the public internet (RFC 4291, IANA)."""
TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""Where an IPv6 network shows IPv4 addresses (RFC 6052): the last 32 bits are the real one."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What is sent. Nothing of it stands in the repr, since it holds secrets and addresses of people."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What came back; the names of headers are in lower case, the body is cut at 64 KiB."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def retry_after_s(self) -> int | None:
        """How many seconds the server asks us to wait (`Retry-After`; a date in it is not read)."""
        written = self.headers.get("retry-after", "").strip()
        is_number = written.isascii() and written.isdigit() and len(written) <= MOST_WAIT_DIGITS
        return int(written) if is_number else None


@dataclass(eq=False)
class NotReached(Exception):
    """Nothing of the request was received; `reason` is `unreachable`, `tls_failed` or `not_public`."""

    reason: str


@dataclass(eq=False)
class NoReply(Exception):
    """The request left, and no whole reply came: nobody knows what became of it."""


@dataclass(frozen=True, slots=True)
class Caller:
    """How requests are made. `public_only` refuses loopback, private and other special addresses.

    `connect_timeout_s` is for finding the name, connecting and greeting together, `reply_timeout_s` for
    sending and the whole reply. `trusted` replaces the certificate authorities of the system.
    """

    connect_timeout_s: float = CONNECT_TIMEOUT_S
    reply_timeout_s: float = REPLY_TIMEOUT_S
    public_only: bool = False
    trusted: ssl.SSLContext | None = field(default=None, repr=False)

    def call(self, request: HttpRequest) -> HttpReply:
        """Send one request and read the reply; raises NotReached or NoReply."""
        try:
            parts = urlsplit(request.url)
            connection = _prepare(request, parts)
        except (ValueError, http.client.HTTPException) as error:
            raise NotReached("request_unusable") from error
        limit = TimeLimit.start(self.connect_timeout_s)
        opened = self._open(parts, limit)
        try:
            _encrypt(opened, limit)
            with _broken_off_after(opened, self.reply_timeout_s):
                opened.settimeout(self.reply_timeout_s)
                connection.sock = opened
                return _exchange(connection, request.body)
        except (OSError, http.client.HTTPException) as error:
            raise NoReply from error
        finally:
            opened.close()

    def _open(self, parts: SplitResult, limit: TimeLimit) -> socket.socket:
        """Connect, and make ready to encrypt for https: the certificate must be that of the host."""
        host = parts.hostname or ""
        try:
            raw = connect(host, parts.port or PORTS[parts.scheme], limit=limit, check=self._check_addresses)
        except OSError as error:
            raise NotReached("unreachable") from error
        if parts.scheme != "https":
            return raw
        context = self.trusted or ssl.create_default_context()
        try:
            return context.wrap_socket(raw, server_hostname=host, do_handshake_on_connect=False)
        except (OSError, ValueError) as error:
            raw.close()
            raise NotReached("tls_failed") from error

    def _check_addresses(self, addresses: Sequence[str]) -> None:
        """Raise NotReached unless all addresses of a name may be connected to."""
        if self.public_only and not all(is_public(address) for address in addresses):
            raise NotReached("not_public")


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the public internet, seen through what wraps an IPv4 address."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo or (None, None))[1]
        if parsed in TRANSLATED:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if parsed not in GLOBAL_UNICAST:
            return False
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


def _prepare(request: HttpRequest, parts: SplitResult) -> http.client.HTTPConnection:
    """Write the head of the request, still unsent; raises ValueError or HTTPException if it cannot be."""
    if not parts.hostname or parts.scheme not in PORTS:
        raise ValueError("no address")
    connection = http.client.HTTPConnection(parts.hostname, parts.port or PORTS[parts.scheme])
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.putrequest(request.method, target, skip_host=True)
    fixed = {"Host": parts.netloc.rpartition("@")[2], "Connection": "close"}
    for name, value in {**request.headers, **fixed, "Content-Length": str(len(request.body))}.items():
        connection.putheader(name, value)
    return connection


def _encrypt(opened: socket.socket, limit: TimeLimit) -> None:
    """Greet the server over TLS, where it is to be; nothing of the request has left before that."""
    if not isinstance(opened, ssl.SSLSocket):
        return
    try:
        with _broken_off_after(opened, limit.left()):
            opened.settimeout(limit.left())
            opened.do_handshake()
    except (OSError, ValueError) as error:
        raise NotReached("tls_failed") from error


def _exchange(connection: http.client.HTTPConnection, body: bytes) -> HttpReply:
    """Send the request, read the reply; a status that came is an answer even if its text breaks off."""
    connection.endheaders(body)
    reply = connection.getresponse()
    headers = {name.lower(): value for name, value in reply.getheaders()}
    try:
        text = reply.read(LARGEST_REPLY)
    except (OSError, http.client.HTTPException):
        text = b""
    return HttpReply(reply.status, headers, text)


@contextlib.contextmanager
def _broken_off_after(opened: socket.socket, seconds: float) -> Iterator[None]:
    """End a conversation that takes too long as a whole, however often a few bytes come."""
    guard = threading.Timer(seconds, _break_off, (opened,))
    guard.daemon = True
    guard.start()
    try:
        yield
    finally:
        guard.cancel()


def _break_off(opened: socket.socket) -> None:
    with contextlib.suppress(OSError):
        socket.socket.shutdown(opened, socket.SHUT_RDWR)
