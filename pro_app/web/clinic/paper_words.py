"""Sheets of paper in words: what a key means, what was counted, what a sheet asks of the site."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from flask import url_for
from flask_babel import gettext, lazy_gettext

from pro_app.services.paper.desk import Desk
from pro_app.services.paper.marks import (
    DECLINED,
    EMPTY,
    ILLEGIBLE,
    NOT_APPLICABLE,
    TWO_MARKS,
    Cell,
    count_marks,
)
from pro_app.web.clinic.matter_words import MatterWords, describe_matter

COUNTED = {
    "answered": lazy_gettext("Answered"),
    "left_blank": lazy_gettext("Left empty"),
    "not_applicable": lazy_gettext("Not applicable"),
    "declined": lazy_gettext("Refusal written on the sheet"),
    "illegible": lazy_gettext("Cannot be read"),
    "two_marks": lazy_gettext("Two boxes ticked"),
}
KEYS = {
    EMPTY: COUNTED["left_blank"],
    NOT_APPLICABLE: COUNTED["not_applicable"],
    ILLEGIBLE: COUNTED["illegible"],
    TWO_MARKS: COUNTED["two_marks"],
    DECLINED: COUNTED["declined"],
}

describe_matter(
    "second_entry",
    MatterWords(
        title=lazy_gettext("Sheet of paper"),
        to_do=lazy_gettext(
            "Type the sheet to the end, have a second person type it, or decide the differences."
        ),
        whys={
            "not_finished": lazy_gettext("“%(visit)s”: begun on the keyboard, not finished."),
            "entered_once": lazy_gettext("“%(visit)s”: typed once, the second entry is due."),
            "differs": lazy_gettext("“%(visit)s”: the two entries differ, a decision is due."),
        },
        url=lambda task: url_for("clinic.paper", assessment_id=int(task.about)),
    ),
)

KEY_CAPS = {DECLINED: f"r → {DECLINED}"}
"""The sign is within reach of few keyboards, and on a French one its key is the 6: the letter makes it."""


def list_instruments(desk: Desk) -> list[tuple[str, list[Cell]]]:
    """Give the cells under the title of their instrument."""
    return [(title, list(cells)) for title, cells in groupby(desk.cells, key=lambda c: c.instrument_title)]


def list_keys(desk: Desk) -> list[tuple[str, str]]:
    """Give what each key of the grid means."""
    offered = {character for cell in desk.cells for character in cell.codes}
    values = sorted({value for cell in desk.cells for value in cell.values})
    told = [(f"{values[0]}–{values[-1]}", gettext("The number of the box that was ticked"))]
    return told + [(KEY_CAPS.get(key, key), str(words)) for key, words in KEYS.items() if key in offered]


def mark_words(character: str | None) -> str:
    """Give one mark in words: the code itself, or what its key means."""
    return str(KEYS.get(character or "", character or "–"))


def count_words(desk: Desk, marks: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """Give how many questions were answered, left empty and so on; never which."""
    counts = count_marks(desk.open_cells, marks)
    told = [(str(words), str(counts[code])) for code, words in COUNTED.items() if counts[code]]
    if desk.locked:
        told.append((gettext("Answered by the patient on the phone already"), str(len(desk.locked))))
    return [*told, (gettext("Questions in all"), str(len(desk.cells)))]
