"""Every page of the staff, found by following the links of each role from its first page.

The pages have something to show where `staff_story` was told.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from builders import PASSWORD
from flask import Flask
from journey_people import sign_in_staff
from journey_world import DESK, Installation, today
from participant_screens import Screen
from playwright.sync_api import Page, expect

FACES = ("clinic.", "admin.", "statistician.", "auth.")
LINKS = "() => [...document.querySelectorAll('a[href]')].map((link) => link.getAttribute('href'))"
NO_PAGES = {
    "clinic.import_table",
    "auth.start",  # leads to the first page of the role
    "clinic.trail_csv",
    "clinic.trail_json",
    "clinic.report_csv",
    "clinic.trend_csv",
    "clinic.check_enrolment",  # a part of the form of enrolment, which asks for it
    "statistician.figure_numbers",
    "statistician.release_figure_numbers",
    "statistician.release_state",
}


UNFOLD = "() => { for (const folded of document.querySelectorAll('details')) folded.open = true }"
LONGEST_LOOK_MS = 30_000
"""For a page that derives figures from the data, on a machine that has other things to do."""


def choose_event(page: Page) -> None:
    """Choose the first event that may be recorded."""
    page.get_by_role("row").get_by_role("button", name="Choisir").first.click()
    expect(page.get_by_label("Date", exact=True)).to_be_visible()


def preview_event(page: Page) -> None:
    """Let the app say what the chosen event would change."""
    page.get_by_label("Date", exact=True).fill(today().isoformat())
    page.get_by_role("button", name="Voir ce que cela change").click()
    expect(page.locator("button[value=confirm]")).to_be_visible()


def record_event(page: Page) -> None:
    """Record what was previewed."""
    page.locator("button[value=confirm]").click()
    expect(page.get_by_role("link", name="Annuler cet enregistrement")).to_be_visible()


def begin_undoing(page: Page) -> None:
    """Let the app say what undoing the event would change."""
    page.get_by_role("link", name="Annuler cet enregistrement").click()
    expect(page.locator("button[value=confirm]")).to_be_visible()


def preview_correction(page: Page) -> None:
    """Let the app say what correcting an entry would change."""
    page.get_by_label(re.compile("^Motif de la correction")).fill("Saisi par erreur")
    page.get_by_role("button", name="Voir ce que cela change").click()
    expect(page.locator("button[value=confirm]")).to_be_visible()


def make_token(page: Page) -> None:
    """Make a token, which is shown this once."""
    page.locator("main form #label").fill("SAS")
    press(page)


def press(page: Page) -> None:
    """Press the button of the page."""
    page.locator("main form[method=post] [type=submit]").first.click()


def approve(page: Page) -> None:
    """Approve a release as the second person."""
    page.locator("main form[action$=approve] [type=submit]").click()
    expect(page.locator("main form[action$=approve]")).to_have_count(0)


ACTS: Mapping[tuple[str, str], Sequence[Callable[[Page], None]]] = {
    ("administrator", "admin.confirm_close"): [press],  # one's own account, which is refused
    ("administrator", "admin.confirm_password"): [press],
    ("nurse", "clinic.card"): [press],
    ("nurse", "clinic.choose_event"): [choose_event, preview_event, record_event, begin_undoing],
    ("nurse", "clinic.event"): [preview_correction],
    ("statistician", "statistician.tokens"): [make_token],
    ("coordinator", "statistician.release"): [approve],
}
"""What a role does on a page to see those that no link leads to; each step ends on one of them."""


@dataclass
class StaffWalk:
    """The walk through the pages of the staff; each is shown once, to the first role that comes to it."""

    installation: Installation
    app: Flask
    roles: Mapping[str, Sequence[str]]
    """Whose usernames are their roles' names; each with addresses that are shown to that role in any case."""
    seen: set[str] = field(default_factory=set)

    def list_screens(self) -> Iterator[Screen]:
        """Give the sign-in, then each page in turn, ready to be looked at."""
        with self.installation.open_window(viewport=DESK, reduced_motion="reduce") as page:
            page.goto("/staff/sign-in")
            yield self._give("sign_in", page)
        for role, further in self.roles.items():
            watch = self.installation.watch(400, 409)
            with self.installation.open_window(viewport=DESK, reduced_motion="reduce", watch=watch) as page:
                page.context.set_default_timeout(LONGEST_LOOK_MS)
                sign_in_staff(page, role, PASSWORD)
                yield from self._follow(page, role, further)

    def list_pages(self) -> set[str]:
        """List the endpoints of all pages of the staff."""
        return {
            rule.endpoint
            for rule in self.app.url_map.iter_rules()
            if "GET" in (rule.methods or ()) and rule.endpoint.startswith(FACES)
        } - NO_PAGES

    def _follow(self, page: Page, role: str, further: Sequence[str]) -> Iterator[Screen]:
        """Come to each page once, by the links of the pages before it; give those that no role has shown."""
        to_come, come = [page.url, *further], set[str]()
        while to_come:
            address = to_come.pop(0)
            endpoint = self._find_endpoint(address)
            if endpoint is None or (endpoint in come and address not in further):
                continue
            shown = page.goto(address)
            assert shown is not None
            assert shown.ok, address
            to_come += self._list_links(page)
            is_first = endpoint not in come
            come.add(endpoint)
            if endpoint not in self.seen or address in further:
                yield from self._show(page, role, endpoint, is_first=is_first)

    def _show(self, page: Page, role: str, endpoint: str, *, is_first: bool) -> Iterator[Screen]:
        """Give the page in front of somebody and, the first time, what its form and its buttons lead to."""
        address, name = page.url, f"{role}-{endpoint.partition('.')[2]}"
        yield self._give(name, page)
        if not is_first:
            return
        if page.locator("main form[method=post]").count() == 1 and page.locator("main .control").count():
            yield from self._refuse(page, name)
        steps = ACTS.get((role, endpoint), [])
        if steps:
            page.goto(address)
        for number, step in enumerate(steps, 1):
            step(page)
            yield self._give(f"{name}-then-{number}", page)

    def _give(self, name: str, page: Page) -> Screen:
        """Unfold what is folded on a page, note that it was seen, and give it."""
        page.evaluate(UNFOLD)
        self.seen.add(self._find_endpoint(page.url) or "")
        return Screen(name, page)

    def _refuse(self, page: Page, name: str) -> Iterator[Screen]:
        """Send the page's form with nothing in it, where that is refused."""
        for control in page.locator("main :is(input, textarea).control:not([type=file])").all():
            control.fill("")
        page.locator("main form[method=post] [type=submit]").first.click()
        if page.locator(".error-summary").count():
            yield self._give(f"{name}-refused", page)

    def _list_links(self, page: Page) -> list[str]:
        """List the addresses of the page's links that lead to pages of the staff."""
        return [urljoin(page.url, href) for href in page.evaluate(LINKS)]

    def _find_endpoint(self, address: str) -> str | None:
        path, places = urlsplit(address).path, self.app.url_map.bind("localhost")
        endpoint = places.match(path)[0] if places.test(path, method="GET") else None
        return endpoint if endpoint in self.list_pages() else None
