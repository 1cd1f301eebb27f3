"""A headless Chromium, spoken to over a pipe by its own protocol (DevTools): nothing else to install."""

import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pro_app.errors import InputRejected, Problem
from pro_app.language import mark

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LONGEST_WAIT_S = 30.0
LONGEST_PRINT_S = 300.0
_FIRST_FREE = 10
"""The pipe is handed over as 3 and 4, so its own numbers must lie beyond."""
_HAND_OVER = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); "
    "os.execv(sys.argv[3], sys.argv[3:])"
)
"""What the new process does before it becomes the browser: it puts both ends where the browser looks."""
_FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
)


class ChromiumFailed(Exception):
    """The browser ended, did not answer in time, or refused a command."""


def find_chromium(named: str | None = None) -> str:
    """Give the path of the named browser, else of the first one on the PATH; raises InputRejected."""
    for name in (named,) if named else NAMES:
        if path := shutil.which(name):
            return path
    message = mark(
        "No Chromium was found. The screens are pictured in a real browser: install Chromium or Chrome, or "
        "name it with --chromium."
    )
    raise InputRejected((Problem(message),))


class Chromium:
    """One browser process; `ask` sends a command and waits for its answer."""

    def __init__(self, process: subprocess.Popen[bytes], to_it: int, from_it: int) -> None:
        self._process = process
        self._to_it = to_it
        self._from_it = from_it
        self._number = 0
        self._rest = b""
        self._events: list[dict[str, Any]] = []

    def ask(
        self,
        method: str,
        *,
        page: str | None = None,
        longest_wait_s: float = LONGEST_WAIT_S,
        **params: Any,  # noqa: ANN401 -- the protocol's own JSON
    ) -> dict[str, Any]:
        """Send one command, to a `page` or to the browser itself; gives its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if page is not None:
            message["sessionId"] = page
        waiting = json.dumps(message).encode() + b"\0"
        while waiting:
            waiting = waiting[os.write(self._to_it, waiting) :]
        deadline = time.monotonic() + longest_wait_s
        while True:
            answer = self._read(deadline)
            if answer.get("id") == self._number:
                break
            self._events.append(answer)
        if "error" in answer:
            raise ChromiumFailed(f"{method}: {answer['error'].get('message')}")
        result: dict[str, Any] = answer["result"]
        return result

    def forget_events(self) -> None:
        """Leave out of account what has happened so far."""
        self._events.clear()

    def wait_for(self, method: str, *, page: str) -> None:
        """Wait until something happens in a page, unless it happened since `forget_events`."""
        deadline = time.monotonic() + LONGEST_WAIT_S
        while not any(e.get("method") == method and e.get("sessionId") == page for e in self._events):
            self._events.append(self._read(deadline))

    def _read(self, deadline: float) -> dict[str, Any]:
        """Give the next message; they end with a zero byte."""
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._from_it], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise ChromiumFailed("the browser did not answer in time")
            part = os.read(self._from_it, 1 << 20)
            if not part:
                raise ChromiumFailed("the browser ended")
            self._rest += part
        raw, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(raw)
        return message


@contextmanager
def open_chromium(path: str) -> Iterator[Chromium]:
    """Start the browser with a profile of its own, which is removed with it; raises ChromiumFailed."""
    with tempfile.TemporaryDirectory(prefix="pro-app-chromium-", ignore_cleanup_errors=True) as profile:
        its_end, to_it = _make_pipe()
        from_it, its_other_end = _make_pipe()
        flags = [*_FLAGS, f"--user-data-dir={profile}"]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")  # as root it does not start with one; it only opens our own pages
        process = subprocess.Popen(  # noqa: S603 -- the browser that the operator named or installed
            [sys.executable, "-ISc", _HAND_OVER, str(its_end), str(its_other_end), path, *flags],
            pass_fds=(its_end, its_other_end),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(its_end)
        os.close(its_other_end)
        try:
            yield Chromium(process, to_it, from_it)
        except OSError as error:
            raise ChromiumFailed("the browser ended") from error
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            os.close(to_it)
            os.close(from_it)


def _make_pipe() -> tuple[int, int]:
    """Make a pipe whose ends have numbers that the shell does not overwrite."""
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE) for end in ends]
    for end in ends:
        os.close(end)
    return moved[0], moved[1]
