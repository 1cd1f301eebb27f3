"""A phone's browser as the patient uses it: what is on the screen, taps, and a tab that dies."""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import BrowserContext, Dialog, Page
from playwright.async_api import Error as BrowserError

LONGEST_LOAD_MS = 15_000
LOOK_EVERY_SECONDS = 0.06
ANSWERABLE = frozenset({"item", "instruction", "review", "send"})
KNOWN = ANSWERABLE | {"sent", "receipt", "pin", "home", "offline", "error"}

PREPARATION = """(() => {
  if (globalThis.madeNames) return;
  globalThis.madeNames = [];
  const make = crypto.randomUUID.bind(crypto);
  crypto.randomUUID = () => {
    const name = make();
    madeNames.push(name);
    return name;
  };
  const Real = Date;
  const now = () => Real.now() + (globalThis.wrongBy || 0);
  globalThis.Date = class extends Real {
    constructor(...given) {
      if (given.length) super(...given);
      else super(now());
    }
    static now() {
      return now();
    }
  };
})();"""
"""Notes what the app's scripts call their operations, and lets the clock be wrong; nothing else."""

LOOK = """() => {
  const find = (selector) => document.querySelector(selector);
  const form = find("#answer-form");
  const state = find("#save-state");
  const kinds = {
    error: location.protocol === "chrome-error:",
    item: form,
    instruction: find(".instruction"),
    send: find("form#send"),
    receipt: find(".receipt-code"),
    pin: find("input[name=pin]"),
    offline: find("#kept-questionnaires"),
    review: find("[data-review]"),
    sent: find("section.card[role=status] > h1"),
    home: location.pathname === "/p/home" && document.readyState === "complete",
  };
  const [kind = "other"] = Object.keys(kinds).filter((name) => kinds[name]);
  const value = (name) => form.elements.namedItem(name).value;
  const item = form && `${value("instrument")}:${value("item")}`;
  // The style sheet hides what a page without its script says of an answer that was changed since; it may be
  // lost itself, which nothing can be done about.
  const hidden = state?.matches("[data-plain]") && find("[name=answer]:checked:not([checked])");
  const radios = [...document.querySelectorAll("input[name=answer]")];
  return {
    kind,
    item,
    path: location.pathname,
    options: radios.map((radio) => radio.value),
    chosen: radios.find((radio) => radio.checked)?.value || "",
    asking: Boolean(find("#asking")),
    state: state ? state.dataset.state : "",
    words: state && !hidden ? state.textContent.trim() : "",
    receipt: find(".receipt-code")?.textContent.trim() || "",
    scripted: Boolean(find("#notices")),
  };
}"""

LOOK_LONG = f"""([wanted, longest]) => new Promise((done) => {{
  const look = {LOOK};
  const until = performance.now() + longest;
  const isWanted = (seen) => {{
    if (wanted.kinds) return wanted.kinds.includes(seen.kind);
    if (wanted.receipt) return seen.receipt;
    if (wanted.left) return seen.kind !== "other" && seen.path !== wanted.left;
    const [path, kind] = wanted.before || [];
    if (path) return seen.asking || (seen.kind !== "other" && (seen.path !== path || seen.kind !== kind));
    const said = seen.words && wanted.states.includes(seen.state) && seen.scripted && seen.chosen;
    return said || seen.kind !== "item" || seen.item !== wanted.item;
  }};
  const tick = () => {{
    const seen = look();
    if (isWanted(seen) || performance.now() > until) done(seen);
    else setTimeout(tick, {int(LOOK_EVERY_SECONDS * 1000)});
  }};
  tick();
}})"""
"""Looks again and again within the page: each look from outside costs three processes their time."""

CHOOSE = """(value) => {
  const names = globalThis.madeNames || [];
  names.length = 0;
  const radio = [...document.querySelectorAll("input[name=answer]")].find((each) => each.value === value);
  if (!radio || radio.checked) return null; // marked between looking and tapping: that says nothing new
  radio.click();
  return [...names];
}"""

PRESS = """(selector) => {
  if (globalThis.madeNames) madeNames.length = 0;
  const target = document.querySelector(selector);
  if (target) target.click();
  return Boolean(target);
}"""

QUEUE = """() => new Promise((done) => {
  const opening = indexedDB.open("questionnaires");
  opening.onerror = () => done(null);
  opening.onupgradeneeded = () => opening.transaction.abort();
  opening.onsuccess = () => {
    const asked = opening.result.transaction("operations").objectStore("operations").getAll();
    asked.onsuccess = () => {
      opening.result.close();
      done(asked.result.map(({ operation_id, aside }) => [operation_id, aside]));
    };
  };
})"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is on the screen; `item` is empty where no question is, `chosen` where no option is."""

    kind: str
    item: str = ""
    path: str = ""
    options: tuple[str, ...] = ()
    chosen: str = ""
    asking: bool = False
    state: str = ""
    words: str = ""
    receipt: str = ""
    scripted: bool = False


NOTHING = Seen("error")


@dataclass
class Window:
    """One tab of a browser; a context shared by two of them is one device."""

    context: BrowserContext
    wrong_by_s: int = 0
    page: Page | None = None
    offline: bool = False
    loads: int = 0
    lives: int = 0
    looks: int = 0
    _dialogs: list[str] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Tell whether there is a page."""
        return self.page is not None and not self.page.is_closed()

    async def open(self, path: str) -> Seen:
        """Go to an address and wait a moment for what comes; `error` where nothing does."""
        if self.page is None or self.page.is_closed():
            self.page = await self.context.new_page()
            self.page.on("dialog", self._accept)
            await self.page.add_init_script(
                f"globalThis.wrongBy = globalThis.wrongBy ?? {self.wrong_by_s * 1000};"
            )
        self.loads += 1
        self.lives += 1
        try:
            await self.page.goto(path, wait_until="commit", timeout=LONGEST_LOAD_MS)
        except BrowserError:
            return await self.look()
        return await self.settle()

    async def settle(self, longest_s: float = 4.0) -> Seen:
        """Wait until the page shows something that a patient knows."""
        return await self.look_until({"kinds": [*KNOWN]}, longest_s)

    async def look_until(self, wanted: dict[str, object], longest_s: float) -> Seen:
        """Look until something is seen, or for so long; a page that changes meanwhile is looked at anew."""
        loop = asyncio.get_running_loop()
        until = loop.time() + longest_s
        while (left := until - loop.time()) > 0:
            found = await self.run(LOOK_LONG, [wanted, left * 1000], longest_s=left + 5)
            if isinstance(found, dict):
                return _read_look(found)
            if not self.is_open:
                break
            await asyncio.sleep(LOOK_EVERY_SECONDS)
        return await self.look()

    async def look(self) -> Seen:
        """Look at the screen; `error` where it cannot be seen, since it is changing or gone."""
        found = await self.run(LOOK)
        return _read_look(found) if isinstance(found, dict) else NOTHING

    async def choose(self, value: str) -> list[str] | None:
        """Tap an option; gives what the page's script called the operations that it made at once."""
        names = await self.run(CHOOSE, value)
        return names if isinstance(names, list) else None

    async def press(self, selector: str) -> None:
        """Tap a button or a link."""
        await self.run(PRESS, selector)

    async def list_names(self) -> list[str]:
        """List what the page's script called the operations that it made since the last tap."""
        names = await self.run("() => [...(globalThis.madeNames || [])]")
        return names if isinstance(names, list) else []

    async def list_waiting(self) -> list[tuple[str, str]] | None:
        """List what waits on this device with the reason for which it was put aside; None if nobody knows."""
        found = await self.run(QUEUE)
        return None if found is None else [(name, aside) for name, aside in found]

    async def set_clock(self, wrong_by_s: int) -> None:
        """Set the device's clock wrong by so many seconds, on this page and on all that follow."""
        self.wrong_by_s = wrong_by_s
        if self.page is not None and not self.page.is_closed():
            statement = f"globalThis.wrongBy = {wrong_by_s * 1000};"
            await self.page.add_init_script(statement)
            await self.run(f"() => {{ {statement} }}")

    async def set_offline(self, *, offline: bool) -> None:
        """Take the network away from the device, or give it back."""
        self.offline = offline
        await self.context.set_offline(offline)

    async def kill(self, *, crash: bool) -> None:
        """Kill the tab: its process crashes, or the tab is closed without a word to the page."""
        page, self.page = self.page, None
        self.lives += 1
        if page is None or page.is_closed():
            return
        with suppress(BrowserError, TimeoutError):
            if crash:
                crashed = asyncio.Event()
                page.on("crash", lambda _: crashed.set())
                client = await self.context.new_cdp_session(page)
                task = asyncio.ensure_future(client.send("Page.crash"))
                task.add_done_callback(lambda done: done.cancelled() or done.exception())
                await asyncio.wait_for(crashed.wait(), 3)
                task.cancel()
        with suppress(BrowserError):
            await page.close()

    async def run(self, script: str, given: object = None, *, longest_s: float = 5) -> Any:  # noqa: ANN401 -- whatever the page gives
        """Run a function in the page; None where the page is gone or changing."""
        if self.page is None or self.page.is_closed():
            return None
        self.looks += 1
        try:
            return await asyncio.wait_for(self.page.evaluate(script, given), longest_s)
        except (BrowserError, TimeoutError):
            return None

    async def _accept(self, dialog: Dialog) -> None:
        self._dialogs.append(json.dumps(dialog.message))
        with suppress(BrowserError):
            await dialog.accept()


def _read_look(found: dict[str, Any]) -> Seen:
    given: dict[str, Any] = {name: value or "" for name, value in found.items()}
    return Seen(**given | {"options": tuple(found["options"])})
