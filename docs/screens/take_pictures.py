# ruff: noqa: INP001 -- a command, no package
"""Takes the pictures of the staff's pages and the demo's own anew: starts a filled demo and writes PNGs.

The demo is filled once a day into build/pictures-demo and served from a copy. Those of participants are
taken by `take_patient_pictures.py`.
"""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
SCREENS = Path(__file__).parent
FILLED = ROOT / "build" / "pictures-demo"
sys.path.insert(0, str(ROOT / "tests"))

from amendment_world import drop_visit, move_visit, write_version  # noqa: E402 -- found on the path set above
from journeys.install_chromium import find_chromium  # noqa: E402 -- as above

from pro_app.audit.actor import system_actor  # noqa: E402 -- stands below the two above
from pro_app.clock import system_clock  # noqa: E402 -- as above
from pro_app.services.studies import load_study  # noqa: E402 -- as above
from pro_app.settings import Settings  # noqa: E402 -- as above
from pro_app.storage.database import open_database  # noqa: E402 -- as above

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
PHONE_SHARPNESS = 1.5
LARGEST_PICTURE_BYTES = 160_000
LONGEST_FILLING_SECONDS = 1800
A_DAY_SECONDS = 86_400
AMENDED = "1.1"
"""The version of the protocol that is loaded and not applied, for the page of amendments."""
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")


class Photographer:
    """Takes pictures of the pages of one running demo."""

    def __init__(self, browser: Browser, access: dict[str, Any]) -> None:
        self.browser = browser
        self.access = access

    @contextmanager
    def window(self, size: dict[str, int], **options: Any) -> Iterator[Page]:  # noqa: ANN401 -- Playwright's own options
        """Open a window of a size, sharp on phones."""
        sharpness = PHONE_SHARPNESS if size == PHONE else 1
        context = self.browser.new_context(
            base_url=self.access["base_url"],
            viewport=size,  # type: ignore[arg-type]  # a dict of two numbers
            device_scale_factor=sharpness,
            locale="fr-FR",
            timezone_id="Europe/Paris",
            reduced_motion="reduce",
            **options,
        )
        try:
            yield context.new_page()
        finally:
            context.close()

    def take(self, page: Page, name: str, path: str | None = None) -> None:
        """Take the picture `name` of a page as it first shows itself."""
        if path is not None:
            page.goto(path)
        page.evaluate("document.fonts.ready")
        content = page.screenshot(path=SCREENS / f"{name}.png", animations="disabled")
        mark = "  too large" if len(content) > LARGEST_PICTURE_BYTES else ""
        print(f"{name:34} {len(content) // 1000:4} kB{mark}")  # noqa: T201 -- a command

    def sign_in_staff(self, page: Page, role: str) -> None:
        """Sign in as a member of staff, with the code of the demo; ends on the role's first page."""
        member = next(member for member in self.access["staff"] if member["role"] == role)
        page.goto("/staff/sign-in")
        page.get_by_label("Identifiant").fill(member["username"])
        page.get_by_label("Mot de passe").fill(member["password"])
        page.get_by_role("button", name="Se connecter").click()
        code = page.locator("main .code").inner_text()
        page.get_by_label("Code affiché par l’application").fill(code)
        page.get_by_role("button", name="Continuer").click()


def take_clinic(camera: Photographer) -> None:
    """Picture the nurse's pages."""
    with camera.window(DESK) as page:
        camera.take(page, "staff-sign-in-desktop", "/staff/sign-in")
        camera.sign_in_staff(page, "nurse")
        camera.take(page, "clinic-list-desktop", "/clinic/")
        camera.take(page, "clinic-receipt-desktop", "/clinic/receipts?code=7KQ2M9A")
        record = find_full_record(page)
        camera.take(page, "clinic-participant-desktop", record)
        camera.take(page, "clinic-events-desktop", f"{record}/events/new")
        take_preview(camera, page, record)
        camera.take(page, "clinic-tasks-desktop", "/clinic/tasks")
        camera.take(page, "clinic-message-texts-desktop", "/clinic/message-texts")
        camera.take(page, "clinic-completion-desktop", "/clinic/completion")
        camera.take(page, "clinic-enrolment-desktop", "/clinic/participants/new")
        page.goto("/clinic/?q=15-902")
        page.get_by_role("link", name="15-902").click()
        page.get_by_role("link", name="Carte").click()
        page.get_by_role("button", name="Imprimer une nouvelle carte").click()
        camera.take(page, "clinic-card-desktop")
        with camera.window(PHONE, storage_state=page.context.storage_state()) as phone:
            camera.take(phone, "clinic-list-phone", "/clinic/")
            camera.take(phone, "clinic-participant-phone", record)


def take_preview(camera: Photographer, page: Page, record: str) -> None:
    """Picture what correcting the last event of a record would change, without recording it."""
    page.goto(record)
    page.locator(".timeline a").first.click()
    on = page.get_by_label("Date", exact=True)
    on.fill((date.fromisoformat(on.input_value()) - timedelta(days=21)).isoformat())
    page.get_by_label("Motif de la correction").fill("Date relevée dans le compte rendu d’hospitalisation")
    page.get_by_role("button", name="Voir ce que cela change").click()
    camera.take(page, "clinic-preview-desktop")


def find_full_record(page: Page) -> str:
    """Find the record with the longest story among the first patients of the list."""
    page.goto("/clinic/")
    links = page.locator("tbody th a").all()
    addresses = [str(link.get_attribute("href")) for link in links]
    lengths = {}
    for address in addresses:
        page.goto(address)
        lengths[address] = page.get_by_role("row").count()
    return max(lengths, key=lambda address: lengths[address])


def take_sponsor(camera: Photographer) -> None:
    """Picture the statistician's, the administrator's and the coordinator's pages."""
    with camera.window(DESK) as page:
        camera.sign_in_staff(page, "statistician")
        camera.take(page, "statistics-desktop", "/statistics/")
        camera.take(page, "figures-desktop", "/statistics/figures")
        camera.take(page, "tokens-desktop", "/statistics/tokens")
        take_release(camera, page)
        with camera.window(PHONE, storage_state=page.context.storage_state()) as phone:
            camera.take(phone, "figures-phone", "/statistics/figures")
    with camera.window(DESK) as page:
        camera.sign_in_staff(page, "administrator")
        camera.take(page, "admin-sites-desktop", "/admin/")
        camera.take(page, "admin-accounts-desktop", "/admin/accounts")
    with camera.window(DESK) as page:
        camera.sign_in_staff(page, "coordinator")
        camera.take(page, "coordinator-completion-desktop", "/clinic/completion")
        camera.take(page, "sending-desktop", "/admin/sending")
        camera.take(page, "amendment-desktop", f"/admin/amendments/{AMENDED}")


def take_release(camera: Photographer, page: Page) -> None:
    """Ask for a release, picture it, let the coordinator approve it, and picture a figure by arm."""
    page.goto("/statistics/releases")
    page.get_by_label("Pourquoi ce gel est fait").fill("Données pour le comité de pilotage")
    page.get_by_label("Analyse intermédiaire prévue").check()
    camera.take(page, "releases-desktop")
    page.get_by_role("button", name="Faire le gel").click()
    download = page.get_by_role("button", name="Télécharger l’archive")
    download.wait_for(timeout=300_000)
    camera.take(page, "release-desktop")
    number = page.url.rsplit("/", 1)[1]
    with camera.window(DESK) as other:
        camera.sign_in_staff(other, "coordinator")
        other.goto(f"/statistics/releases/{number}")
        other.get_by_role("button", name="Approuver le gel").click()
        other.goto(f"/statistics/releases/{number}/figures?by=arm")
        other.get_by_role("heading", name="Score moyen selon le temps").scroll_into_view_if_needed()
        camera.take(other, "figures-by-arm-desktop")


def take_demo(camera: Photographer) -> None:
    """Picture the demo's own pages."""
    with camera.window(DESK) as page:
        camera.take(page, "demo-tour-desktop", "/demo")
        camera.take(page, "style-desktop", "/style")
    with camera.window(PHONE) as page:
        camera.take(page, "demo-messages-phone", "/demo/messages")
        camera.take(page, "demo-time-phone", "/demo/time")


def load_amendment(folder: Path) -> None:
    """Load a further version of the protocol into a demo that is not running, for the page of amendments."""
    database = open_database(Settings.for_demo(folder, 0).database_url)
    with tempfile.TemporaryDirectory() as place, database.writing() as session:
        path = write_version(Path(place), AMENDED, move_visit("M12", months=13), drop_visit("M09"))
        load_study(
            session, protocol_path=path, actor=system_actor("pictures", "pictures"), now=system_clock()
        )
    database.engine.dispose()


@contextmanager
def serve_demo(folder: Path) -> Iterator[dict[str, Any]]:
    """Serve the demo of a folder on a free port until the pictures are taken; gives how to sign in."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [Path(sys.executable).with_name("pro-app"), "demo", "--port", str(port), "--folder", folder]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 -- our own command
    try:
        wait_until_it_answers(f"http://localhost:{port}/healthz", server)
        yield json.loads((folder / "access.json").read_text(encoding="utf-8"))
    finally:
        server.terminate()
        server.wait(timeout=30)


def wait_until_it_answers(address: str, server: subprocess.Popen[bytes]) -> None:
    """Wait for the server; raises RuntimeError if it ends instead."""
    while server.poll() is None:
        try:
            with urlopen(address, timeout=5):  # noqa: S310 -- our own address
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the demo did not start")


def fill_demo() -> None:
    """Fill the demo's history, unless that was done within the last day."""
    progress = FILLED / "progress.json"
    if is_filled(progress) and time.time() - progress.stat().st_mtime < A_DAY_SECONDS:  # noqa: TID251 -- the age of a file
        return
    print("Filling the demo's history (a few minutes)…", flush=True)  # noqa: T201 -- a command
    shutil.rmtree(FILLED, ignore_errors=True)
    with serve_demo(FILLED):
        until = time.monotonic() + LONGEST_FILLING_SECONDS
        while not is_filled(progress):
            if time.monotonic() > until:
                raise TimeoutError("the history is not filled yet")
            time.sleep(2)


def is_filled(progress: Path) -> bool:
    """Tell whether the past years are all there."""
    return progress.exists() and bool(json.loads(progress.read_text(encoding="utf-8"))["finished"])


def main() -> None:
    """Fill, serve, and take every picture."""
    fill_demo()
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place) / "demo"
        shutil.copytree(FILLED, folder)
        load_amendment(folder)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        with serve_demo(folder) as access:
            camera = Photographer(browser, access)
            for take in (take_clinic, take_sponsor, take_demo):
                take(camera)
        browser.close()


if __name__ == "__main__":
    main()
