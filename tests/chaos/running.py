"""Running many sessions at once in one browser, and counting what came of them."""

import asyncio
import shutil
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import builders
from chaos.faults import FAULTS, HARDSHIPS
from chaos.installation import Installation, Person, open_installation
from chaos.network import COOKIE, HOST, Network, Weather, summarise
from chaos.patient import Patient
from chaos.plans import Plan, draw_plan
from chaos.screens_seen import PREPARATION, Window
from chaos.stored import load_form
from chaos.verdict import Verdict, judge
from chaos.way import LONGEST_DRAIN_SECONDS
from journeys.conftest import FLAGS
from journeys.install_chromium import find_chromium
from playwright.async_api import Browser, BrowserContext, ViewportSize, async_playwright

from pro_app.audit.verification import verify_audit_trail

AT_ONCE = 5
LONGEST_SESSION_SECONDS = 600.0
NEEDLESS_FEATURES = (
    "SpareRendererForSitePerProcess",
    "PreloadTopChromeWebUI",
    "WebUIReloadButton",
    "InitialWebUI",
    "WebUIToolbar",
    "WebUIOmniboxPopup",
    "WebUITabStrip",
    "PaintHolding",
    "HttpsUpgrades",
)
"""What starts further processes for each window, for pages that may come and for buttons that nobody sees."""

PHONE: ViewportSize = {"width": 390, "height": 844}


@dataclass
class Tally:
    """What all sessions came to; `differences` name their session."""

    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    fates: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    found_by_session: dict[int, Verdict] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, plan: Plan, patient: Patient, verdict: Verdict) -> None:
        """Count one session."""
        memory = patient.memory
        self.found_by_session[plan.number] = verdict
        self.counts.update(
            {
                "sessions": 1,
                "taps": len(memory.taps),
                "operations": verdict.operations,
                "lost": verdict.lost,
                "doubled": verdict.doubled,
                "beside the form": verdict.set_aside,
                "promises checked": memory.checked_promises,
                "told to keep the page open": memory.warnings,
                "gone after that": verdict.gone_after_warning,
                "page loads": sum(window.loads for window in patient.windows),
                "tabs killed": memory.tab_kills,
                "looks": sum(window.looks for window in patient.windows),
                "wrong clocks": memory.skews + sum(map(bool, plan.skews)),
                "PINs typed": memory.sign_ins,
                "two devices": plan.companion == "device",
                "two tabs": plan.companion == "tab",
                "sent": memory.sent,
            }
        )
        self.differences += [f"session {plan.number}: {words}" for words in verdict.differences]

    def summarise(self) -> str:
        """Say it all in a few lines."""
        counts = ", ".join(f"{name} {number}" for name, number in self.counts.items())
        return (
            f"seed {self.seed}: {counts}\n{summarise(self.fates)}\n"
            f"{self.counts['lost']} lost, {self.counts['doubled']} doubled, "
            f"{self.counts['gone after that']} gone with a page that asked to be kept open, "
            f"{len(self.differences)} differences, {self.seconds:.0f} s"
        )


@dataclass
class Chaos:
    """One run: the parts that all its sessions share."""

    seed: int
    installation: Installation
    network: Network
    browser: Browser
    tell: Callable[[str], None]
    faults: Mapping[int, str] = field(default_factory=dict)
    patience_s: float = LONGEST_DRAIN_SECONDS
    tells_story: bool = False
    stories: dict[int, list[str]] = field(default_factory=dict)
    tally: Tally = field(init=False)

    def __post_init__(self) -> None:
        self.tally = Tally(self.seed)

    async def run_all(self, numbers: Sequence[int]) -> None:
        """Run the sessions, some at once."""
        room = asyncio.Semaphore(AT_ONCE)

        async def run(number: int) -> None:
            async with room:
                await self._run(draw_plan(self.seed, number))
            done = len(self.tally.found_by_session)
            if done % max(5, len(numbers) // 20) == 0:
                self.tell(f"{done} of {len(numbers)} sessions, {len(self.tally.differences)} differences")

        await asyncio.gather(*(run(number) for number in numbers))

    async def _run(self, plan: Plan) -> None:
        try:
            await asyncio.wait_for(self._live(plan), LONGEST_SESSION_SECONDS)
        except Exception as error:  # noqa: BLE001 -- one session that breaks is a difference, and stops no other
            text = "".join(traceback.format_exception(error, limit=-3))
            self.tally.differences.append(f"session {plan.number}: broken off: {text}")
        for line in self.stories.pop(plan.number, []):
            self.tell(line)
        for words in self.tally.differences:
            if words.startswith(f"session {plan.number}: "):
                self.tell(f"{words}  (SEED={self.seed} ONLY={plan.number})")

    async def _live(self, plan: Plan) -> None:
        phones = 2 if plan.companion == "device" else 1
        person = await asyncio.to_thread(self.installation.add_person, plan.study, phones=phones)
        planted = (FAULTS | HARDSHIPS).get(self.faults.get(plan.number, ""))
        weather = Weather(Random(plan.network_seed), fault=planted)  # noqa: S311 -- no secret
        self.network.sessions[plan.number] = weather
        contexts: list[BrowserContext] = []
        try:
            windows = [window async for window in self._open_windows(plan, person, contexts)]
            patient = Patient(plan, person, self.installation, windows, weather, self.patience_s)
            await patient.live()
            stuck = [
                f"{name} ({aside or 'waiting'})"
                for window in windows
                for name, aside in await window.list_waiting() or []
            ]
            with self.installation.look() as store:
                form = load_form(store, person.assessment_id)
            verdict = judge(patient.memory, form, companion=plan.companion, stuck=stuck)
            self.tally.add(plan, patient, verdict)
            if self.tells_story or verdict.differences:
                self.stories[plan.number] = patient.memory.story
        finally:
            for context in contexts:
                await context.close()
            del self.network.sessions[plan.number]

    async def _open_windows(
        self, plan: Plan, person: Person, contexts: list[BrowserContext]
    ) -> AsyncIterator[Window]:
        """Open the first window of each device, or a second one of the first device."""
        address = f"http://{HOST}:{self.network.port}"
        for session_cookie, device_secret in person.phones:
            context = await self.browser.new_context(
                base_url=address, locale="fr-FR", timezone_id=builders.ZONE, viewport=PHONE
            )
            contexts.append(context)
            await context.add_init_script(PREPARATION)
            values = {"participant": session_cookie, "device": device_secret, COOKIE: str(plan.number)}
            await context.add_cookies([{"name": n, "value": v, "url": address} for n, v in values.items()])
            yield Window(context, wrong_by_s=plan.skews[len(contexts) - 1])
        if plan.companion == "tab":
            yield Window(contexts[0], wrong_by_s=plan.skews[0])


@asynccontextmanager
async def open_world() -> AsyncIterator[tuple[Path, Network, Installation]]:
    """Start the network and the server behind it; gives their folder too."""
    with tempfile.TemporaryDirectory() as folder:
        network = Network(0)
        await network.listen()
        with open_installation(Path(folder), public_port=network.port) as installation:
            network.server_port = installation.server.port
            yield Path(folder), network, installation
            await network.close()


@asynccontextmanager
async def open_chaos(seed: int, *, tell: Callable[[str], None]) -> AsyncIterator[Chaos]:
    """Start network, server and Chromium."""
    path = shutil.which("chromium-headless-shell") or find_chromium()  # the shell takes half the time
    if path is None:
        raise RuntimeError("The chaos needs Chromium; `make chromium` installs it.")
    async with open_world() as (_, network, installation), async_playwright() as playwright:
        without = f"--disable-features={','.join(NEEDLESS_FEATURES)}"
        browser = await playwright.chromium.launch(executable_path=path, args=[*FLAGS, without])
        yield Chaos(seed, installation, network, browser, tell)
        await browser.close()


async def run_chaos(
    numbers: Sequence[int],
    *,
    seed: int,
    faults: Mapping[int, str] | None = None,
    patience_s: float = LONGEST_DRAIN_SECONDS,
    tell: Callable[[str], None] = print,
    opening: Callable[..., AbstractAsyncContextManager[Chaos]] = open_chaos,
) -> Tally:
    """Run sessions by their numbers and give what they came to.

    `faults` names a fault or a hardship to plant, by session.

    `opening` starts the browser, which is Chromium where nothing else is said.
    """
    began = time.monotonic()
    async with opening(seed, tell=tell) as chaos:
        chaos.faults, chaos.patience_s = faults or {}, patience_s
        chaos.tells_story = len(numbers) == 1
        random = Random(f"{seed}:kills")  # noqa: S311 -- no secret
        killing = asyncio.create_task(chaos.installation.keep_killing(random, chaos.network.fates.total))
        await chaos.run_all(numbers)
        chaos.installation.over.set()
        await killing
        with chaos.installation.parts.database.reading() as session:
            entries, breaks = verify_audit_trail(session)
        tally = chaos.tally
        tally.differences += [f"audit trail: {each}" for each in breaks]
        tally.counts.update({"audit entries": entries, "server killed": chaos.installation.kills})
        tally.fates = chaos.network.fates
        tally.seconds = time.monotonic() - began
        return tally
