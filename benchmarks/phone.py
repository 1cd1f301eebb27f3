"""What a phone makes of the pages: Lighthouse's figures, and a slow phone on a slow network.

Run it as `.venv/bin/python benchmarks/phone.py`; benchmarks/README.md says how to read it. Exit status 1 if a
budget is missed.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from urllib.request import Request, urlopen

import click
from measuring.bare_apps import make_bare_page
from measuring.installations import make_settings, sign_people_in, temporary_folder
from measuring.lighthouse import install_lighthouse, list_failed_audits, measure_page
from measuring.slow_phone import Tap, find_chromium, find_median_paint, open_slow_phone
from playwright.sync_api import Browser, sync_playwright
from server_process import ServerProcess

from pro_app.app import create_app
from pro_app.audit.actor import system_actor
from pro_app.services.questionnaire import load_questionnaire
from pro_app.settings import Settings
from pro_app.storage.database import open_database

RUNS = 3
TAPS = 5
WARM_UP = 8
BARE_BYTES = 20_000
BUDGETS: Mapping[str, tuple[float, bool]] = {
    "performance": (95, True),
    "accessibility": (100, True),
    "LCP": (1500, False),
    "TBT": (100, False),
    "CLS": (0, False),
    "slow LCP": (2500, False),
    "tap on an answer": (100, False),
    "tap on Next": (100, False),
}
"""Figure -> its limit, and whether it is the least (else the most); times in milliseconds."""
NEXT = 'button[name="go"][value="next"]'


KEPT = """caches.keys().then(async (names) => {
  for (const name of names)
    for (const { url } of await (await caches.open(name)).keys()) if (url.endsWith("/whole")) return true;
  return false;
})"""
"""Whether the phone keeps the whole questionnaire: from then on a step needs no network."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Where the pages are, and the participant who is signed in; the bare page needs nobody."""

    site: str
    bare: str
    question: str
    cookie: str

    @property
    def measured(self) -> Mapping[str, tuple[str, str]]:
        """Name -> address and cookie."""
        return {
            "home": (f"{self.site}/p/home", self.cookie),
            "questionnaire": (self.question, self.cookie),
            "bare page": (self.bare, ""),
        }


@click.command()
@click.option("--runs", default=RUNS, show_default=True, help="How often each page is loaded; medians count.")
@click.option("--no-lighthouse", is_flag=True, help="Only the slow phone, without Node.js.")
def main(*, runs: int, no_lighthouse: bool) -> None:
    """Measure, print a line for each page, and name what misses its budget."""
    chromium = find_chromium()
    if chromium is None:
        sys.exit("This needs Chromium: make chromium")
    missed: list[str] = []
    with temporary_folder() as folder, serve_pages(folder) as pages:
        if not no_lighthouse:
            install_lighthouse()
            for name, (url, cookie) in pages.measured.items():
                figures = measure_page(url, cookie, chromium=chromium, folder=folder, runs=runs)
                missed += report(f"Lighthouse, {name}", figures, counts=bool(cookie))
                for audit in list_failed_audits(folder / "0.json") if cookie else ():
                    print(f"  accessibility: {audit}")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for name, (url, cookie) in pages.measured.items():
                figures = {"slow LCP": find_median_paint(browser, url, cookie, runs=runs)}
                if name != "home":
                    figures |= measure_taps(browser, url, cookie)
                missed += report(f"slow phone, {name}", figures, counts=bool(cookie))
            browser.close()
    if missed:
        sys.exit("Over budget: " + "; ".join(missed))


@contextmanager
def serve_pages(folder: Path) -> Iterator[Pages]:
    """Serve a fresh installation with one participant, and the bare page beside it."""
    settings = make_settings(f"sqlite:///{folder / 'main.sqlite'}", folder)
    ((assessment_id, cookie),) = sign_people_in(settings, 1)
    ours = ServerProcess(partial(create_app, settings), folder / "server.log")
    bare = ServerProcess(partial(make_bare_page, BARE_BYTES), folder / "bare.log", ready_path="/page")
    try:
        ours.start()
        bare.start()
        site, page = (f"http://127.0.0.1:{server.port}" for server in (ours, bare))
        question = f"{site}/p/q/{assessment_id}/{find_first_item(settings, assessment_id)}"
        pages = Pages(site, f"{page}/page", question, cookie)
        warm_up(pages)
        yield pages
    finally:
        bare.stop()
        ours.stop()


def warm_up(pages: Pages) -> None:
    """Ask for each page some times: the first of a process is slow, and no phone is to blame for it."""
    for url, cookie in pages.measured.values():
        for _ in range(WARM_UP):
            with urlopen(Request(url, headers={"Cookie": f"participant={cookie}"})) as reply:  # noqa: S310 -- our own
                reply.read()


def find_first_item(settings: Settings, assessment_id: int) -> int:
    """Give the number of the first screen with an item."""
    database = open_database(settings.database_url)
    with database.reading() as session:
        actor = system_actor("benchmark", "phone")
        questionnaire = load_questionnaire(session, assessment_id=assessment_id, actor=actor)
    database.engine.dispose()
    return questionnaire.item_screens[0].number


def measure_taps(browser: Browser, url: str, cookie: str) -> dict[str, float]:
    """Tap answers and Next on a page that is wholly loaded; gives the median of each kind."""
    answers: list[Tap] = []
    steps: list[Tap] = []
    with open_slow_phone(browser, url, cookie) as phone:
        phone.load(url)
        if cookie:
            phone.wait_for(KEPT)
        for _ in range(TAPS):
            if phone.shows("main label"):  # an instruction has no answers
                answers.append(phone.tap("main label"))
            if cookie:
                steps.append(phone.tap(NEXT))
    figures = {
        "tap on an answer": median(tap.next_frame for tap in answers),
        "of which work": median(tap.work for tap in answers),
    }
    if steps:
        figures["tap on Next"] = median(max(tap.next_frame, tap.changed) for tap in steps)
        figures["of which its work"] = median(tap.work for tap in steps)
    return figures


def report(name: str, figures: Mapping[str, float], *, counts: bool) -> list[str]:
    """Print one line; gives what misses its budget, of a page that has one."""
    print(f"{name}: " + ", ".join(f"{figure} {value:.4g}" for figure, value in figures.items()), flush=True)
    return [
        f"{name}: {figure} {value:.4g}"
        for figure, value in figures.items()
        if counts and not _is_within(figure, value)
    ]


def _is_within(figure: str, value: float) -> bool:
    if figure not in BUDGETS:
        return True
    limit, is_least = BUDGETS[figure]
    return value >= limit if is_least else value <= limit


if __name__ == "__main__":
    main()
