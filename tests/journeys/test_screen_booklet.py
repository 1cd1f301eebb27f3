import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest
from journeys.install_chromium import find_chromium
from tiny_study import write_tiny_study

from pro_app.booklet.camera import PHONE, SIZES, TABLET, Camera
from pro_app.booklet.chromium import Chromium, ChromiumFailed, open_chromium
from pro_app.booklet.make import Wishes, make_booklet
from pro_app.booklet.stage import Stage, open_stage
from pro_app.booklet.texts import BookletTexts, read_texts
from pro_app.booklet.walk import walk
from pro_app.cli.translation import translate

ITEMS = ("Un", "Deux", "Trois", "Quatre")
KINDS = [
    *["home", "instruction", "item", "item_asking", "item", "instruction", "item", "item", "review_empty"],
    *["item_declined", "item_answered", "item_answered", "item_not_applicable", "review", "respondent"],
    *["receipt", "home_after"],
]


@pytest.fixture
def chromium_path() -> str:
    found = find_chromium()
    if found is None:
        pytest.fail("The booklet needs Chromium; `make chromium` installs it.")
    return found


@pytest.fixture
def texts(tmp_path: Path) -> BookletTexts:
    return read_texts(write_tiny_study(tmp_path))


class ReadingCamera(Camera):
    """A camera that also notes what could be read on the page that it takes."""

    def __init__(self, chromium: Chromium, stage: Stage, read: list[str]) -> None:
        super().__init__(chromium, PHONE, base_url=stage.base_url, cookie=stage.cookie)
        self.read = read

    def take(self) -> Iterator[bytes]:
        """Note the words, then take the pictures."""
        self.read.append(str(self._evaluate("document.body.innerText")))
        yield from super().take()


def test_every_screen_is_taken_in_the_order_of_a_participant_with_the_words_of_the_pack(
    texts: BookletTexts, chromium_path: str, tmp_path: Path
) -> None:
    (tmp_path / "stage").mkdir()
    read: list[str] = []
    with (
        open_stage(texts, tmp_path / "stage", language="fr") as stage,
        open_chromium(chromium_path) as chromium,
    ):
        taken = walk(stage, [(PHONE, ReadingCamera(chromium, stage, read))], lambda: None)
        with pytest.raises(ChromiumFailed, match="404"):
            ReadingCamera(chromium, stage, read).open("/p/q/999")

    assert [one.kind for one in taken] == KINDS
    shown = dict(zip(KINDS[::-1], read[::-1], strict=True))
    for number, text in enumerate(ITEMS, start=1):
        (page,) = [words for one, words in zip(taken, read, strict=True)
                   if one.kind == "item" and one.values["number"] == number]  # fmt: skip
        assert text in page
    assert "Consigne." in shown["instruction"]
    assert "Sans objet" in shown["item_not_applicable"]
    assert "Tous droits" in read[KINDS.index("review_empty") - 1]
    assert all(text in shown["review"] for text in ITEMS)
    assert shown["item_asking"] != shown["item"]
    assert re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}|[0-9A-Z]{6}", shown["receipt"])


def test_the_booklet_has_a_sheet_for_each_picture_at_both_sizes(
    texts: BookletTexts, chromium_path: str
) -> None:
    sheets: list[Mapping[str, object]] = []

    def keep_words(message: str, /, **values: str | float) -> str:
        sheets.append(values)
        return translate(message, **values)

    booklet = make_booklet(texts, Wishes(chromium_path, "fr", date(2026, 11, 23)), translate=keep_words)

    assert booklet.pdf.startswith(b"%PDF-")
    assert booklet.screens == len(KINDS) * len(SIZES)
    assert booklet.pictures >= booklet.screens
    assert len(re.findall(rb"/Type\s*/Page\b", booklet.pdf)) == booklet.pictures + 1
    sizes = re.findall(rb"/Width (\d+)\s*/Height (\d+)", booklet.pdf)
    assert {(int(width), int(height)) for width, height in sizes} == {
        (round(size.width * size.sharpness), round(size.height * size.sharpness)) for size in (PHONE, TABLET)
    }
    assert {values["number"] for values in sheets if "instrument" in values and "number" in values} == {
        1,
        2,
        3,
        4,
    }
