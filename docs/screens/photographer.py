# ruff: noqa: INP001 -- a part of a command, no package
"""Takes pictures of the pages of a running demo, in the sizes of the staff or of a phone."""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

SCREENS = Path(__file__).parent
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
TABLET = {"width": 820, "height": 1180}
PHONE_SHARPNESS = 1.5
QUALITY = 82
LARGEST_PICTURE_BYTES = 120_000
LINKS = "() => [...document.querySelectorAll('a[href]')].map((link) => link.getAttribute('href'))"
WIDER = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"


@dataclass(frozen=True, slots=True)
class Picture:
    """One page in one size; `words` say what it shows."""

    name: str
    device: str
    words: str
    size: int

    @property
    def file_name(self) -> str:
        """The name of its file in this folder."""
        return f"{self.name}-{self.device}.webp"


@dataclass
class Photographer:
    """Takes pictures of the pages of one running demo, and remembers which."""

    browser: Browser
    access: dict[str, Any]
    taken: list[Picture] = field(default_factory=list)
    wide: list[str] = field(default_factory=list)
    """The pictures of pages that scroll sideways."""

    @contextmanager
    def window(self, size: dict[str, int], **options: Any) -> Iterator[Page]:  # noqa: ANN401 -- Playwright's own options
        """Open a window of a size, sharp on phones."""
        context = self.browser.new_context(
            base_url=self.access["base_url"],
            viewport=size,  # type: ignore[arg-type]  # a dict of two numbers
            device_scale_factor=PHONE_SHARPNESS if size == PHONE else 1,
            locale="fr-FR",
            timezone_id="Europe/Paris",
            reduced_motion="reduce",
            **options,
        )
        try:
            yield context.new_page()
        finally:
            context.close()

    def take(self, page: Page, name: str, words: str, *, at: str | None = None) -> None:
        """Take a page as it first shows itself, on a desk and on a tablet."""
        if at is not None:
            page.goto(at)
        for device, size in {"desktop": DESK, "tablet": TABLET}.items():
            page.set_viewport_size(size)  # type: ignore[arg-type]  # as above
            self._take(page, name, device, words=words)
        page.set_viewport_size(DESK)  # type: ignore[arg-type]  # as above

    def take_phone(self, page: Page, name: str, words: str, *, at: str) -> None:
        """Take a page as a phone shows it."""
        page.goto(at)
        self._take(page, name, "phone", words=words)

    def sign_in_staff(self, page: Page, role: str) -> None:
        """Sign in as a member of staff, with the code of the demo; ends on the role's first page."""
        self.give_password(page, role)
        self.give_code(page)

    def give_password(self, page: Page, role: str) -> None:
        """Do the first step of a sign-in."""
        member = next(member for member in self.access["staff"] if member["role"] == role)
        page.goto("/staff/sign-in")
        page.get_by_label("Identifiant").fill(member["username"])
        page.get_by_label("Mot de passe").fill(member["password"])
        page.get_by_role("button", name="Se connecter").click()

    def give_code(self, page: Page) -> None:
        """Do the second step, with the code that the demo shows."""
        code = page.locator("main .code").inner_text()
        page.get_by_label("Code affiché par l’application").fill(code)
        page.get_by_role("button", name="Continuer").click()

    def find(self, page: Page, pattern: str, path: str | None = None) -> str:
        """Find the first link of a page whose address fits a pattern; raises LookupError."""
        if path is not None:
            page.goto(path)
        for address in page.evaluate(LINKS):
            if re.search(pattern, str(address)):
                return str(address)
        raise LookupError(f"no link like {pattern} on {page.url}")

    def _take(self, page: Page, name: str, device: str, *, words: str) -> None:
        page.evaluate("document.fonts.ready.then(() => true)")
        devtools = page.context.new_cdp_session(page)
        shot = devtools.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
        devtools.detach()
        content = base64.b64decode(shot["data"])
        picture = Picture(name, device, words, len(content))
        (SCREENS / picture.file_name).write_bytes(content)
        self.taken.append(picture)
        if page.evaluate(WIDER):
            self.wide.append(picture.file_name)
        mark = "  too large" if len(content) > LARGEST_PICTURE_BYTES else ""
        print(f"{picture.file_name:44} {len(content) // 1000:4} kB{mark}", flush=True)  # noqa: T201 -- a command
