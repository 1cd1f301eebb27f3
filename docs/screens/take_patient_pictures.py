# ruff: noqa: INP001 -- a command, no package
"""Takes the pictures of every participant screen anew, on a phone and a tablet, in light and dark colours.

The screens are those of `tests/participant_screens.py`, which the tests measure too. The pictures are WebP,
which the browser writes itself, and `patient.md` lists them.
"""

import base64
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
SCREENS = Path(__file__).parent
sys.path.insert(0, str(ROOT / "tests"))

from journey_world import open_installation, serve_folder  # noqa: E402 -- found on the path set above
from journeys.install_chromium import find_chromium  # noqa: E402 -- as above
from participant_screens import Screen, ScreenWalk  # noqa: E402 -- as above

from pro_app.storage.database import open_database  # noqa: E402 -- stands below the three above
from pro_app.storage.migrate import migrate  # noqa: E402 -- as above

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
SIZES = {"phone": (390, 844), "tablet": (820, 1180)}
SCHEMES = ("light", "dark")
QUALITY = 82
LARGEST_FOLDER_BYTES = 8_000_000
HEAD = """# Every screen of participants

`make pictures` takes them anew, from `tests/participant_screens.py`: 390×844 and 820×1180, light and dark.
Everybody and every answer is made up; the wording is the placeholder of this project.

| screen | phone | phone, dark | tablet | tablet, dark |
|---|---|---|---|---|
"""


def take_screen(screen: Screen) -> list[str]:
    """Picture one screen in both sizes and colours; gives the names of the files."""
    page, names = screen.page, []
    session = page.context.new_cdp_session(page)
    for device, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # two of the three words it takes
            page.evaluate("document.fonts.ready.then(() => true)")
            taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
            name = f"patient-{screen.name}-{device}-{scheme}.webp"
            (SCREENS / name).write_bytes(base64.b64decode(taken["data"]))
            names.append(name)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": SIZES["phone"][0], "height": SIZES["phone"][1]})
    session.detach()
    return names


def main() -> None:
    """Serve a fresh installation, walk through all screens, and write their list."""
    for old in SCREENS.glob("patient-*.webp"):
        old.unlink()
    rows = []
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place)
        for store in ("main", "contacts"):
            database = open_database(f"sqlite:///{folder / store}.sqlite")
            migrate(database, store)
            database.engine.dispose()
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        with serve_folder(folder) as settings, open_installation(settings, browser) as installation:
            for screen in ScreenWalk(installation, folder / "study", {}).list_screens():
                pictures = [f'<img src="{name}" alt="" width="150">' for name in take_screen(screen)]
                rows.append(f"| {screen.name} | {' | '.join(pictures)} |\n")
                print(screen.name, flush=True)  # noqa: T201 -- a command
        browser.close()
    (SCREENS / "patient.md").write_text(HEAD + "".join(rows), encoding="utf-8")
    size = sum(picture.stat().st_size for picture in SCREENS.glob("patient-*.webp"))
    print(f"{len(rows)} screens, {size // 1000} kB")  # noqa: T201 -- a command
    if size > LARGEST_FOLDER_BYTES:
        raise SystemExit("these pictures are too heavy for the repository")


if __name__ == "__main__":
    main()
