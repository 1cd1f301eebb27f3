"""A phone with WebKitGTK: its process, its tabs, and the ways in which both die."""

import asyncio
import json
import os
import shutil
import signal
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import builders
from chaos.network import Weather
from chaos.screens_seen import LONGEST_LOAD_MS, PREPARATION, Seen, Window

BROWSER = Path(__file__).with_name("webkit_browser.py")
LONGEST_START_SECONDS = 60.0
LONGEST_RUN_SECONDS = 5.0
LONGEST_LINE = 2**22
FEATURES = """async () => ({
  version: /Version[^ ]*/.exec(navigator.userAgent)?.[0],
  "secure context": isSecureContext,
  "service worker": "serviceWorker" in navigator,
  "cache storage": "caches" in globalThis,
  IndexedDB: "indexedDB" in globalThis,
  "crypto.subtle": Boolean(globalThis.crypto?.subtle),
  locks: Boolean(navigator.locks),
  BroadcastChannel: "BroadcastChannel" in globalThis,
  "fetch with keepalive": "keepalive" in Request.prototype,
  "persistent storage on demand": Boolean(navigator.storage?.persist),
  push: "PushManager" in globalThis,
})"""
"""What this WebKit has of what the client uses where it finds it."""


class BrowserGoneError(Exception):
    """The browser cannot be asked any more: it was killed, or does not answer in time."""


@dataclass
class DeviceWeather(Weather):
    """The network of one of a session's devices: that of the session, until it is cut."""

    session: Weather = field(kw_only=True)
    cut: bool = False

    def draw(self) -> str:
        """Draw what becomes of one request; all are lost where the network is cut."""
        return "lost" if self.cut else self.session.draw()


@dataclass
class Device:
    """One phone: a browser with its own storage, which outlives it; `counts` counts its deaths."""

    python: str
    display: str
    folder: Path
    address: str
    cookies: dict[str, str]
    weather: DeviceWeather | None = None
    counts: Counter[str] = field(default_factory=Counter)
    windows: list["WebKitWindow"] = field(default_factory=list)
    crashes: int = 0
    _process: asyncio.subprocess.Process | None = None
    _listening: asyncio.Task[None] | None = None
    _asked: dict[int, asyncio.Future[Any]] = field(default_factory=dict)
    _number: int = 0

    async def order(self, do: str, tab: str, *, longest_s: float, **given: object) -> Any:  # noqa: ANN401 -- whatever the page gives
        """Have the browser do something, and start it where it does not run; raises BrowserGoneError."""
        if self._process is None:
            await self._start()
        assert self._process is not None
        assert self._process.stdin is not None
        self._number += 1
        number = self._number
        reply = self._asked[number] = asyncio.get_running_loop().create_future()
        line = json.dumps({"id": number, "do": do, "tab": tab, **given})
        try:
            self._process.stdin.write(f"{line}\n".encode())
            return await asyncio.wait_for(reply, longest_s)
        except (OSError, TimeoutError) as error:
            raise BrowserGoneError from error
        finally:
            self._asked.pop(number, None)

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            self.python,
            str(BROWSER),
            str(self.folder),
            self.address,
            json.dumps(self.cookies),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=LONGEST_LINE,
            start_new_session=True,
            env={
                **os.environ,  # noqa: TID251 -- what a process of the tests is given, no setting of the app
                "DISPLAY": self.display,
                "GDK_BACKEND": "x11",
                "TZ": builders.ZONE,
                "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
            },
        )
        self._listening = asyncio.create_task(self._listen(self._process))

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            said = json.loads(line)
            reply = self._asked.get(said["id"])
            if reply is None or reply.done():
                continue
            if "failed" in said:
                reply.set_exception(BrowserGoneError(said["failed"]))
            else:
                reply.set_result(said["gave"])
        for reply in self._asked.values():
            if not reply.done():
                reply.set_exception(BrowserGoneError())

    async def kill(self) -> None:
        """Kill all processes of the browser at once, as a phone does that needs its memory."""
        process, self._process = self._process, None
        for window in self.windows:
            window.is_alive = False
            window.lives += 1
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        if self._listening is not None:
            await self._listening

    async def close(self) -> None:
        """End it, and throw its storage away."""
        await self.kill()
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)


@dataclass
class WebKitWindow(Window):
    """One tab of WebKitGTK; `context` is the device that it belongs to."""

    context: Device  # type: ignore[assignment] # the same steps on another browser
    is_alive: bool = False
    tab: str = ""

    @property
    def is_open(self) -> bool:
        """Tell whether there is a page."""
        return self.is_alive

    async def open(self, path: str) -> Seen:
        """Go to an address and wait a moment for what comes."""
        self.loads += 1
        self.lives += 1
        try:
            if not self.is_alive:
                self.tab = f"{self.context.windows.index(self)}-{self.lives}"
                await self._prepare()
                self.is_alive = True
            address, longest_s = self.context.address + path, LONGEST_LOAD_MS / 1000
            came = await self.context.order("load", self.tab, longest_s=longest_s, address=address)
        except BrowserGoneError:
            return await self.look()
        return await self.settle(4.0 if came == "committed" else 0.2)

    async def _prepare(self) -> None:
        clock = f"globalThis.wrongBy = globalThis.wrongBy ?? {self.wrong_by_s * 1000};"
        scripts = [PREPARATION, clock]
        await self.context.order("scripts", self.tab, longest_s=LONGEST_START_SECONDS, scripts=scripts)

    async def set_clock(self, wrong_by_s: int) -> None:
        """Set the device's clock wrong by so many seconds, on this page and on all that follow."""
        self.wrong_by_s = wrong_by_s
        if self.is_alive:
            with suppress(BrowserGoneError):
                await self._prepare()
            await self.run(f"() => {{ globalThis.wrongBy = {wrong_by_s * 1000}; }}")

    async def set_offline(self, *, offline: bool) -> None:
        """Take the network away from the device, or give it back; the browser itself is not told."""
        self.offline = offline
        if self.context.weather is not None:
            self.context.weather.cut = offline

    async def kill(self, *, crash: bool) -> None:
        """Kill the tab; of two crashes one takes the whole browser with it."""
        self.lives += 1
        if not self.is_alive:
            return
        self.is_alive = False
        self.context.crashes += crash
        if crash and self.context.crashes % 2:
            self.context.counts["browsers killed"] += 1
            await self.context.kill()
            return
        with suppress(BrowserGoneError):
            await self.context.order("kill", self.tab, longest_s=LONGEST_RUN_SECONDS, crash=crash)

    async def run(self, script: str, given: object = None, *, longest_s: float = LONGEST_RUN_SECONDS) -> Any:  # noqa: ANN401 -- whatever the page gives
        """Run a function in the page; None where the page is gone or changing."""
        if not self.is_alive:
            return None
        self.looks += 1
        try:
            return await self.context.order("run", self.tab, longest_s=longest_s, script=script, given=given)
        except BrowserGoneError:
            return None
