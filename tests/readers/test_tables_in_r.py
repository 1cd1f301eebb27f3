"""The tidy tables of a release as R sees them, in every format that R can read."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from readers.r_runner import ReadTable, read_all_with_r
from release_world import small_release

from pro_app.exports.codebook.missing_codes import MISSING_CODES
from pro_app.exports.formats.csv import write_csv
from pro_app.exports.formats.dta import write_dta
from pro_app.exports.formats.labels import list_value_labels, write_column_label
from pro_app.exports.formats.sav import write_sav
from pro_app.exports.tables.catalogue import TABLES
from pro_app.exports.tables.column import Column, TableDefinition
from pro_app.exports.tables.items import ITEMS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SPSS_ZERO = datetime(1582, 10, 14, tzinfo=UTC)


@pytest.fixture(scope="module", params=["sav", "dta"])
def suffix(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture(scope="module")
def seen(suffix: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, ReadTable]:
    """Give every table of the small release as haven sees it."""
    paths = write_tables(tmp_path_factory.mktemp(suffix), suffix)
    return read_all_with_r(paths, "sav" if suffix == "sav" else "dta")


def write_tables(folder: Path, suffix: str) -> list[Path]:
    """Write every table of the small release and give its files."""
    release, tables = small_release()
    paths = [folder / f"{table.name}.{suffix}" for table in TABLES]
    write = write_sav if suffix == "sav" else write_dta
    for path, table in zip(paths, TABLES, strict=True):
        assert write(path, table, [tables[table.name]], release=release) == []
    return paths


def missing_codes(suffix: str) -> dict[str, object]:
    """Give what haven sees in place of a missing value, by state of the item."""
    return {c.state: f".{c.stata}" if suffix == "dta" else float(c.spss) for c in MISSING_CODES}


def expected_cells(table: TableDefinition, column: Column, missing: Mapping[str, object]) -> list[object]:
    """Give the cells of a column as haven should see them; `missing` is by state of the item."""
    frame = small_release()[1][table.name]
    values = [say(value, column) for value in frame[column.name]]
    if (table.name, column.name) == ("items", "value"):
        return [missing.get(state, value) for state, value in zip(frame["state"], values, strict=True)]
    return values


def say(value: object, column: Column) -> object:
    """Give a value as the R script writes it; numbers stay numbers."""
    if value is None:
        return "" if column.type == "text" else "NA"
    if isinstance(value, datetime):
        return f"{(value - EPOCH).total_seconds():.3f}"
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, bool | int | float) else value


def as_numbers(cells: list[str], column: Column) -> list[object]:
    """Turn what R wrote of a number back into the number."""
    if column.type not in {"integer", "number", "flag"}:
        return list(cells)
    return [cell if cell == "NA" or cell.startswith(".") else float(cell) for cell in cells]


def test_haven_sees_every_value(seen: dict[str, ReadTable], suffix: str) -> None:
    for table in TABLES:
        cells = seen[table.name].cells
        assert list(cells) == list(table.column_names)
        for column in table.columns:
            expected = expected_cells(table, column, missing_codes(suffix))
            assert as_numbers(cells[column.name], column) == expected, column.name


def test_haven_sees_every_label_and_code(seen: dict[str, ReadTable], suffix: str) -> None:
    for table in TABLES:
        read = seen[table.name]
        assert read.labels == {column.name: write_column_label(column) for column in table.columns}
        assert read.value_labels == labels_expected(table, suffix)
        assert read.file_label == f"reluth, gel 1 : {table.name}"


def labels_expected(table: TableDefinition, suffix: str) -> dict[str, dict[str, str]]:
    """Give the value labels that the file should have; Stata has none for codes that are text."""
    release, tables = small_release()
    visits = {
        code
        for column in table.columns
        if column.codes == "visit_code"
        for code in tables[table.name][column.name].drop_nulls()
    }
    kinds = {column.name: column.type for column in table.columns}
    labels = {
        name: found
        for name, found in list_value_labels(table, release, visits).items()
        if suffix == "sav" or kinds[name] != "text"
    }
    labels |= {name: {"0": "Non", "1": "Oui"} for name, kind in kinds.items() if kind == "flag"}
    if table is ITEMS:
        labels["value"] = {f".{c.stata}" if suffix == "dta" else str(c.spss): c.fr for c in MISSING_CODES}
    return labels


def test_each_kind_of_column_has_its_format(seen: dict[str, ReadTable], suffix: str) -> None:
    formats = seen["assessments"].said["format.spss" if suffix == "sav" else "format.stata"]

    found = [formats[name][""] for name in ("opens_on", "submitted_at", "late", "ordinal")]
    assert found == (
        ["SDATE10", "DATETIME23.3", "F1.0", "F8.0"] if suffix == "sav" else ["%td", "%tc", "%8.0g", "%12.0g"]
    )


def test_user_missing_values_are_a_range_in_spss(seen: dict[str, ReadTable], suffix: str) -> None:
    expected = {"missing": {"value": {"low": "-6", "high": "-1"}}} if suffix == "sav" else {}

    assert {k: v for k, v in seen["items"].said.items() if k == "missing"} == expected


def test_foreign_an_older_reader_of_its_own_sees_the_same_in_spss_files(tmp_path: Path) -> None:
    seen = read_all_with_r(write_tables(tmp_path, "sav"), "spss")

    for table in TABLES:
        read = join_segments(seen[table.name], table)
        for column in table.columns:
            expected = expected_cells(table, column, missing_codes("sav"))
            if column.type in {"date", "datetime"}:
                # This reader gives the seconds of SPSS as they are.
                moments = small_release()[1][table.name][column.name].cast(pl.Datetime("ms", "UTC"))
                expected = ["NA" if m is None else (m - SPSS_ZERO).total_seconds() for m in moments]
            cells = read.cells[column.name]
            if column.type == "text":
                assert [cell.rstrip() for cell in cells] == [str(text).rstrip() for text in expected]
            else:
                assert [c if c == "NA" else float(c) for c in cells] == expected, column.name
            assert read.labels[column.name] == write_column_label(column)


def join_segments(read: ReadTable, table: TableDefinition) -> ReadTable:
    """Put together what this reader takes for several variables: texts of more than 255 bytes."""
    joined: dict[str, list[str]] = {}
    for name, cells in read.cells.items():
        if name in table.column_names:
            joined[name] = cells
        else:
            last = next(reversed(joined))
            joined[last] = [a.ljust(255) + b for a, b in zip(joined[last], cells, strict=True)]
    return replace(read, cells=joined)


def test_base_r_reads_the_csv_with_quotes_line_breaks_accents_and_formulas(tmp_path: Path) -> None:
    _, tables = small_release()
    paths = [tmp_path / f"{table.name}.csv" for table in TABLES]
    for path, table in zip(paths, TABLES, strict=True):
        write_csv(path, table, [tables[table.name]])

    seen = read_all_with_r(paths, "csv")

    written_as: dict[str, Callable[[object], str]] = {
        "flag": lambda value: str(int(bool(value))),
        "datetime": lambda value: f"{value:%Y-%m-%dT%H:%M:%S}.000Z",
        "text": lambda value: f"'{value}" if str(value).startswith(("=", "+", "-", "@")) else str(value),
    }
    for table in TABLES:
        for column in table.columns:
            write = written_as.get(column.type, str)
            values = tables[table.name][column.name]
            assert seen[table.name].cells[column.name] == ["" if v is None else write(v) for v in values]
