"""SAS transport files read by R (haven and foreign) and by pyreadstat, every label and value compared."""

import csv
from datetime import date
from pathlib import Path

import polars as pl
import pyreadstat
import pytest
from cdisc_datasets import make_dataset
from readers.cdisc_files import DATASETS, WrittenRelease, rows_that_should_be_there, write_cdisc_files
from readers.r_runner import read_with_r, run_r
from release_world import small_release

from pro_app.exports.cdisc.dataset import DATE_FORMAT, MOMENT_FORMAT, CdiscDataset, Variable
from pro_app.exports.cdisc.files.xpt import write_xpt
from pro_app.exports.cdisc.measure import measure_frame

READ_BY_R = ("TV", "DM", "SV", "QS", "SUPPQS", "ADSL", "ADTTE")

FOREIGN = """
arguments <- commandArgs(TRUE)
told <- foreign::lookup.xport(arguments[1])[[1]]
data <- foreign::read.xport(arguments[1])
write.csv(data.frame(name = told$name, label = told$label, width = told$width, type = told$type),
  arguments[2], row.names = FALSE)
cells <- as.data.frame(lapply(data, function(x) if (is.numeric(x)) sprintf("%.17g", x) else as.character(x)))
write.csv(cells, arguments[3], row.names = FALSE, na = "")
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> WrittenRelease:
    """Give the files of the small release."""
    return write_cdisc_files(tmp_path_factory.mktemp("cdisc"))


def as_r_says_it(column: pl.Series) -> list[str]:
    """Write the values of a column as the R script of the tests does."""
    if column.dtype == pl.String:
        return column.fill_null("").to_list()
    if column.dtype == pl.Date:
        return column.cast(pl.String).fill_null("NA").to_list()
    return ["NA" if value is None else f"{value:.17g}" for value in column.to_list()]


@pytest.mark.parametrize("name", READ_BY_R)
def test_haven_reads_every_label_and_value(written: WrittenRelease, name: str) -> None:
    dataset, frame = DATASETS[name], rows_that_should_be_there(DATASETS[name])
    read = read_with_r(written.path_of(name, ".xpt"), "xpt")
    assert list(read.cells) == frame.columns
    for column in frame:
        assert read.cells[column.name] == as_r_says_it(column), column.name
    assert read.labels == {variable.name: variable.label for variable in dataset.variables}
    assert read.file_label == dataset.label


@pytest.mark.parametrize("name", DATASETS)
def test_pyreadstat_reads_every_label_and_value(written: WrittenRelease, name: str) -> None:
    dataset, frame = DATASETS[name], rows_that_should_be_there(DATASETS[name])
    read, told = pyreadstat.read_xport(written.path_of(name, ".xpt"), output_format="polars")
    assert told.column_names_to_labels == {variable.name: variable.label for variable in dataset.variables}
    assert (told.table_name, told.file_label) == (dataset.name, dataset.label)
    assert read.height == frame.height
    for column in frame:
        expected = column.fill_null("") if column.dtype == pl.String else column
        # A column without any value has no type that a reader could find.
        assert read[column.name].to_list() == expected.to_list(), column.name


def odd_dataset() -> tuple[CdiscDataset, pl.DataFrame]:
    """Make a dataset of everything that the format can hold and a reader could stumble over."""
    dataset = make_dataset(
        Variable(name="EXACTLY8", label="A label of exactly forty bytes, no more.", data_type="float"),
        Variable(name="NARROW", label="One byte"),
        Variable(name="WIDE", label="Two hundred bytes"),
        Variable(name="ACCENTS", label="« Été »"),
        Variable(name="DAY", label="Day", data_type="integer", display_format=DATE_FORMAT),
        Variable(name="MOMENT", label="Moment", data_type="integer", display_format=MOMENT_FORMAT),
    )
    rows = {
        "EXACTLY8": [0.1, -1e60, 1e-60, None],
        "NARROW": ["a", None, "b", "c"],
        "WIDE": ["x" * 200, 'He said "no"; it\'s, so', "=1+1", " leading"],
        "ACCENTS": ["été", "œuvre", None, "l’hôpital"],
        "DAY": [date(1900, 1, 1), date(1960, 1, 1), date(2031, 12, 31), None],
        "MOMENT": [None] * 4,
    }
    types = {
        v.name: {"float": pl.Float64, "integer": pl.Date}.get(v.data_type, pl.String)
        for v in dataset.variables
    }
    return dataset, pl.DataFrame(rows, schema=types | {"MOMENT": pl.Datetime("ms", "UTC")})


def test_haven_reads_odd_values(tmp_path: Path) -> None:
    dataset, frame = odd_dataset()
    release, _ = small_release()
    path = tmp_path / "xx.xpt"
    write_xpt(path, dataset, [frame], release=release, measure=measure_frame(dataset, frame))
    read = read_with_r(path, "xpt")
    for name in ("EXACTLY8", "NARROW", "WIDE", "ACCENTS", "DAY"):
        assert read.cells[name] == as_r_says_it(frame[name]), name
    assert read.cells["MOMENT"] == ["NA"] * 4
    assert read.labels == {variable.name: variable.label for variable in dataset.variables}


@pytest.mark.parametrize("name", ["DM", "QS", "ADSL"])
def test_foreign_reads_every_label_and_value(written: WrittenRelease, tmp_path: Path, name: str) -> None:
    dataset, frame = DATASETS[name], rows_that_should_be_there(DATASETS[name])
    script = tmp_path / "foreign.R"
    script.write_text(FOREIGN, encoding="utf-8")
    run_r(script, written.path_of(name, ".xpt"), tmp_path / "told.csv", tmp_path / "cells.csv")
    told = _read_csv(tmp_path / "told.csv")
    assert {row["name"]: row["label"] for row in told} == {v.name: v.label for v in dataset.variables}
    assert {row["name"] for row in told if row["type"] == "numeric"} == {
        variable.name for variable in dataset.variables if not variable.is_text
    }
    cells = _read_csv(tmp_path / "cells.csv")
    for column in frame:
        assert [row[column.name] for row in cells] == _as_foreign_says_it(column), column.name


def _as_foreign_says_it(column: pl.Series) -> list[str]:
    """Write values as R without any notion of SAS's dates sees them: days since 1960."""
    if column.dtype == pl.Date:
        days = [None if day is None else (day - date(1960, 1, 1)).days for day in column.to_list()]
        column = pl.Series(column.name, days, dtype=pl.Int64)
    return as_r_says_it(column)


def _read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
