"""Every page of the staff, found by following the links of each role from its first page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from builders import PASSWORD
from flask import Flask
from journey_people import sign_in_staff
from journey_world import DESK, Installation
from participant_screens import Screen
from playwright.sync_api import Page

FACES = ("clinic.", "admin.", "statistician.", "auth.")
LINKS = "() => [...document.querySelectorAll('a[href]')].map((link) => link.getAttribute('href'))"
NO_PAGES = {
    "auth.start",  # leads to the first page of the role
    "statistician.figure_numbers",
    "statistician.release_figure_numbers",
    "statistician.release_state",
}


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
            watch = self.installation.watch(400)
            with self.installation.open_window(viewport=DESK, reduced_motion="reduce", watch=watch) as page:
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
            if endpoint in self.seen:
                continue
            self.seen.add(endpoint)
            name = f"{role}-{endpoint.partition('.')[2]}"
            yield Screen(name, page)
            if page.locator("main form[method=post]").count() == 1 and page.locator("main .control").count():
                yield from self._refuse(page, name)

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
