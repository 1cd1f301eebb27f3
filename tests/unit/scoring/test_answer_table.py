"""A table of answers: its columns by name, its values typed or refused."""

import io
from collections.abc import Sequence

import pytest

from pro_app.errors import InputRejected
from pro_app.instruments.find import load_instrument
from pro_app.scoring.answer_table import AnswerRow, RejectedValue, list_answer_rows, read_columns
from pro_app.scoring.csv_records import list_csv_records

GINET21 = load_instrument("qlq-ginet21")
ITEMS = [f"q{number}" for number in range(31, 52)]


def read(text: str) -> list[AnswerRow | tuple[RejectedValue, ...]]:
    records = list_csv_records(io.StringIO(text, newline=""))
    return list(list_answer_rows(records, read_columns(records, GINET21, GINET21.scoring())))


def read_one(**fields: str) -> AnswerRow | tuple[RejectedValue, ...]:
    names = ["id", *ITEMS]
    values = {"id": "7"} | dict.fromkeys(ITEMS, "1") | fields
    (row,) = read(",".join(names) + "\n" + ",".join(values[name] for name in names) + "\n")
    return row


def header_problems(names: Sequence[str]) -> list[str]:
    with pytest.raises(InputRejected) as refused:
        read(",".join(names) + "\n")
    return [problem.message % (problem.values or {}) for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("4", 4),
        (" 2 ", 2),
        ("\u00a03", 3),
        ("2.0", 2),
        ("2.", 2),
        ("02", 2),
        ("", None),
        ("  ", None),
        ("N", "N"),
        (" N", "N"),
    ],
)
def test_answers_are_read_with_blanks_around_and_whole_decimals(text: str, value: int | str | None) -> None:
    row = read_one(q39=text)

    assert isinstance(row, AnswerRow)
    assert row.values[39] == value
    assert row.values[31] == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0", "from 1 to 4"),
        ("5", "from 1 to 4"),
        ("-1", "from 1 to 4"),
        ("+1", "from 1 to 4"),
        ("2.5", "from 1 to 4"),
        ("1e0", "from 1 to 4"),
        ("१", "from 1 to 4"),
        ("²", "from 1 to 4"),
        ("9" * 5000, "from 1 to 4"),
        ("très", "from 1 to 4"),
        ("NA", "write N"),
        ("n", "write N"),
        ("NaN", "write N"),
        (".", "write N"),
    ],
)
def test_anything_else_rejects_the_row_with_its_reason(text: str, reason: str) -> None:
    row = read_one(q39=text)

    assert isinstance(row, tuple)
    assert [(part.row_id, part.value, part.problem.place, part.problem.line) for part in row] == [
        ("7", text, "q39", 2)
    ]
    assert reason in row[0].problem.message % (row[0].problem.values or {})


def test_not_applicable_is_refused_where_the_item_does_not_offer_it() -> None:
    row = read_one(q31="N", q40="N")

    assert isinstance(row, tuple)
    assert [part.problem.place for part in row] == ["q31"]


def test_every_wrong_value_of_a_row_is_named() -> None:
    row = read_one(q31="9", q51="x", id="A-1")

    assert isinstance(row, tuple)
    assert [(part.row_id, part.problem.place) for part in row] == [("A-1", "q31"), ("A-1", "q51")]


def test_a_row_without_an_id_is_refused() -> None:
    row = read_one(id="  ")

    assert isinstance(row, tuple)
    assert row[0].problem.place == "id"


def test_columns_stand_in_any_order_and_the_others_keep_theirs() -> None:
    names = ["note", *reversed(ITEMS), "id", "visit"]
    text = ",".join(names) + '\n"a, b",' + "N,".replace("N", "4") + "1," * 20 + "7,\n"

    (row,) = read(text)

    assert isinstance(row, AnswerRow)
    assert row.others == ["a, b", "7", ""]
    assert (row.values[51], row.values[31]) == (4, 1)


def test_the_header_names_every_problem_at_once() -> None:
    assert header_problems(["q31", *ITEMS[2:], "x", "x", "TR"]) == [
        "Missing columns: id, q32.",
        "Columns that occur twice: x.",
        "Columns that are named like a score to be computed: TR. Rename them.",
    ]


def test_unnamed_columns_are_let_through() -> None:
    assert read(",".join(["", *ITEMS, "id", ""]) + "\n") == []


@pytest.mark.parametrize(("separator", "word"), [(";", "semicolons"), ("\t", "tabs")])
def test_another_separator_is_called_by_its_name(separator: str, word: str) -> None:
    (problem,) = header_problems([separator.join(["id", *ITEMS])])

    assert word in problem


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(InputRejected) as refused:
        read("\n\n")

    assert [problem.message for problem in refused.value.problems] == ["The file is empty."]
