"""Several worker processes on one database, under a clock that runs fast, and an unreliable mail server."""

import asyncio
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession
from reminders_world import AnyPortController

from pro_app.clock import system_clock
from pro_app.settings import Settings

WORKER = """
import sys
from datetime import datetime, timedelta
from pro_app import worker
from pro_app.clock import system_clock
from pro_app.settings import Settings
started, at = datetime.fromisoformat(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
speed = float(sys.argv[3])
worker.TICK_EVERY = worker.LEAD_EVERY = timedelta(seconds=0.2)
worker.run_worker(Settings.from_env(), lambda: started + (system_clock() - at) * speed)
"""


@dataclass
class FastClock:
    """A clock that begins at `started` and runs `speed` times as fast; processes share it by arguments."""

    started: datetime
    speed: float
    at: datetime = field(default_factory=system_clock)

    def __call__(self) -> datetime:
        """Give the time it shows."""
        return self.started + (system_clock() - self.at) * self.speed

    def arguments(self) -> list[str]:
        """Give what a process needs to show the same time."""
        return [self.started.isoformat(), self.at.isoformat(), repr(self.speed)]


@dataclass
class UnreliableServer:
    """A real SMTP server that refuses, delays and drops acknowledgements, as its random numbers say.

    `accepted` counts the copies of each message that it took, `dropped` those that it took in silence. It
    refuses one message `most_refusals` times at most: the waits after more than that last for hours.
    """

    random: Random
    refusing: float = 0.1
    delaying: float = 0.1
    dropping: float = 0.05
    most_refusals: int = 2
    accepted: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    controller: Controller | None = None

    def __enter__(self) -> Self:
        """Listen on a free loopback port."""
        self.controller = AnyPortController(self, hostname="127.0.0.1", port=0)
        self.controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        assert self.controller is not None
        self.controller.stop()

    @property
    def port(self) -> int:
        """Give the port it listens on."""
        assert self.controller is not None
        return int(self.controller.port)

    async def handle_DATA(self, server: SMTP, _session: SmtpSession, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's
        """Take the text, perhaps late, perhaps in silence, perhaps not at all."""
        if self.random.random() < self.delaying:
            await asyncio.sleep(self.random.uniform(0.1, 0.6))
        name = _message_id(envelope)
        if self.random.random() < self.refusing and self.refused[name] < self.most_refusals:
            self.refused[name] += 1
            return "451 later"
        self.accepted[name] += 1
        if self.random.random() < self.dropping:
            self.dropped[name] += 1
            server.transport.abort()
            return "421 gone"
        return "250 OK"


def _message_id(envelope: Envelope) -> str:
    assert isinstance(envelope.content, bytes)
    head = envelope.content.split(b"\r\n\r\n", 1)[0]
    lines = [line for line in head.splitlines() if line.lower().startswith(b"message-id:")]
    return lines[0].split(b":", 1)[1].strip().decode()


@dataclass
class Crowd:
    """The worker processes; each one that is killed is followed by another at once."""

    settings: Settings
    clock: FastClock
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start(self) -> "subprocess.Popen[bytes]":
        """Start one more worker."""
        settings = self.settings
        env = {
            "PRO_APP_DATABASE_URL": settings.database_url,
            "PRO_APP_CONTACTS_DATABASE_URL": settings.contacts_database_url,
            "PRO_APP_SECRET_KEY": settings.secret_key,
            "PRO_APP_CONTACTS_KEY": settings.contacts_key,
            "PRO_APP_MAIL_URL": settings.mail_url,
            "PRO_APP_MAIL_SENDER": settings.mail_sender,
            "PRO_APP_PUBLIC_URL": settings.public_url,
        }
        command = [sys.executable, "-c", WORKER, *self.clock.arguments()]
        process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.workers.append(process)
        return process

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """Kill a worker and start another in its place."""
        process.kill()
        process.wait(10)
        self.workers.remove(process)
        self.start()

    def find(self, process_id: int) -> "subprocess.Popen[bytes]":
        """Find a worker by its process."""
        return next(process for process in self.workers if process.pid == process_id)

    def stop(self) -> None:
        """End all of them, frozen ones too."""
        for process in self.workers:
            process.kill()
            process.wait(10)


def wait_until(is_so: Callable[[], bool], *, seconds: float) -> None:
    """Wait until something holds; fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        time.sleep(0.1)
