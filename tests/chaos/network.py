"""The network between the phones and the server: it loses half of all requests or their replies."""

import asyncio
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from chaos.faults import Fault

HOST = "127.0.0.1"
COOKIE = "session-of-chaos"
LOST_REQUESTS = 0.25
LOST_REPLIES = 0.25
DELAYED = 0.15
LONGEST_DELAY_SECONDS = 0.3
LONGEST_HEAD = 64 * 1024
_NUMBER = re.compile(rb"session-of-chaos=(\d+)")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HOP = re.compile(rb"\r\n(?:connection|keep-alive|accept-encoding): [^\r]*", re.IGNORECASE)


@dataclass
class Weather:
    """The network of one session."""

    random: Random
    bad: bool = False
    fault: Fault | None = None

    def draw(self) -> str:
        """Draw what becomes of one request: `lost`, `reply_lost`, `delayed` or `passed`."""
        if not self.bad:
            return "passed"
        dice = self.random.random()
        if dice < LOST_REQUESTS:
            return "lost"
        if dice < LOST_REQUESTS + LOST_REPLIES:
            return "reply_lost"
        return "delayed" if dice < LOST_REQUESTS + LOST_REPLIES + DELAYED else "passed"


@dataclass
class Network:
    """Listens on one address for all phones and hands requests on to the server's port.

    A session is known by its cookie. Every request has a connection of its own, so that one lost is lost.
    """

    server_port: int
    port: int = 0
    sessions: dict[int, Weather] = field(default_factory=dict)
    fates: Counter[str] = field(default_factory=Counter)
    _server: asyncio.Server | None = None
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)

    async def listen(self) -> None:
        """Begin to listen, on `port` or on a free one."""
        self._server = await asyncio.start_server(self._accept, HOST, self.port, limit=LONGEST_HEAD)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening, and drop what is still under way."""
        if self._server is not None:
            self._server.close()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer apart, and hold on to it: nobody else does."""
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            found = _LENGTH.search(head)
            body = await reader.readexactly(int(found[1])) if found else b""
            reply = await self._answer(head, body)
            if reply:
                writer.write(reply)
                await writer.drain()
            else:
                writer.transport.abort()
        except (OSError, asyncio.IncompleteReadError):
            writer.transport.abort()
        finally:
            writer.close()

    async def _answer(self, head: bytes, body: bytes) -> bytes:
        """Give the reply of the server, nothing where it or the request was lost."""
        number = _NUMBER.search(head)
        weather = self.sessions.get(int(number[1])) if number else None
        fate = weather.draw() if weather else "passed"
        self.fates[fate] += 1
        if fate == "lost":
            return b""
        if fate == "delayed" and weather:
            await asyncio.sleep(weather.random.uniform(0.02, LONGEST_DELAY_SECONDS))
        address = (
            f"\r\nX-Forwarded-For: 10.0.{int(number[1]) >> 8 & 255}.{int(number[1]) & 255}" if number else ""
        )
        reply = await self._forward(
            _HOP.sub(b"", head)[:-4] + f"{address}\r\nConnection: close\r\n\r\n".encode() + body
        )
        if fate == "reply_lost":
            return b""
        if weather and weather.fault:
            path = head.split(b" ", 2)[1].decode()
            return weather.fault.plant(path, reply)
        return reply

    async def _forward(self, request: bytes) -> bytes:
        """Send a request on and wait for the whole reply; raises OSError where the server is down."""
        reader, writer = await asyncio.open_connection(HOST, self.server_port)
        try:
            writer.write(request)
            await writer.drain()
            reply = await reader.read()
        finally:
            writer.close()
        if not is_whole(reply):
            raise ConnectionResetError("the server was killed while it answered")
        return reply


def is_whole(reply: bytes) -> bool:
    """Tell whether a reply has come to its end."""
    head, separator, body = reply.partition(b"\r\n\r\n")
    found = _LENGTH.search(head)
    if not separator:
        return False
    return (
        len(body) >= int(found[1]) if found else b"chunked" not in head.lower() or body.endswith(b"0\r\n\r\n")
    )


def summarise(fates: Mapping[str, int]) -> str:
    """Say how many requests there were and what became of them."""
    total = sum(fates.values())
    lost, replies, delayed = (fates.get(fate, 0) for fate in ("lost", "reply_lost", "delayed"))
    return f"{total} requests: {lost} lost, {replies} replies lost, {delayed} delayed"
