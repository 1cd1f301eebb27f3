from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat
import pytest
from cdisc_datasets import make_dataset, one_text_dataset
from release_world import small_release

from pro_app.exports.cdisc.dataset import DATE_FORMAT, CdiscDataset, Variable
from pro_app.exports.cdisc.files.xpt import write_xpt
from pro_app.exports.cdisc.measure import measure_frame
from pro_app.exports.remarks import Remark

RELEASE, _ = small_release()


def write(path: Path, dataset: CdiscDataset, *frames: pl.DataFrame) -> list[Remark]:
    """Write frames of a dataset as XPT."""
    measure = measure_frame(dataset, pl.concat(frames))
    return write_xpt(path, dataset, frames, release=RELEASE, measure=measure)


def read(path: Path) -> tuple[pl.DataFrame, Any]:
    """Read a file with pyreadstat: rows and what is said about them."""
    return pyreadstat.read_xport(path, output_format="polars")


def test_every_value_label_and_format_is_read_back(tmp_path: Path) -> None:
    dataset = make_dataset(
        Variable(name="TEXT", label="Été, « label »"),
        Variable(name="COUNT", label="Count", data_type="integer"),
        Variable(name="SCORE", label="Score", data_type="float", display_format="8.1"),
        Variable(name="DAY", label="Day", data_type="integer", display_format=DATE_FORMAT),
    )
    frame = pl.DataFrame(
        {
            "TEXT": ["a", None, "l’été"],
            "COUNT": [1, -2, None],
            "SCORE": [200 / 3, None, 1e-9],
            "DAY": [date(2026, 3, 2), None, date(1955, 1, 1)],
        },
        schema={"TEXT": pl.String, "COUNT": pl.Int64, "SCORE": pl.Float64, "DAY": pl.Date},
    )
    remarks = write(tmp_path / "xx.xpt", dataset, frame)
    rows, told = read(tmp_path / "xx.xpt")
    assert rows["TEXT"].to_list() == ["a", "", "l’été"]
    assert rows["COUNT"].to_list() == [1, -2, None]
    assert rows["SCORE"].to_list() == [200 / 3, None, 1e-9]
    assert rows["DAY"].to_list() == [date(2026, 3, 2), None, date(1955, 1, 1)]
    assert told.column_names_to_labels == {v.name: v.label for v in dataset.variables}
    assert told.original_variable_types["DAY"] == "DATE9"
    assert told.original_variable_types["SCORE"] == "8.1"
    assert told.table_name == "XX"
    assert told.file_label == "Odds and ends"
    assert [remark.code for remark in remarks] == ["xpt_not_ascii"]


def test_frames_that_follow_each_other_make_the_same_file_as_one(tmp_path: Path) -> None:
    dataset = one_text_dataset()
    frames = [pl.DataFrame({"TEXT": ["one"]}), pl.DataFrame({"TEXT": ["three", "2"]})]
    write(tmp_path / "parts.xpt", dataset, *frames)
    write(tmp_path / "whole.xpt", dataset, pl.concat(frames))
    assert (tmp_path / "parts.xpt").read_bytes() == (tmp_path / "whole.xpt").read_bytes()


def test_the_only_time_in_the_file_is_that_of_the_release(tmp_path: Path) -> None:
    write(tmp_path / "xx.xpt", one_text_dataset(), pl.DataFrame({"TEXT": ["one"]}))
    assert (tmp_path / "xx.xpt").read_bytes().count(b"01OCT26:10:00:00") == 4


def test_a_file_consists_of_whole_records(tmp_path: Path) -> None:
    for rows in (0, 1, 26, 80):
        frame = pl.DataFrame({"TEXT": ["abc"] * rows}, schema={"TEXT": pl.String})
        write(tmp_path / "xx.xpt", one_text_dataset(), frame)
        assert (tmp_path / "xx.xpt").stat().st_size % 80 == 0
        assert read(tmp_path / "xx.xpt")[0].shape[0] == rows


def test_a_text_of_more_than_200_bytes_is_cut_before_a_character_with_a_remark(tmp_path: Path) -> None:
    long = "x" * 199 + "é" + "y" * 9
    remarks = write(tmp_path / "xx.xpt", one_text_dataset(), pl.DataFrame({"TEXT": [long, "short"]}))
    rows = read(tmp_path / "xx.xpt")[0]
    assert rows["TEXT"].to_list() == ["x" * 199, "short"]
    assert {(remark.code, remark.table) for remark in remarks} == {
        ("xpt_text_cut", "XX"),
        ("xpt_not_ascii", "XX"),
    }
    assert "210" in remarks[0].en
    assert "TEXT" in remarks[0].fr


def test_a_text_of_200_bytes_stays_whole_without_a_remark(tmp_path: Path) -> None:
    assert write(tmp_path / "xx.xpt", one_text_dataset(), pl.DataFrame({"TEXT": ["x" * 200]})) == []
    rows = read(tmp_path / "xx.xpt")[0]
    assert rows["TEXT"].to_list() == ["x" * 200]


def test_labels_of_more_than_40_bytes_are_cut_with_a_remark(tmp_path: Path) -> None:
    label = "é" * 19 + "abc"
    dataset = make_dataset(Variable(name="TEXT", label=label), label="z" * 41)
    remarks = write(tmp_path / "xx.xpt", dataset, pl.DataFrame({"TEXT": ["a"]}))
    told = read(tmp_path / "xx.xpt")[1]
    assert told.column_labels == ["é" * 19 + "ab"]
    assert told.file_label == "z" * 40
    assert [(remark.code, remark.en.split(":")[0]) for remark in remarks] == [
        ("xpt_label_cut", "XX"),
        ("xpt_label_cut", "TEXT"),
    ]


def test_a_number_beyond_the_format_is_missing_with_a_remark(tmp_path: Path) -> None:
    dataset = make_dataset(Variable(name="SCORE", label="Score", data_type="float"))
    remarks = write(tmp_path / "xx.xpt", dataset, pl.DataFrame({"SCORE": [1e300, -1e300, 1.5]}))
    rows = read(tmp_path / "xx.xpt")[0]
    assert rows["SCORE"].to_list() == [None, None, 1.5]
    assert [remark.code for remark in remarks] == ["xpt_number_too_large"]


@pytest.mark.parametrize("name", ["TOOLONGNM", "lower", "1ST", "A B"])
def test_a_name_that_is_none_in_sas_is_refused(tmp_path: Path, name: str) -> None:
    dataset = make_dataset(Variable(name=name, label="Text"))
    with pytest.raises(ValueError, match="no name of SAS"):
        write(tmp_path / "xx.xpt", dataset, pl.DataFrame({name: ["a"]}))
