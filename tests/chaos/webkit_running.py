"""The same sessions in WebKitGTK, two at a time; in this one the whole browser is killed as well."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from chaos.installation import Person
from chaos.network import COOKIE, HOST
from chaos.plans import Plan
from chaos.running import Chaos, open_world
from chaos.screens_seen import Window
from chaos.webkit_install import MISSING, find_webkit, open_display
from chaos.webkit_windows import FEATURES, Device, DeviceWeather, WebKitWindow

AT_ONCE = 2
SECOND_DEVICE = 30_000
"""What is added to a session's number for its second device, whose network is lost alone."""

NEEDED = ("secure context", "service worker", "IndexedDB", "crypto.subtle")


@dataclass
class WebKit:
    """Where the browsers run."""

    python: str
    display: str
    folder: Path
    address: str

    def make_device(self, name: str, cookies: dict[str, str]) -> Device:
        """Make a device that starts at its first page."""
        return Device(self.python, self.display, self.folder / name, self.address, cookies)


@dataclass
class WebKitChaos(Chaos):
    """One run in WebKitGTK."""

    webkit: WebKit = field(kw_only=True)
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def _run(self, plan: Plan) -> None:
        async with self._room:
            await super()._run(plan)

    async def _open_windows(self, plan: Plan, person: Person, contexts: list[Any]) -> AsyncIterator[Window]:
        """Make each device with its first window, or a second one on the first device."""
        session = self.network.sessions[plan.number]
        for index, (session_cookie, device_secret) in enumerate(person.phones):
            number = plan.number + index * SECOND_DEVICE
            values = {"participant": session_cookie, "device": device_secret, COOKIE: str(number)}
            device = self.webkit.make_device(f"{plan.number}-{index}", values)
            device.weather = DeviceWeather(session.random, fault=session.fault, session=session)
            device.counts = self.tally.counts
            self.network.sessions[number] = device.weather
            contexts.append(device)
            yield self._open_window(device, plan.skews[index])
        if plan.companion == "tab":
            yield self._open_window(contexts[0], plan.skews[0])

    def _open_window(self, device: Device, wrong_by_s: int) -> Window:
        window = WebKitWindow(device, wrong_by_s=wrong_by_s)
        device.windows.append(window)
        return window


@asynccontextmanager
async def open_webkit_chaos(seed: int, *, tell: Callable[[str], None]) -> AsyncIterator[Chaos]:
    """Start network, server and a screen, and say what this WebKit can do."""
    python = find_webkit()
    if python is None:
        raise RuntimeError(MISSING)
    async with open_world() as (folder, network, installation):
        with open_display() as display:
            webkit = WebKit(python, display, folder, f"http://{HOST}:{network.port}")
            found = await _find_features(webkit)
            tell("; ".join(f"{name}: {_say(value)}" for name, value in found.items()))
            if missing := [name for name in NEEDED if not found.get(name)]:
                raise RuntimeError(f"This WebKitGTK has no {', '.join(missing)}: there is nothing to prove.")
            yield WebKitChaos(seed, installation, network, cast("Any", None), tell, webkit=webkit)


async def _find_features(webkit: WebKit) -> dict[str, object]:
    device = webkit.make_device("features", {})
    window = WebKitWindow(device)
    device.windows.append(window)
    await window.open("/")
    found = await window.run(FEATURES)
    await device.close()
    return found if isinstance(found, dict) else {}


def _say(value: object) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
