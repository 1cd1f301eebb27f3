"""A real HTTP server on loopback, plain or with TLS, that refuses, delays and drops as a test tells it to."""

import ssl
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DROP, HANG, DRIP = "DROP", "HANG", "DRIP"
"""Close without a reply; never reply; send a byte of the reply now and then, without end."""


@dataclass(frozen=True)
class Answer:
    """One reply; `cut` breaks it off in the middle of its body."""

    status: int = 200
    body: str = "{}"
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass(frozen=True)
class Received:
    """One request as it arrived; names of headers in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HttpServer:
    """What came in, and what is answered next; without a told answer it is `usual`."""

    usual: Answer = field(default_factory=Answer)
    answers: deque[Answer | str] = field(default_factory=deque)
    received: list[Received] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    port: int = 0
    scheme: str = "http"
    trusted: ssl.SSLContext | None = None

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """Give an address on this server."""
        return f"{self.scheme}://{host}:{self.port}{path}"


class _Handler(BaseHTTPRequestHandler):
    world: HttpServer

    def answer(self) -> None:
        """Keep the request, and answer as told."""
        length = int(self.headers.get("Content-Length", "0"))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.world.received.append(Received(self.command, self.path, headers, self.rfile.read(length)))
        answer = self.world.answers.popleft() if self.world.answers else self.world.usual
        if isinstance(answer, str):
            self.misbehave(answer)
            return
        body = answer.body.encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if answer.cut else body)

    def misbehave(self, how: str) -> None:
        """Do anything but reply."""
        if how == DRIP:
            while not self.world.released.is_set():
                try:
                    self.wfile.write(b"H")
                except OSError:
                    return
                time.sleep(0.05)
        elif how == HANG:
            self.world.released.wait(30)
        self.close_connection = True

    do_GET = do_POST = do_PUT = answer  # noqa: N815 -- http.server's own names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing of a client that leaves in the middle, which some tests want."""


@contextmanager
def serve_http(folder: Path | None = None) -> Iterator[HttpServer]:
    """Run the server; with a `folder` for its certificate it speaks TLS for `localhost` and 127.0.0.1."""
    world = HttpServer()
    handler: Any = type("Handler", (_Handler,), {"world": world})
    server = _Server(("127.0.0.1", 0), handler)
    world.port = server.server_address[1]
    if folder is not None:
        certificate = _make_certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        world.scheme, world.trusted = "https", ssl.create_default_context(cafile=certificate)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield world
    finally:
        world.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _make_certificate(folder: Path) -> Path:
    """Write a key and a certificate, good for a week around now, into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.fromtimestamp(time.time(), UTC)  # noqa: TID251 -- TLS compares with the real time
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=7))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    return path
