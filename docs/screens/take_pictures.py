# ruff: noqa: INP001 -- a command, no package
"""Takes the pictures of the staff's pages and the demo's own anew: starts a filled demo and writes WebPs.

The demo is filled once a day into build/pictures-demo and served from a copy. Those of participants are
taken by `take_patient_pictures.py`. `staff.md` lists what was taken.
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
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
SCREENS = Path(__file__).parent
FILLED = ROOT / "build" / "pictures-demo"
sys.path.insert(0, str(ROOT / "tests"))

from amendment_world import drop_visit, move_visit, write_version  # noqa: E402 -- found on the path set above
from journeys.install_chromium import find_chromium  # noqa: E402 -- as above
from photographer import Photographer, Picture  # noqa: E402 -- as above
from site_pictures import take_site  # noqa: E402 -- as above
from sponsor_pictures import AMENDED, take_demo, take_sponsor  # noqa: E402 -- as above

from pro_app.audit.actor import system_actor  # noqa: E402 -- stands below the ones above
from pro_app.clock import system_clock  # noqa: E402 -- as above
from pro_app.services.studies import load_study  # noqa: E402 -- as above
from pro_app.settings import Settings  # noqa: E402 -- as above
from pro_app.storage.database import open_database  # noqa: E402 -- as above

LONGEST_FILLING_SECONDS = 1800
A_DAY_SECONDS = 86_400
LARGEST_FOLDER_BYTES = 8_000_000
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
DEVICES = ("desktop", "tablet", "phone")
HEAD = """# Every page of the staff

`make pictures` takes them anew, from a filled demo: 1280×800 and 820×1180, some on a phone too.
Everybody and every answer is made up; the wording is the placeholder of this project.

| page | 1280×800 | 820×1180 | phone |
|---|---|---|---|
"""


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
    """Tell whether the past years are all there, and what the site has in hand after them."""
    if not progress.with_name("start-state.json").exists():
        return False
    return bool(json.loads(progress.read_text(encoding="utf-8"))["finished"])


def write_list(taken: list[Picture]) -> None:
    """List every picture with what it shows, a page a row, and remove the pictures of pages that are gone."""
    rows = []
    for name, of_page in groupby(sorted(taken, key=lambda one: one.name), key=lambda one: one.name):
        pictures = {one.device: one for one in of_page}
        cells = [_make_cell(pictures.get(device)) for device in DEVICES]
        words = pictures[next(iter(pictures))].words
        rows.append(f"| {words} (`{name}`) | {' | '.join(cells)} |\n")
    (SCREENS / "staff.md").write_text(HEAD + "".join(rows), encoding="utf-8")
    known = {one.file_name for one in taken}
    for path in SCREENS.glob("*.webp"):
        if not path.name.startswith("patient-") and path.name not in known:
            path.unlink()


def _make_cell(picture: Picture | None) -> str:
    if picture is None:
        return ""
    return f'<img src="{picture.file_name}" alt="{picture.words}, {picture.device}" width="220">'


def main() -> None:
    """Fill, serve, take every picture, and list them."""
    fill_demo()
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place) / "demo"
        shutil.copytree(FILLED, folder)
        load_amendment(folder)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        with serve_demo(folder) as access:
            camera = Photographer(browser, access)
            for take in (take_site, take_sponsor, take_demo):
                take(camera)
        browser.close()
    write_list(camera.taken)
    size = sum(picture.size for picture in camera.taken)
    print(f"{len(camera.taken)} pictures, {size // 1000} kB")  # noqa: T201 -- a command
    print("scroll sideways:", ", ".join(camera.wide) or "none")  # noqa: T201 -- a command
    if size > LARGEST_FOLDER_BYTES:
        raise SystemExit("these pictures are too heavy for the repository")


if __name__ == "__main__":
    main()
