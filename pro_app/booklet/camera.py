"""Taking pictures of pages at the size of a phone or a tablet, and printing the booklet itself."""

import base64
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pro_app.booklet.chromium import LONGEST_PRINT_S, Chromium, ChromiumFailed

OVERLAP = 120
"""CSS pixels that a further picture of a long page shows again, so that no line is lost between two."""
LONGEST_WAIT_S = 10.0
HTTP_OK = 200
QUALITY = 88
"""Of 100: letters stay sharp, and a hundred pictures stay a file that can be sent by e-mail."""
_CALM = [
    {"name": "prefers-reduced-motion", "value": "reduce"},
    {"name": "prefers-color-scheme", "value": "light"},
]


@dataclass(frozen=True, slots=True)
class ScreenSize:
    """One device: its code, and its size in CSS pixels; `sharpness` is picture pixels to one of them."""

    code: str
    width: int
    height: int
    sharpness: float


PHONE = ScreenSize("phone", 390, 844, 2.0)
TABLET = ScreenSize("tablet", 820, 1180, 1.25)
SIZES = (PHONE, TABLET)


class Camera:
    """One page of the browser, of one size."""

    def __init__(
        self, chromium: Chromium, size: ScreenSize, *, base_url: str, cookie: tuple[str, str]
    ) -> None:
        self._chromium = chromium
        self._size = size
        self._base_url = base_url
        context = chromium.ask("Target.createBrowserContext")["browserContextId"]
        target = chromium.ask("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        self._page = chromium.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._ask("Page.enable")
        self._ask("Network.enable")
        # The pages as the server sends them: a script would show the state of one phone, and change it.
        self._ask("Emulation.setScriptExecutionDisabled", value=True)
        self._ask("Network.setCookie", name=cookie[0], value=cookie[1], url=base_url, httpOnly=True)
        self._ask("Emulation.setEmulatedMedia", features=_CALM)
        self._ask(
            "Emulation.setDeviceMetricsOverride",
            width=size.width,
            height=size.height,
            deviceScaleFactor=size.sharpness,
            mobile=True,
        )

    def open(self, path: str) -> None:
        """Go to a page of the app and wait until it stands; raises ChromiumFailed for one that is refused."""
        self._chromium.forget_events()
        self._ask("Page.navigate", url=f"{self._base_url}{path}")
        self._chromium.wait_for("Page.loadEventFired", page=self._page)
        self._settle()
        status = self._evaluate("performance.getEntriesByType('navigation')[0].responseStatus")
        if status != HTTP_OK:
            raise ChromiumFailed(f"{path}: {status}")

    def press(self, selector: str, *, until: str) -> None:
        """Press a button and wait until something stands on the page."""
        if self._evaluate(f"document.querySelector({selector!r})?.click() === undefined") is not True:
            raise ChromiumFailed(f"{selector}: no such button")
        self._wait_until(f"document.querySelector({until!r}) !== null")
        self._settle()

    def take(self) -> Iterator[bytes]:
        """Give the page as JPEG pictures: as it first shows itself, then scrolled down to its end."""
        seen = 0
        while True:
            self._evaluate(f"window.scrollTo(0, {seen})")
            self._settle()
            picture = self._ask("Page.captureScreenshot", format="jpeg", quality=QUALITY)
            yield base64.b64decode(picture["data"])
            bottom = int(str(self._evaluate("Math.floor(window.scrollY + window.innerHeight)")))
            whole = int(str(self._evaluate("Math.floor(document.documentElement.scrollHeight)")))
            if bottom >= whole - 1:
                return
            seen = bottom - OVERLAP

    def _settle(self) -> None:
        """Wait for the fonts, and for what is drawn stroke by stroke."""
        self._wait_until(
            "document.readyState === 'complete' && document.fonts.status === 'loaded' && "
            "document.getAnimations().every(one => one.playState === 'finished')"
        )

    def _wait_until(self, condition: str) -> None:
        """Ask again and again, since a page without scripts keeps no promises."""
        deadline = time.monotonic() + LONGEST_WAIT_S
        while time.monotonic() < deadline:
            # While the next page comes there is none to ask.
            with suppress(ChromiumFailed):
                if self._evaluate(condition) is True:
                    return
            time.sleep(0.02)
        raise ChromiumFailed(f"{condition}: it did not come about")

    def _evaluate(self, expression: str) -> object:
        answer = self._ask("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise ChromiumFailed(str(answer["exceptionDetails"].get("text")))
        value: object = answer["result"].get("value")
        return value

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:  # noqa: ANN401 -- the protocol's own JSON
        return self._chromium.ask(method, page=self._page, **params)


def print_page(chromium: Chromium, url: str) -> bytes:
    """Print a page as PDF on the paper that its own styles ask for."""
    target = chromium.ask("Target.createTarget", url="about:blank")["targetId"]
    page = chromium.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    chromium.ask("Page.enable", page=page)
    chromium.forget_events()
    chromium.ask("Page.navigate", page=page, url=url)
    chromium.wait_for("Page.loadEventFired", page=page)
    printed = chromium.ask(
        "Page.printToPDF",
        page=page,
        longest_wait_s=LONGEST_PRINT_S,
        preferCSSPageSize=True,
        printBackground=True,
    )
    return base64.b64decode(printed["data"])
