import csv
import io
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from pro_app.exports.columns import Column, ColumnType, TableDefinition
from pro_app.exports.csv_tables import CsvTable
from pro_app.exports.datasets import Cell, Row

PARIS_SUMMER = timezone(timedelta(hours=2))


def render(value: Cell, kind: ColumnType) -> str:
    """Write one cell beside an empty one and give what stands in the file."""
    table = TableDefinition("t", "", "", (Column("x", kind, "", ""), Column("y", "text", "", "")))
    stream = io.BytesIO()
    csv_table = CsvTable(table, stream)
    csv_table.write({"x": value, "y": None})
    csv_table.finish()
    [_header, row] = csv.reader(io.StringIO(stream.getvalue().decode("utf-8"), newline=""))
    return row[0]


def write(*rows: Row) -> str:
    table = TableDefinition("t", "", "", (Column("text", "text", "", ""), Column("n", "number", "", "")))
    stream = io.BytesIO()
    csv_table = CsvTable(table, stream)
    for row in rows:
        csv_table.write(row)
    csv_table.finish()
    return stream.getvalue().decode("utf-8")


@pytest.mark.parametrize(
    "text", ["=1+1", "+33612345678", "-5", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("http://x")']
)
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert render(text, "text") == f"'{text}"


@pytest.mark.parametrize("text", ["", "15-001", "a=b", "Été", "'quoted'", " =1"])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert render(text, "text") == text


@pytest.mark.parametrize(
    ("value", "kind", "written"),
    [
        (None, "number", ""),
        (None, "text", ""),
        (True, "flag", "1"),
        (False, "flag", "0"),
        (-3, "integer", "-3"),
        (100 / 3, "number", "33.333333333333336"),
        (-0.5, "number", "-0.5"),
        (date(2026, 3, 2), "date", "2026-03-02"),
        (datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC), "datetime", "2026-03-02T09:00:00.123Z"),
        (datetime(2026, 7, 1, 1, 0, tzinfo=PARIS_SUMMER), "datetime", "2026-06-30T23:00:00.000Z"),
    ],
)
def test_each_type_has_one_way_to_be_written(value: Cell, kind: ColumnType, written: str) -> None:
    assert render(value, kind) == written


def test_texts_are_quoted_only_where_they_must_be_and_numbers_never() -> None:
    assert write({"text": 'say "a", b\nc', "n": 1.5}, {"text": "plain", "n": None}) == (
        'text,n\r\n"say ""a"", b\nc",1.5\r\nplain,\r\n'
    )


def test_a_row_with_a_column_too_many_or_too_few_is_refused() -> None:
    for row in ({"text": "x"}, {"text": "x", "n": 1.0, "email": "y"}):
        with pytest.raises(ValueError, match="t:"):
            write(row)
