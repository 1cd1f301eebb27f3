"""Records of a CSV text: a broken one is given up alone."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from pro_app.scoring.csv_records import LONGEST_RECORD, list_csv_records


def read(text: str) -> list[tuple[int, list[str] | None]]:
    return [(r.line, r.fields) for r in list_csv_records(io.StringIO(text, newline=""))]


def test_a_record_begins_on_its_first_physical_line() -> None:
    assert read('a,b\r\n1,"two\r\nlines"\r\n3,4') == [
        (1, ["a", "b"]),
        (2, ["1", "two\r\nlines"]),
        (4, ["3", "4"]),
    ]


def test_empty_lines_are_passed_over_but_counted() -> None:
    assert read("\n\na,b\n\n1,2\n\n") == [(3, ["a", "b"]), (5, ["1", "2"])]


def test_an_empty_text_has_no_records() -> None:
    assert read("") == []


def test_a_mark_that_is_never_closed_costs_one_row() -> None:
    assert read('a,b\n1,"oh\n3,4\n5,6\n') == [(1, ["a", "b"]), (2, None), (3, ["3", "4"]), (4, ["5", "6"])]


def test_a_mark_closed_by_a_later_row_costs_the_rows_that_hold_one() -> None:
    assert read('a,b\n1,"oh\n3,4\n5,"six"\n7,8\n') == [
        (1, ["a", "b"]),
        (2, None),
        (3, ["3", "4"]),
        (4, ["5", "six"]),
        (5, ["7", "8"]),
    ]


def test_a_mark_in_the_middle_of_a_quoted_field_costs_one_row() -> None:
    assert read('a,b\n1,"x"y\n3,4\n') == [(1, ["a", "b"]), (2, None), (3, ["3", "4"])]


def test_a_single_line_with_too_many_or_few_fields_is_given_as_it_is() -> None:
    assert read("a,b\n1\n1,2,3\n") == [(1, ["a", "b"]), (2, ["1"]), (3, ["1", "2", "3"])]


def test_a_broken_first_line_is_given_up_alone() -> None:
    assert read('"a,b\n1,2\n') == [(1, None), (2, ["1", "2"])]


def test_an_open_mark_in_a_long_file_is_noticed_after_a_bounded_number_of_lines() -> None:
    rows = 3 * LONGEST_RECORD

    records = read('a,b\n1,"oh\n' + "3,4\n" * rows)

    assert records[1] == (2, None)
    assert records[2:] == [(number + 3, ["3", "4"]) for number in range(rows)]


def test_a_field_too_long_for_the_reader_costs_one_row() -> None:
    assert read(f"a,b\n1,{'x' * 200_000}\n3,4\n") == [(1, ["a", "b"]), (2, None), (3, ["3", "4"])]


texts = st.text(st.sampled_from('ab,"\n\r ;é'), max_size=8)


@given(st.lists(st.lists(texts, min_size=2, max_size=2), max_size=10))
def test_every_well_formed_record_is_read_as_it_was_written(rows: list[list[str]]) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([["a", "b"], *rows])

    records = read(stream.getvalue())

    assert [fields for _, fields in records] == [["a", "b"], *rows]


@given(st.lists(texts.filter(lambda text: '"' not in text), min_size=1, max_size=10))
def test_no_line_without_a_quotation_mark_is_lost_behind_an_open_one(junk: list[str]) -> None:
    lines = [line for part in junk for line in part.splitlines() if line]

    records = read("a,b\n" + '1,"open\n' + "".join(f"{line}\n" for line in lines))

    assert [fields for _, fields in records] == [["a", "b"], None, *(line.split(",") for line in lines)]
