"""A slow phone on a slow network, in Chromium: when a page stands there, and how soon a tap is answered."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlsplit

from journeys.install_chromium import find_chromium
from playwright.sync_api import Browser, CDPSession, Page

__all__ = ["Tap", "find_chromium", "find_median_paint", "open_slow_phone"]

BYTES_A_SECOND = 400_000 / 8
LATENCY_MS = 400
SLOWER_PROCESSOR = 6
SCREEN = {"width": 390, "height": 844}
SETTLED_MS = 1500
"""How long nothing is asked of the page after it was loaded, and after each tap."""

_WATCH = """() => {
  window.seen = { paint: 0, taps: [] };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) seen.paint = entry.startTime;
  }).observe({ type: "largest-contentful-paint", buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.name === "click") seen.taps.push(entry.duration);
  }).observe({ type: "event", durationThreshold: 16, buffered: true });
  let tapped = 0;
  addEventListener("click", (event) => { tapped = event.timeStamp; seen.answered = null; }, true);
  new MutationObserver(() => {
    if (!tapped || seen.answered) return;
    const since = tapped;
    seen.answered = -1;
    requestAnimationFrame(() => setTimeout(() => { seen.answered = performance.now() - since; }));
  }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
}"""
"""Notes the largest paint, the browser's own time from each tap to the next frame (Event Timing, in steps of
8 ms, nothing under 16), and the time from a tap to the frame in which the page has changed."""


@dataclass(frozen=True, slots=True)
class Tap:
    """One tap: milliseconds until the next frame, and until the frame in which the page was another.

    `work` is the time of the slowed processor that the page took from the tap until it was quiet again; what
    other programs of the machine take is not in it.
    """

    next_frame: float
    changed: float
    work: float


class SlowPhone:
    """One page in a browser that remembers nothing, signed in with the cookie of a participant."""

    def __init__(self, page: Page, tools: CDPSession) -> None:
        self._page = page
        self._tools = tools

    def load(self, url: str) -> float:
        """Open a page and give the time of its largest paint in milliseconds."""
        self._page.goto(url, wait_until="load", timeout=60_000)
        self._page.wait_for_timeout(SETTLED_MS)
        return float(self._page.evaluate("seen.paint"))

    def wait_for(self, expression: str) -> None:
        """Wait until an expression of the page holds."""
        self._page.wait_for_function(expression, timeout=60_000)

    def shows(self, selector: str) -> bool:
        """Tell whether anything on the page fits."""
        return self._page.locator(selector).count() > 0

    def tap(self, selector: str) -> Tap:
        """Tap the first element that fits and say how soon the phone answered."""
        self._page.evaluate("seen.taps = []; seen.answered = null")
        before = self._find_work()
        self._page.locator(selector).first.tap()
        self._page.wait_for_timeout(SETTLED_MS)
        taps, changed = self._page.evaluate("[seen.taps, seen.answered]")
        # Event Timing says nothing of what was answered within 16 ms.
        return Tap(max(taps, default=16.0), float(changed or 0), self._find_work() - before)

    def _find_work(self) -> float:
        """Give the processor's time that the page has taken so far, in milliseconds."""
        found = self._tools.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in found if one["name"] == "TaskDuration")) * 1000


@contextmanager
def open_slow_phone(browser: Browser, url: str, cookie: str) -> Iterator[SlowPhone]:
    """Open a slow phone at the site of `url`."""
    context = browser.new_context(viewport=SCREEN, has_touch=True, is_mobile=True, locale="fr-FR")
    if cookie:
        host = urlsplit(url).hostname or ""
        context.add_cookies([{"name": "participant", "value": cookie, "domain": host, "path": "/"}])
    context.add_init_script(f"({_WATCH})()")
    page = context.new_page()
    tools = context.new_cdp_session(page)
    tools.send("Performance.enable", {"timeDomain": "threadTicks"})
    tools.send("Network.enable")
    tools.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY_MS,
            "downloadThroughput": BYTES_A_SECOND,
            "uploadThroughput": BYTES_A_SECOND,
        },
    )
    tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER_PROCESSOR})
    try:
        yield SlowPhone(page, tools)
    finally:
        context.close()


def find_median_paint(browser: Browser, url: str, cookie: str, *, runs: int) -> float:
    """Give the median time of the largest paint of a page loaded from nothing, in milliseconds."""
    paints = []
    for _ in range(runs):
        with open_slow_phone(browser, url, cookie) as phone:
            paints.append(phone.load(url))
    return median(paints)
