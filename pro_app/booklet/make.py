"""Making the booklet: the stage, the pictures, the sheets, the PDF."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from pro_app.booklet.camera import PHONE, SIZES, Camera, ScreenSize, print_page
from pro_app.booklet.chromium import Chromium, open_chromium
from pro_app.booklet.stage import Stage, open_stage
from pro_app.booklet.texts import BookletTexts
from pro_app.booklet.walk import TITLES, Taken, count_screens, walk
from pro_app.instruments.wording import WordingPack
from pro_app.language import mark

Translate = Callable[..., str]
Progress = Callable[[int, int], None]
TEMPLATES = Path(__file__).parent / "templates"
SIZE_WORDS = {"phone": mark("Phone"), "tablet": mark("Tablet")}
_PRINTED_WIDTHS = {"phone": 390, "tablet": 615}
"""CSS pixels of a picture on paper, as the template's styles have them."""


@dataclass(frozen=True)
class Shot:
    """One picture on its sheet; of a long screen there are several, `part` counts from 1."""

    taken: Taken
    part: int
    file_name: str
    size_name: str

    @property
    def size(self) -> ScreenSize:
        """The device."""
        return self.taken.size

    @property
    def part_count(self) -> int:
        """How many pictures the screen has."""
        return len(self.taken.pictures)

    @property
    def wordings(self) -> tuple[WordingPack, ...]:
        """The texts on the screen."""
        return self.taken.wordings


@dataclass(frozen=True, slots=True)
class Booklet:
    """The finished PDF, and how many screens and pictures are in it."""

    pdf: bytes
    screens: int
    pictures: int


@dataclass(frozen=True)
class Wishes:
    """The browser, the language of the patient's pages, and the day on the sheets."""

    chromium_path: str
    language: str
    made_on: date


def make_booklet(
    texts: BookletTexts,
    wishes: Wishes,
    *,
    translate: Translate,
    progress: Progress = lambda _done, _all: None,
) -> Booklet:
    """Picture every screen on both devices; raises ChromiumFailed, InputRejected, NotFound."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pro-app-screens-")))
        (folder / "stage").mkdir()
        stage = stack.enter_context(open_stage(texts, folder / "stage", language=wishes.language))
        chromium = stack.enter_context(open_chromium(wishes.chromium_path))
        taken = _take_all(stage, chromium, progress)
        shots = _write_pictures(taken, folder, translate)
        page = folder / "booklet.html"
        page.write_text(render_sheets(texts, wishes, shots=shots, translate=translate), encoding="utf-8")
        pdf = print_page(chromium, page.as_uri())
    return Booklet(pdf, screens=len(taken), pictures=len(shots))


def _take_all(stage: Stage, chromium: Chromium, progress: Progress) -> list[Taken]:
    """Take every screen and put those of one device together."""
    whole = count_screens(stage) * len(SIZES)
    done = 0

    def say() -> None:
        nonlocal done
        done += 1
        progress(done, whole)

    cameras = [(size, Camera(chromium, size, base_url=stage.base_url, cookie=stage.cookie)) for size in SIZES]
    taken = walk(stage, cameras, say)
    return sorted(taken, key=lambda one: one.size is not PHONE)


def _write_pictures(taken: list[Taken], folder: Path, translate: Translate) -> list[Shot]:
    shots: list[Shot] = []
    for one in taken:
        for part, picture in enumerate(one.pictures, start=1):
            shot = Shot(one, part, f"{len(shots) + 1:04}.jpg", translate(SIZE_WORDS[one.size.code]))
            (folder / shot.file_name).write_bytes(picture)
            shots.append(shot)
    return shots


def render_sheets(texts: BookletTexts, wishes: Wishes, *, shots: list[Shot], translate: Translate) -> str:
    """Render the page that is printed: a first sheet, then one for each picture."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["_"] = translate
    wordings = texts.list_shown(wishes.language)
    return environment.get_template("booklet.html").render(
        study=texts.study_code.upper(),
        version=texts.protocol.version,
        app_version=version("pro-app"),
        made_on=wishes.made_on.isoformat(),
        language=wishes.language,
        wordings=[{"wording": w, "approved": w.sha256 in texts.approved} for w in wordings],
        shots=shots,
        sizes=[
            {
                "name": translate(SIZE_WORDS[size.code]),
                "width": size.width,
                "height": size.height,
                "scale": round(100 * _PRINTED_WIDTHS[size.code] / size.width),
                "count": sum(shot.size is size for shot in shots),
            }
            for size in SIZES
        ],
        title_of=lambda shot: translate(TITLES[shot.taken.kind], **shot.taken.values),
    )
