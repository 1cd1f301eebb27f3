import json
from pathlib import Path

import polars as pl
import pytest

from pro_app.exports.formats.parquet import ROWS_IN_A_GROUP, write_parquet
from pro_app.exports.frames import Tables, make_frame, schema_of
from pro_app.exports.release import Release
from pro_app.exports.tables.assessments import ASSESSMENTS
from pro_app.exports.tables.catalogue import TABLES
from pro_app.exports.tables.scores import SCORES


def test_every_table_reads_back_as_it_was(tmp_path: Path, tables: Tables, release: Release) -> None:
    for table in TABLES:
        path = tmp_path / f"{table.name}.parquet"
        assert write_parquet(path, table, [tables[table.name]], release=release) == []
        read = pl.read_parquet(path)
        assert read.schema == schema_of(table)
        assert read.equals(tables[table.name])


def test_the_bytes_depend_neither_on_the_moment_nor_on_the_batches(
    tmp_path: Path, tables: Tables, release: Release
) -> None:
    items = pl.concat([tables["scores"]] * (ROWS_IN_A_GROUP // tables["scores"].height + 2))
    contents = set()
    for size in (items.height, 9_999, 9_999, 1_000):
        path = tmp_path / "scores.parquet"
        write_parquet(path, SCORES, items.iter_slices(size), release=release)
        contents.add(path.read_bytes())
        assert pl.read_parquet(path).equals(items)

    assert items.height > ROWS_IN_A_GROUP
    assert len(contents) == 1


def test_labels_and_codes_stand_in_the_file(tmp_path: Path, release: Release) -> None:
    path = tmp_path / "assessments.parquet"
    write_parquet(path, ASSESSMENTS, [], release=release)

    metadata = pl.read_parquet_metadata(path)
    columns = json.loads(metadata["columns"])

    assert metadata["label"] == "reluth, gel 1 : assessments"
    assert set(columns) == set(ASSESSMENTS.column_names)
    assert columns["late"] == {
        "fr": "1 : reçu, donné après la période",
        "en": "1: received, given after its window",
    }
    assert {"code": "paper", "fr": "papier, saisi par le centre", "en": "paper, entered by the site"} in (
        columns["mode"]["codes"]
    )
    assert pl.read_parquet(path).height == 0


def test_a_frame_of_other_columns_is_refused_and_leaves_no_file(tmp_path: Path, release: Release) -> None:
    path = tmp_path / "assessments.parquet"
    wrong = make_frame(ASSESSMENTS).with_columns(email=pl.lit("x"))

    with pytest.raises(ValueError, match=r"assessments: .*email"):
        write_parquet(path, ASSESSMENTS, [make_frame(ASSESSMENTS), wrong], release=release)
    assert not path.exists()
