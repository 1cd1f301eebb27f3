import json
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from cdisc_datasets import make_dataset, one_text_dataset
from hypothesis import given
from hypothesis import strategies as st
from release_world import small_release

from pro_app.exports.cdisc.dataset import DATE_FORMAT, MOMENT_FORMAT, CdiscDataset, Variable
from pro_app.exports.cdisc.files.dataset_json import write_dataset_json
from pro_app.exports.cdisc.measure import measure_frame

RELEASE, _ = small_release()
TEXT = pl.Schema({"TEXT": pl.String()})


def write_and_read(dataset: CdiscDataset, *frames: pl.DataFrame, suffix: str = ".json") -> Any:  # noqa: ANN401 -- what JSON holds
    """Write frames as Dataset-JSON and read the document, or its lines."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"xx{suffix}"
        measure = measure_frame(dataset, pl.concat(frames))
        write_dataset_json(path, dataset, frames, release=RELEASE, measure=measure)
        text = path.read_text(encoding="utf-8")
    return json.loads(text) if suffix == ".json" else [json.loads(line) for line in text.split("\n")[:-1]]


@given(st.lists(st.text() | st.none(), max_size=5))
def test_every_text_comes_back_as_it_was(texts: list[str | None]) -> None:
    frame = pl.DataFrame({"TEXT": texts}, schema=TEXT)
    assert write_and_read(one_text_dataset(), frame)["rows"] == [[text] for text in texts]


@given(st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3))
def test_frames_follow_each_other_in_both_forms(first: list[str], second: list[str]) -> None:
    frames = [pl.DataFrame({"TEXT": texts}, schema=TEXT) for texts in (first, [], second)]
    rows = [[text] for text in first + second]
    document = write_and_read(one_text_dataset(), *frames)
    assert document["rows"] == rows
    assert document["records"] == len(rows)
    head, *lines = write_and_read(one_text_dataset(), *frames, suffix=".ndjson")
    assert lines == rows
    assert "rows" not in head


@given(st.lists(st.floats() | st.none(), max_size=5))
def test_every_finite_number_comes_back_exactly_and_others_are_missing(numbers: list[float | None]) -> None:
    dataset = make_dataset(Variable(name="SCORE", label="Score", data_type="float"))
    rows = write_and_read(dataset, pl.DataFrame({"SCORE": numbers}, schema={"SCORE": pl.Float64}))["rows"]
    assert rows == [[n if n is not None and abs(n) < float("inf") else None] for n in numbers]


def test_dates_and_moments_are_iso_8601_and_meant_as_numbers() -> None:
    dataset = make_dataset(
        Variable(name="DAY", label="Day", data_type="integer", display_format=DATE_FORMAT),
        Variable(name="MOMENT", label="Moment", data_type="integer", display_format=MOMENT_FORMAT),
        Variable(name="DTC", label="Date", data_type="date"),
    )
    frame = pl.DataFrame(
        {
            "DAY": [date(2026, 3, 2), None],
            "MOMENT": [datetime(2026, 3, 2, 9, tzinfo=UTC), None],
            "DTC": ["2026-03-02", None],
        },
        schema={"DAY": pl.Date, "MOMENT": pl.Datetime("ms", "UTC"), "DTC": pl.String},
    )
    document = write_and_read(dataset, frame)
    assert document["rows"] == [["2026-03-02", "2026-03-02T09:00:00", "2026-03-02"], [None, None, None]]
    types = [(column["dataType"], column.get("targetDataType")) for column in document["columns"]]
    assert types == [("date", "integer"), ("datetime", "integer"), ("date", None)]
    assert [column.get("displayFormat") for column in document["columns"]] == ["DATE9.", "DATETIME20.", None]


@pytest.mark.parametrize("suffix", [".json", ".ndjson"])
def test_the_same_rows_give_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    frame = pl.DataFrame({"TEXT": ["b", "a", "b", None]}, schema=TEXT)
    dataset, measure = one_text_dataset(), measure_frame(one_text_dataset(), frame)
    for name in ("one", "two"):
        write_dataset_json(tmp_path / f"{name}{suffix}", dataset, [frame], release=RELEASE, measure=measure)
    assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()
