"""What one character in a cell of the grid says, whatever keyboard it came from."""

import pytest

from pro_app.services.paper.marks import (
    Cell,
    Said,
    check_marks,
    clean_mark,
    count_marks,
    list_differences,
    list_untyped,
    read_mark,
)

FOUR = Cell("qlq-c30", "EORTC QLQ-C30", 5, (1, 2, 3, 4), na_allowed=False)
SEVEN = Cell("qlq-c30", "EORTC QLQ-C30", 29, (1, 2, 3, 4, 5, 6, 7), na_allowed=False)
WITH_NA = Cell("qlq-ginet21", "EORTC QLQ-GI.NET21", 51, (1, 2, 3, 4), na_allowed=True)
CELLS = (FOUR, SEVEN, WITH_NA)


@pytest.mark.parametrize(
    ("character", "said"),
    [
        ("1", Said("answered", 1, None)),
        ("7", Said("answered", 7, None)),
        ("0", Said("left_blank", None, None)),
        ("8", Said("not_applicable", None, None)),
        ("9", Said("left_blank", None, "illegible")),
        ("/", Said("left_blank", None, "two_marks")),
        ("-", Said("declined", None, None)),
    ],
)
def test_each_key_says_one_thing(character: str, said: Said) -> None:
    assert read_mark(character) == said


@pytest.mark.parametrize(
    ("cell", "codes"), [(FOUR, "123409/-"), (SEVEN, "123456709/-"), (WITH_NA, "1234089/-")]
)
def test_a_cell_takes_its_codes_and_the_keys_that_it_offers(cell: Cell, codes: str) -> None:
    assert cell.codes == codes


@pytest.mark.parametrize(
    ("typed", "mark"), [(" 3 ", "3"), ("−", "-"), ("r", "-"), (":", "/"), ("3", "3"), ("", "")]
)
def test_what_keyboards_make_of_a_key_is_understood(typed: str, mark: str) -> None:
    assert clean_mark(typed) == mark


def test_marks_out_of_range_are_named_by_their_item_and_nothing_else_is() -> None:
    marks = {FOUR.key: "5", SEVEN.key: "7", WITH_NA.key: "8"}
    problems = check_marks(CELLS, marks)
    assert [problem.place for problem in problems] == [FOUR.key]
    assert (problems[0].values or {})["codes"] == "1–4 0 9 / -"
    assert [p.place for p in check_marks(CELLS, {FOUR.key: "22", SEVEN.key: "8"})] == [FOUR.key, SEVEN.key]
    assert check_marks(CELLS, {}) == []


def test_a_sheet_is_counted_by_what_its_marks_say() -> None:
    counts = count_marks(CELLS, {FOUR.key: "1", SEVEN.key: "9"})
    assert counts == {"answered": 1, "illegible": 1, "untyped": 1}
    assert list_untyped(CELLS, {FOUR.key: "1", SEVEN.key: "9"}) == [WITH_NA]


def test_two_entries_differ_where_their_marks_do() -> None:
    first = {FOUR.key: "1", SEVEN.key: "9", WITH_NA.key: "0"}
    assert list_differences(CELLS, first, first | {SEVEN.key: "0"}) == [SEVEN]
    assert list_differences(CELLS, first, first) == []
