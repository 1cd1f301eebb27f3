"""Reading many rows at once means what reading them one by one means, whatever stands in the file."""

import csv
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pro_app.cli.utf8_blocks import Utf8Blocks
from pro_app.errors import InputRejected
from pro_app.instruments.find import load_instrument
from pro_app.instruments.instrument import Instrument
from pro_app.scoring.answer_blocks import AnswerBlock
from pro_app.scoring.answer_reader import AnswerReader
from pro_app.scoring.answer_table import AnswerRow, RejectedValue, list_answer_rows, read_columns
from pro_app.scoring.csv_records import list_csv_records
from pro_app.scoring.score_texts import ScoreTexts
from pro_app.scoring.scores import score_response
from pro_app.scoring.vectorised.scorers import plan_vectorised_scoring

GINET21 = load_instrument("qlq-ginet21")
ITEMS = [f"q{number}" for number in range(31, 52)]
HEADER = ",".join(["note", "id", *ITEMS, "visit"])
Table = tuple[list[list[str]], list[tuple[RejectedValue, ...]]]


def write_slowly(instrument: Instrument, row: AnswerRow) -> list[str]:
    scores = [score.as_float for score in score_response(instrument.scoring(), row.values)]
    return row.others + ["" if score is None else repr(score) for score in scores]


def score_one_by_one(text: str, instrument: Instrument = GINET21) -> Table:
    records = list_csv_records(io.StringIO(text, newline=""))
    rows = list(list_answer_rows(records, read_columns(records, instrument, instrument.scoring())))
    scored = [write_slowly(instrument, row) for row in rows if isinstance(row, AnswerRow)]
    return scored, [row for row in rows if not isinstance(row, AnswerRow)]


def open_reader(text: bytes, *, block_size: int, instrument: Instrument = GINET21) -> AnswerReader:
    raw = io.BufferedReader(io.BytesIO(text))
    return AnswerReader(Utf8Blocks(raw, block_size), instrument, instrument.scoring())


def score_in_blocks(text: str, *, block_size: int, instrument: Instrument = GINET21) -> tuple[Table, int]:
    """Score as the command does; give the tables, and how many rows were read at once."""
    scored: list[list[str]] = []
    rejected: list[tuple[RejectedValue, ...]] = []
    at_once = 0
    texts = ScoreTexts(plan_vectorised_scoring(instrument, instrument.scoring()))
    for read in open_reader(text.encode(), block_size=block_size, instrument=instrument):
        if isinstance(read, AnswerBlock):
            lines = texts.render_lines(read.others, read.codes)
            scored += csv.reader(io.StringIO(lines, newline=""), strict=True)
            rejected += read.rejected
            at_once += len(read.others)
        elif isinstance(read, AnswerRow):
            scored.append(write_slowly(instrument, read))
        else:
            rejected.append(read)
    return (scored, rejected), at_once


usual_items = st.sampled_from(["1", "2", "3", "4", ""])
items = st.one_of(
    *[usual_items] * 12,
    st.sampled_from(["N", "2.0", " 2", "2 ", "2.", "02", "NA", "9", '"3"', '""', "N.0", ".0", "x.0", "é"]),
)
texts = st.one_of(
    st.sampled_from(["7", "0012", "A-1", "é", "", " ", "\u00a0", "\x1c", "=1"]),
    st.sampled_from(
        ['"7"', '"a, b"', '","', '""', '" "', '"é,"', 'a"b', '"a""b"', '"', '"a\nb"', "a\rb", "'"]
    ),
)
usual_texts = st.integers(1, 9999).map(str)
rows = st.builds(
    lambda note, row_id, answers, visit: ",".join([note, row_id, *answers, visit]),
    st.one_of(usual_texts, texts),
    st.one_of(usual_texts, usual_texts, usual_texts, texts),
    st.one_of(
        *[st.lists(usual_items, min_size=len(ITEMS), max_size=len(ITEMS))] * 3,
        st.lists(items, min_size=len(ITEMS), max_size=len(ITEMS)),
    ),
    st.one_of(usual_texts, usual_texts, texts),
)
junk = st.one_of(
    st.sampled_from(
        ["", '"', '""', ",", "\0", "\1,\2", '","', "\ufeff", "," * 23, ",1" + "," * 22, "\u2028"]
    ),
    st.text(st.sampled_from('",1N\n\r\x00\x01é '), max_size=30),
)
line_ends = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"])
lines = st.builds(lambda line, end: line + end, st.one_of(*[rows] * 9, junk), line_ends)


@settings(max_examples=200, deadline=None)
@given(st.lists(lines, max_size=12), st.integers(1, 700), st.booleans())
@example(['1,"a\n', '1,"b\n'], 40, False)
def test_any_text_is_read_in_blocks_as_it_is_row_by_row(
    body: list[str],
    block_size: int,
    end_is_open: bool,  # noqa: FBT001 -- hypothesis passes by position
) -> None:
    text = HEADER + "\n" + "".join(body)
    text = text.rstrip("\r\n") if end_is_open else text

    in_blocks, _ = score_in_blocks(text, block_size=block_size)

    assert in_blocks == score_one_by_one(text)


def write_rows(*cells: tuple[str, str, str]) -> str:
    return "".join(f"{note},{row_id}," + f"{item}," * len(ITEMS) + "V1\n" for note, row_id, item in cells)


@pytest.mark.parametrize(
    ("cells", "scored"),
    [
        ([("", "1", "2"), ("a", "2", ""), ("b", "3", "4")], 3),
        ([('"n"', '"1"', "2"), ('""', '"002"', "3")], 2),
        ([('"a, b"', "1", "2"), ('","', "3", "2")], 2),
        ([("", "1", '"2"'), ("", "2", '""')], 2),
        ([("", "1", "2.0"), ("", "2", "3.0")], 2),
        ([("é", "1", "2"), ("\U0001f600", "2", "3")], 2),
        ([("", "1", " 2"), ("", "2", "3")], 2),
        ([("", "1", "9"), ("", "2", "3")], 1),
        ([("", "", "1"), ("", " ", "1"), ("", "2", "3")], 1),
    ],
)
def test_rows_as_other_programs_write_them_are_read_at_once(
    cells: list[tuple[str, str, str]], scored: int
) -> None:
    for end in ("\n", "\r\n"):
        text = HEADER + "\n" + write_rows(*cells).replace("\n", end)

        in_blocks, at_once = score_in_blocks(text, block_size=100_000)

        assert at_once == scored
        assert in_blocks == score_one_by_one(text)


@pytest.mark.parametrize(
    "row",
    [
        "n,1," + "1," * 8 + "N.0," + "1," * 12 + "V1\n",
        '"two\nlines",2,' + "1," * 21 + "V1\n",
        "a\1b,3," + "1," * 21 + "V1\n",
        "a\2b,4," + "1," * 21 + "V1\n",
        "a\0b,5," + "1," * 21 + "V1\n",
    ],
)
def test_a_row_that_only_looks_plain_means_what_it_means_alone(row: str) -> None:
    text = HEADER + "\n" + write_rows(("", "7", "2")) + row + write_rows(("", "8", "2"))

    in_blocks, _ = score_in_blocks(text, block_size=100_000)

    assert in_blocks == score_one_by_one(text)


@pytest.mark.parametrize("first", ["1", "12", "N", ""])
def test_the_very_first_field_of_a_block_is_read_like_any_other(first: str) -> None:
    text = ",".join([*ITEMS, "id"]) + f"\n{first}," + "1," * 20 + "7\n" + "1," * 21 + "8\n"

    in_blocks, at_once = score_in_blocks(text, block_size=100_000)

    assert at_once == (2 if first in {"1", ""} else 1)
    assert in_blocks == score_one_by_one(text)


def test_one_irregular_block_does_not_slow_down_those_after_it() -> None:
    plain = write_rows(*[("", str(number), "1") for number in range(100)])
    text = HEADER + "\n" + plain + '1,"never closed\n' + plain * 30

    in_blocks, at_once = score_in_blocks(text, block_size=2_000)

    assert in_blocks == score_one_by_one(text)
    assert at_once > 1_900  # a mark that is never closed takes a thousand lines along


def test_a_field_too_long_for_single_records_is_refused_in_a_block_as_well() -> None:
    for length in (99_000, 140_000):
        text = HEADER + "\n" + write_rows(("x" * length, "1", "2"), ("", "2", "2"), ("", "3", "2" * length))

        in_blocks, _ = score_in_blocks(text, block_size=1 << 20)

        assert in_blocks == score_one_by_one(text)
        assert len(in_blocks[0]) == (2 if length < 100_000 else 1)


def test_the_table_may_have_no_column_but_id_and_items_in_any_order() -> None:
    text = ",".join([*reversed(ITEMS), "id"]) + "\n" + ",".join(["1"] * 10 + ["4"] * 11) + ",7\n"

    in_blocks, at_once = score_in_blocks(text, block_size=4096)

    assert at_once == 1
    assert in_blocks == score_one_by_one(text)


@pytest.mark.parametrize("block_size", [10, 300, 100_000])
def test_a_byte_that_is_no_text_is_named_by_its_line(block_size: int) -> None:
    text = (HEADER + "\n" + write_rows(*[("", "1", "2")] * 20)).encode() + b"\xff" + b"\n"

    with pytest.raises(InputRejected) as refused:
        list(open_reader(text, block_size=block_size))

    assert [problem.line for problem in refused.value.problems] == [22]


@pytest.mark.parametrize("block_size", [1, 2, 3, 100_000])
def test_a_byte_order_mark_is_no_part_of_the_header(block_size: int) -> None:
    text = b"\xef\xbb\xbf" + HEADER.encode() + b"\n"

    assert open_reader(text, block_size=block_size).columns.header[0] == "note"
