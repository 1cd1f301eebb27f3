import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pro_app.exports.formats.csv import write_csv
from pro_app.exports.frames import Tables, make_frame
from pro_app.exports.tables.catalogue import TABLES
from pro_app.exports.tables.column import Column, ColumnType, TableDefinition

TEXTS = TableDefinition("t", "", "", (Column("text", "text", "", ""), Column("n", "number", "", "")))


def render(folder: Path, value: object, kind: ColumnType) -> str:
    """Write one cell beside an empty one and give what stands in the file."""
    table = TableDefinition("t", "", "", (Column("x", kind, "", ""), Column("y", "text", "", "")))
    path = folder / "t.csv"
    write_csv(path, table, [make_frame(table, [{"x": value, "y": None}])])
    [_header, row] = csv.reader(io.StringIO(path.read_bytes().decode("utf-8"), newline=""))
    return row[0]


def write(folder: Path, *frames: pl.DataFrame) -> str:
    path = folder / "t.csv"
    assert write_csv(path, TEXTS, frames) == []
    return path.read_bytes().decode("utf-8")


@pytest.mark.parametrize(
    "text", ["=1+1", "+33612345678", "-5", "@SUM(A1)", "\tx", "\rx", "\nx", '=HYPERLINK("http://x")']
)
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(tmp_path: Path, text: str) -> None:
    assert render(tmp_path, text, "text") == f"'{text}"


def test_a_line_break_in_a_text_never_looks_like_the_end_of_a_record(tmp_path: Path) -> None:
    frame = make_frame(TEXTS, [{"text": "one\r\ntwo\r\n", "n": 1.0}])
    assert write(tmp_path, frame) == 'text,n\r\n"one\ntwo\n",1.0\r\n'


@pytest.mark.parametrize("text", ["", "15-001", "a=b", "Été", "'quoted'", " =1", "a\n=1"])
def test_any_other_text_stays_as_it_is(tmp_path: Path, text: str) -> None:
    assert render(tmp_path, text, "text") == text


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ((None, "number"), ""),
        ((None, "text"), ""),
        ((None, "flag"), ""),
        ((None, "date"), ""),
        ((None, "datetime"), ""),
        ((True, "flag"), "1"),
        ((False, "flag"), "0"),
        ((-3, "integer"), "-3"),
        ((100 / 3, "number"), "33.333333333333336"),
        ((-0.5, "number"), "-0.5"),
        ((50.0, "number"), "50.0"),
        ((100.0, "number"), "100.0"),
        ((date(2026, 3, 2), "date"), "2026-03-02"),
        ((datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC), "datetime"), "2026-03-02T09:00:00.123Z"),
        ((datetime(2026, 6, 30, 23, 0, tzinfo=UTC), "datetime"), "2026-06-30T23:00:00.000Z"),
    ],
)
def test_each_type_has_one_way_to_be_written(
    tmp_path: Path, cell: tuple[object, ColumnType], written: str
) -> None:
    assert render(tmp_path, *cell) == written


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_the_shortest_text_that_reads_back_as_the_same_number(
    tmp_path_factory: pytest.TempPathFactory, number: float
) -> None:
    written = render(tmp_path_factory.mktemp("csv"), number, "number")

    assert float(written) == number
    assert Decimal(written) == Decimal(repr(number))


def test_texts_are_quoted_only_where_they_must_be_and_numbers_never(tmp_path: Path) -> None:
    frame = make_frame(
        TEXTS,
        [
            {"text": 'say "a", b\nc', "n": 1.5},
            {"text": "plain", "n": None},
            {"text": "", "n": None},
            {"text": "a\rb", "n": 0.0},
        ],
    )

    assert write(tmp_path, frame) == ('text,n\r\n"say ""a"", b\nc",1.5\r\nplain,\r\n,\r\n"a\rb",0.0\r\n')


def test_the_header_stands_once_whatever_the_number_of_frames(tmp_path: Path) -> None:
    one = make_frame(TEXTS, [{"text": "x", "n": 1.0}])

    assert write(tmp_path) == "text,n\r\n"
    assert write(tmp_path, one, make_frame(TEXTS), one) == "text,n\r\nx,1.0\r\nx,1.0\r\n"


def test_a_frame_with_a_column_too_many_or_too_few_is_refused(tmp_path: Path) -> None:
    frame = make_frame(TEXTS, [{"text": "x", "n": 1.0}])
    for wrong in (frame.drop("n"), frame.with_columns(email=pl.lit("y"))):
        with pytest.raises(ValueError, match="t:"):
            write(tmp_path, wrong)


def test_every_table_of_a_release_can_be_written(tmp_path: Path, tables: Tables) -> None:
    for table in TABLES:
        path = tmp_path / f"{table.name}.csv"
        write_csv(path, table, [tables[table.name]])
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        assert tuple(header) == table.column_names
        assert len(rows) == tables[table.name].height > 0
