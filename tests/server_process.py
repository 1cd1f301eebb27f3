"""The real server as its own group of processes, to be stopped or killed and started again.

Its processes are forked from one that has imported the app already, since importing takes most of a
start; they share nothing else with each other or with the tests.
"""

import http.client
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from flask import Flask

from pro_app.server import serve

HOST = "127.0.0.1"
LONGEST_START_SECONDS = 30.0
LONGEST_END_SECONDS = 30.0


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@dataclass
class ServerProcess:
    """A gunicorn that serves what `make_app` makes, as `pro-app serve` does; `log` is what it says.

    It keeps its port over all its lives. `ready_path` is asked until it answers.
    """

    make_app: Callable[[], Flask]
    log: Path
    workers: int = 2
    ready_path: str = "/healthz"
    keepalive_seconds: int = 2
    port: int = field(default_factory=_find_free_port)
    _process: ForkServerProcess | None = None

    def start(self) -> None:
        """Start it and wait until it answers; raises RuntimeError with its log if it does not."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__, "pro_app.app"])
        self._process = context.Process(
            target=_serve,
            args=(self.make_app, self.log),
            kwargs={"port": self.port, "workers": self.workers, "keepalive": self.keepalive_seconds},
        )
        self._process.start()
        until = time.monotonic() + LONGEST_START_SECONDS
        while not self._answers():
            if not self._process.is_alive() or time.monotonic() > until:
                self.kill()
                raise RuntimeError(self.log.read_text(encoding="utf-8"))
            time.sleep(0.01)

    def kill(self) -> None:
        """Kill all its processes at once, without a warning; nothing of it runs afterwards."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Let it finish the requests under way and end."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None or self._process.pid is None:
            return
        if self._process.is_alive():
            os.killpg(self._process.pid, number)
        self._process.join(LONGEST_END_SECONDS)
        self._process = None
        until = time.monotonic() + LONGEST_END_SECONDS
        while self._listens():
            if time.monotonic() > until:
                raise TimeoutError("the server still listens")
            time.sleep(0.005)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", self.ready_path)
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _listens(self) -> bool:
        """Tell whether any process still holds the port; the last one lets go of everything it had open."""
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self.port)) == 0


def _serve(make_app: Callable[[], Flask], log: Path, *, port: int, **options: int) -> None:
    """Serve in a group of processes of its own, so that all of it can be killed at once."""
    os.setsid()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with log.open("ab") as output:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(output.fileno(), stream.fileno())
    serve(make_app, bind=[f"{HOST}:{port}"], threads=8, **options)


def _end_with_parent() -> None:
    """End the whole group when whoever started it is gone, even by a signal."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.killpg(0, signal.SIGKILL)
