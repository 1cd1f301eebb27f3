"""Connecting to a host within a time: its name, its addresses and the connection together take no longer.

The system looks up a name for as long as it pleases and tries every address of it with the whole time each,
so that whoever owns a name could hold us for hours. Here a lookup that lasts is left to itself, a few
addresses are tried, and each gets its share of what is left.
"""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from queue import Empty, SimpleQueue

MOST_ADDRESSES = 3


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """When a time is up, by the clock that nobody sets (seconds)."""

    ends: float

    @classmethod
    def start(cls, seconds: float) -> "TimeLimit":
        """Start a time of so many seconds."""
        return cls(time.monotonic() + seconds)

    def left(self) -> float:
        """Give the seconds that are left; raises TimeoutError where there are none."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time is up")
        return left


def connect(
    host: str,
    port: int,
    *,
    limit: TimeLimit,
    check: Callable[[Sequence[str]], None] = lambda _: None,
) -> socket.socket:
    """Connect to one of the first addresses of a host, each after the other; raises OSError.

    `check` is given all addresses of the name before any is connected to, and raises to refuse them.
    """
    addresses = _look_up(host, port, limit=limit)
    check(addresses)
    chosen = _choose(addresses)
    refused: OSError | None = None
    for tried, address in enumerate(chosen):
        try:
            return _connect_to(address, port, timeout_s=limit.left() / (len(chosen) - tried))
        except OSError as error:
            refused = error
    raise refused or OSError("no address")


def _connect_to(address: str, port: int, *, timeout_s: float) -> socket.socket:
    """Connect to one address; the socket keeps the timeout."""
    opened = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        opened.settimeout(timeout_s)
        opened.connect((address, port))
    except OSError:
        opened.close()
        raise
    return opened


def _look_up(host: str, port: int, *, limit: TimeLimit) -> Sequence[str]:
    """Find the addresses of a name, in the system's order, in a thread that is not waited for too long."""
    found: SimpleQueue[Sequence[str] | OSError | UnicodeError] = SimpleQueue()

    def look() -> None:
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            found.put(error)
        else:
            found.put(list(dict.fromkeys(str(entry[4][0]) for entry in entries)))

    threading.Thread(target=look, daemon=True).start()
    try:
        addresses = found.get(timeout=limit.left())
    except Empty:
        raise TimeoutError("the name was not found in time") from None
    if isinstance(addresses, UnicodeError):
        raise OSError("no host name") from addresses
    if isinstance(addresses, OSError):
        raise addresses
    return addresses


def _choose(addresses: Sequence[str]) -> Sequence[str]:
    """Choose the addresses to try, both families in turn: one of them may lead nowhere from here."""
    first_is_new = ":" in addresses[0] if addresses else False
    same = [address for address in addresses if (":" in address) == first_is_new]
    other = [address for address in addresses if (":" in address) != first_is_new]
    in_turn = chain.from_iterable(zip_longest(same, other))
    return [address for address in in_turn if address is not None][:MOST_ADDRESSES]
