"""What one character in a cell of the grid says about an item of a sheet of paper (pure)."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pro_app.errors import Problem
from pro_app.language import mark
from pro_app.services.answers import AnswerState

EMPTY, NOT_APPLICABLE, ILLEGIBLE, TWO_MARKS, DECLINED = "0", "8", "9", "/", "-"
"""The keys beside the codes of an item, which are 1 to 7 at most."""

_SAID: Mapping[str, tuple[AnswerState, str | None]] = {
    EMPTY: ("left_blank", None),
    NOT_APPLICABLE: ("not_applicable", None),
    ILLEGIBLE: ("left_blank", "illegible"),
    TWO_MARKS: ("left_blank", "two_marks"),
    DECLINED: ("declined", None),
}
_SAME_KEYS = str.maketrans({"−": "-", "–": "-", "—": "-", "r": "-", "R": "-", "÷": "/", "⁄": "/", ":": "/"})
"""What keyboards make of the two signs; "r" is the refusal where no sign is within reach."""
_NO_CODE = mark("%(instrument)s, question %(item)s: “%(mark)s” is no code of it (%(codes)s).")


@dataclass(frozen=True, slots=True)
class Cell:
    """One item of the grid; `values` are the codes it offers, in printed order."""

    instrument_code: str
    instrument_title: str
    item_number: int
    values: tuple[int, ...]
    na_allowed: bool

    @property
    def key(self) -> str:
        """Name the item within its assessment."""
        return f"{self.instrument_code}:{self.item_number}"

    @property
    def codes(self) -> str:
        """The characters that may stand in the cell."""
        others = [EMPTY, *((NOT_APPLICABLE,) if self.na_allowed else ()), ILLEGIBLE, TWO_MARKS, DECLINED]
        return "".join([*map(str, self.values), *others])


@dataclass(frozen=True, slots=True)
class Said:
    """What a sheet says about one item; `remark` tells why nothing could be read where something stands."""

    state: AnswerState
    value: int | None
    remark: str | None

    @property
    def says_something(self) -> bool:
        """Whether anything stands on the sheet at all."""
        return self.state != "left_blank" or self.remark is not None


def read_mark(character: str) -> Said:
    """Give what a character says; it is one that its cell may hold."""
    if character in _SAID:
        state, remark = _SAID[character]
        return Said(state, None, remark)
    return Said("answered", int(character), None)


def clean_mark(typed: str) -> str:
    """Give what was typed into a cell as the keys are known, whatever keyboard it came from."""
    return unicodedata.normalize("NFKC", typed).strip().translate(_SAME_KEYS)


def check_marks(cells: Iterable[Cell], marks: Mapping[str, str]) -> list[Problem]:
    """List the marks that their item does not offer, by the key of the item; an empty cell is no problem."""
    problems = []
    for cell in cells:
        typed = marks.get(cell.key, "")
        if typed and (len(typed) != 1 or typed not in cell.codes):
            problems.append(Problem(_NO_CODE, name_cell(cell) | {"mark": typed[:3]}, place=cell.key))
    return problems


def name_cell(cell: Cell) -> dict[str, str | int]:
    """Give what sentences about an item name it by."""
    values = f"{cell.values[0]}–{cell.values[-1]}"
    codes = " ".join([values, *cell.codes[len(cell.values) :]])
    return {"instrument": cell.instrument_title, "item": cell.item_number, "codes": codes}


def list_untyped(cells: Iterable[Cell], marks: Mapping[str, str]) -> list[Cell]:
    """List the cells into which nothing was typed yet."""
    return [cell for cell in cells if not marks.get(cell.key)]


def list_differences(
    cells: Iterable[Cell], first: Mapping[str, str], second: Mapping[str, str]
) -> list[Cell]:
    """List the items of which two people read something else from the same sheet."""
    return [cell for cell in cells if first.get(cell.key) != second.get(cell.key)]


def count_marks(cells: Sequence[Cell], marks: Mapping[str, str]) -> Counter[str]:
    """Count the cells by what they say: answered, a state or remark, or `untyped`."""
    counts: Counter[str] = Counter()
    for cell in cells:
        character = marks.get(cell.key)
        said = read_mark(character) if character else None
        counts[(said.remark or said.state) if said else "untyped"] += 1
    return counts
