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
from participant_screens import LONGEST_WAIT_MS, Screen
from playwright.sync_api import Page, expect

FACES = ("clinic.", "admin.", "statistician.", "auth.")
LINKS = "() => [...document.querySelectorAll('a[href]')].map((link) => link.getAttribute('href'))"
NO_PAGES = {
    "auth.start",  # leads to the first page of the role
    "statistician.figure_numbers",
    "statistician.release_figure_numbers",
    "statistician.release_state",
}


def choose_event(page: Page) -> None:
    """Choose the first event that may be recorded."""
    page.get_by_role("row").get_by_role("button", name="Choisir").first.click()
    expect(page.get_by_label("Date", exact=True)).to_be_visible()


def preview_event(page: Page) -> None:
    """Let the app say what the chosen event would change."""
    page.get_by_label("Date", exact=True).fill(today().isoformat())
    page.get_by_role("button", name="Voir ce que cela change").click()
    expect(page.locator("button[value=confirm]")).to_be_visible()


def preview_correction(page: Page) -> None:
    """Let the app say what taking an entry back would change."""
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


ACTS: Mapping[str, Sequence[Callable[[Page], None]]] = {
    "admin.confirm_close": [press],  # one's own account, which is refused
    "admin.confirm_password": [press],
    "clinic.card": [press],
    "clinic.choose_event": [choose_event, preview_event],
    "clinic.event": [preview_correction],
    "statistician.tokens": [make_token],
}
"""What is done on a page to see the pages that have no address; each step ends on one of them."""


@dataclass
class StaffWalk:
    """The walk through the pages of the staff; each is shown once, to the first role that comes to it."""

    installation: Installation
    app: Flask
    roles: Mapping[str, Sequence[str]]
    """Whose usernames are their roles' names; each with addresses that no link on the way leads to."""
    seen: set[str] = field(default_factory=set)

    def list_screens(self) -> Iterator[Screen]:
        """Give the sign-in, then each page in turn, ready to be looked at."""
        with self.installation.open_window(viewport=DESK, reduced_motion="reduce") as page:
            page.goto("/staff/sign-in")
            self.seen.add("auth.sign_in")
            yield Screen("sign_in", page)
        for role, further in self.roles.items():
            watch = self.installation.watch(400, 409)
            with self.installation.open_window(viewport=DESK, reduced_motion="reduce", watch=watch) as page:
                page.context.set_default_timeout(LONGEST_WAIT_MS)
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
            if endpoint is None or endpoint in come:
                continue
            come.add(endpoint)
            page.goto(address)
            to_come += self._list_links(page)
            if endpoint in self.seen and address not in further:
                continue
            self.seen.add(endpoint)
            name = f"{role}-{endpoint.partition('.')[2]}"
            yield Screen(name, page)
            if page.locator("main form[method=post]").count() == 1 and page.locator("main .control").count():
                yield from self._refuse(page, name)
            yield from self._act(page, name, address)

    def _act(self, page: Page, name: str, address: str) -> Iterator[Screen]:
        """Do what leads from a page to those without an address."""
        steps = ACTS.get(self._find_endpoint(address) or "", [])
        if steps:
            page.goto(address)
        for number, step in enumerate(steps, 1):
            step(page)
            yield Screen(f"{name}-then-{number}", page)

    def _refuse(self, page: Page, name: str) -> Iterator[Screen]:
        """Send the page's form with nothing in it, where that is refused."""
        for control in page.locator("main :is(input, textarea).control:not([type=file])").all():
            control.fill("")
        page.locator("main form[method=post] [type=submit]").first.click()
        if page.locator(".error-summary").count():
            yield Screen(f"{name}-refused", page)

    def _list_links(self, page: Page) -> list[str]:
        """List the addresses of the page's links that lead to pages of the staff."""
        return [urljoin(page.url, href) for href in page.evaluate(LINKS)]

    def _find_endpoint(self, address: str) -> str | None:
        path, places = urlsplit(address).path, self.app.url_map.bind("localhost")
        endpoint = places.match(path)[0] if places.test(path, method="GET") else None
        return endpoint if endpoint in self.list_pages() else None
