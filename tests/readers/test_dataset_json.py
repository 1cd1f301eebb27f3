"""Dataset-JSON against the schema that CDISC publishes, and against what the release holds."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from jsonschema import Draft201909Validator
from readers.cdisc_files import DATASETS, WrittenRelease, rows_that_should_be_there, write_cdisc_files

SCHEMA = Path(__file__).parent / "schemas" / "dataset-1.1.schema.json"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> WrittenRelease:
    """Give the files of the small release."""
    return write_cdisc_files(tmp_path_factory.mktemp("cdisc"))


@pytest.fixture(scope="module")
def long_ones(tmp_path_factory: pytest.TempPathFactory) -> WrittenRelease:
    """Give the files that are written where every dataset has more rows than allowed."""
    return write_cdisc_files(tmp_path_factory.mktemp("long"), most_rows=0)


def the_validator() -> Draft201909Validator:
    """Read CDISC's schema."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft201909Validator.check_schema(schema)
    return Draft201909Validator(schema, format_checker=Draft201909Validator.FORMAT_CHECKER)


def rows_as_json(frame: pl.DataFrame) -> list[list[Any]]:
    """Give the values as JSON has them: dates and moments as ISO 8601 text."""
    return [
        json.loads(json.dumps(list(row), default=lambda value: value.isoformat())) for row in frame.rows()
    ]


@pytest.mark.parametrize("name", DATASETS)
def test_each_document_is_valid_and_holds_every_value(written: WrittenRelease, name: str) -> None:
    dataset, frame = DATASETS[name], rows_that_should_be_there(DATASETS[name])
    document = json.loads(written.path_of(name, ".json").read_text(encoding="utf-8"))
    assert list(the_validator().iter_errors(document)) == []
    assert document["rows"] == rows_as_json(frame)
    assert document["records"] == frame.height
    assert [column["name"] for column in document["columns"]] == frame.columns
    assert [column["label"] for column in document["columns"]] == [v.label for v in dataset.variables]
    assert (document["name"], document["label"]) == (name, dataset.label)


@pytest.mark.parametrize("name", ["QS", "ADSL", "TA"])
def test_the_form_line_by_line_says_the_same_as_the_document(
    written: WrittenRelease, long_ones: WrittenRelease, name: str
) -> None:
    document = json.loads(written.path_of(name, ".json").read_text(encoding="utf-8"))
    text = long_ones.path_of(name, ".ndjson").read_text(encoding="utf-8")
    head, *rows = [json.loads(line) for line in text.removesuffix("\n").split("\n")]
    assert list(the_validator().iter_errors(head)) == []
    assert rows == document.pop("rows")
    assert head == document


def test_a_dataset_beyond_the_limit_has_no_xpt(long_ones: WrittenRelease) -> None:
    assert not long_ones.path_of("QS", ".xpt").exists()
    assert not long_ones.path_of("QS", ".json").exists()


def test_the_head_says_when_by_what_and_where_more_is_told(written: WrittenRelease) -> None:
    document = json.loads(written.path_of("ADSL", ".json").read_text(encoding="utf-8"))
    assert document["datasetJSONCreationDateTime"] == "2026-10-01T10:00:00.000Z"
    assert document["datasetJSONVersion"] == "1.1.0"
    assert document["sourceSystem"] == {"name": "pro_app", "version": "0.0.1"}
    assert document["metaDataRef"] == "define.xml"
    columns = {column["name"]: column for column in document["columns"]}
    assert columns["USUBJID"]["keySequence"] == 2
    assert columns["RANDDT"]["dataType"] == "date"
    assert columns["RANDDT"]["targetDataType"] == "integer"
