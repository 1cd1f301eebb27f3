import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from release_world import empty_release, small_release

from pro_app.definitions.files import QUESTIONNAIRES
from pro_app.errors import NotFound
from pro_app.exports.formats.parquet import write_parquet
from pro_app.exports.frames import Tables
from pro_app.exports.making.archive_comparison import list_file_differences
from pro_app.exports.making.frozen_tables import FrozenTables
from pro_app.exports.making.make_archive import STEPS, make_archive
from pro_app.exports.making.release_file import (
    KeptDefinition,
    read_release_file,
    write_release_file,
)
from pro_app.exports.release import Demographics, Release
from pro_app.exports.tables.catalogue import TABLES


def write_source(folder: Path, release: Release, tables: Tables) -> Path:
    (folder / "tables/parquet").mkdir(parents=True)
    for table in TABLES:
        path = folder / f"tables/parquet/{table.name}.parquet"
        write_parquet(path, table, [tables[table.name]], release=release)
    write_release_file(
        folder, release, definitions=list_definitions(release), remarks_of_data=tables["remarks"].height
    )
    return folder


def list_definitions(release: Release) -> list[KeptDefinition]:
    instruments = [worded.instrument for worded in release.instruments]
    paths = {
        ("instrument", i.code, i.version): f"instruments/{i.code}/{i.version}/instrument.yaml"
        for i in instruments
    }
    protocol = release.protocol
    paths["protocol", protocol.code, protocol.version] = (
        f"protocols/{protocol.code}/{protocol.version}/protocol.yaml"
    )
    return [
        KeptDefinition(*key, (QUESTIONNAIRES / path).read_text(encoding="utf-8"))
        for key, path in paths.items()
    ]


def make(folder: Path, release: Release, tables: Tables) -> bytes:
    stream = io.BytesIO()
    source = write_source(folder / "source", release, tables)
    make_archive(source, stream, release=release, remarks_of_data=tables["remarks"].height)
    return stream.getvalue()


def files_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("world", [small_release, empty_release])
def test_the_same_source_gives_the_same_bytes(
    world: Callable[[], tuple[Release, Tables]], tmp_path: Path
) -> None:
    release, tables = world()

    first, second = (make(tmp_path / name, release, tables) for name in ("first", "second"))

    assert {name for name, a in files_of(first).items() if files_of(second)[name] != a} == set()
    assert hashlib.sha256(first).hexdigest() == hashlib.sha256(second).hexdigest()


def test_the_remarks_of_the_formats_come_after_those_of_the_data(tmp_path: Path) -> None:
    release, tables = small_release()

    files = files_of(make(tmp_path, release, tables))

    remarks = pl.read_parquet(files["tables/parquet/remarks.parquet"])
    own = tables["remarks"].height
    assert remarks.height > own
    assert remarks.head(own).equals(tables["remarks"])
    assert "fhir_never_opened" in remarks["code"].tail(remarks.height - own)
    listed = {file["name"]: file["rows"] for file in json.loads(files["manifest.json"])["files"]}
    assert listed["tables/csv/remarks.csv"] == listed["tables/parquet/remarks.parquet"] == remarks.height
    assert files["tables/csv/remarks.csv"].count(b"\r\n") == remarks.height + 1


def test_every_step_is_told_in_order_and_there_are_as_many_as_was_said(tmp_path: Path) -> None:
    release, tables = empty_release()
    told: list[tuple[str, int, int]] = []
    source = write_source(tmp_path / "source", release, tables)

    make_archive(
        source, io.BytesIO(), release=release, remarks_of_data=0, progress=lambda *said: told.append(said)
    )

    assert [(done, total) for _step, done, total in told] == [(n, STEPS) for n in range(STEPS)]
    assert told[-1][0] == "archive"


def test_what_is_derived_is_gone_from_the_folder_and_the_source_is_still_there(tmp_path: Path) -> None:
    release, tables = small_release()
    source = write_source(tmp_path / "source", release, tables)
    before = {path for path in source.rglob("*") if path.is_file()}

    make_archive(source, io.BytesIO(), release=release, remarks_of_data=tables["remarks"].height)

    assert {path for path in source.rglob("*") if path.is_file()} == before


def test_a_release_reads_back_as_it_was_written(tmp_path: Path) -> None:
    release, tables = small_release()
    release = replace(
        release, demographics={"15-001": Demographics(64, "F"), "15-002": Demographics(None, None)}
    )
    packs = {pack.sha256: pack for worded in release.instruments for pack in worded.wordings.values()}
    write_source(tmp_path, release, tables)

    read, remarks = read_release_file(tmp_path, load_wording=packs.__getitem__)

    assert read == release
    assert remarks == tables["remarks"].height


def test_a_release_without_its_definition_is_refused(tmp_path: Path) -> None:
    release, tables = small_release()
    write_source(tmp_path, release, tables)
    (tmp_path / "definitions/protocols/reluth-1.0.yaml").unlink()

    with pytest.raises(NotFound):
        read_release_file(tmp_path, load_wording=lambda _sha256: pytest.fail("never asked"))


def test_batches_are_whole_people_and_together_every_row(tmp_path: Path) -> None:
    release, tables = small_release()
    frozen = FrozenTables(write_source(tmp_path, release, tables), people_at_once=2)

    batches = list(frozen.batches())

    codes = [set(batch["participants"]["participant_code"]) for batch in batches]
    assert [len(people) for people in codes] == [2, 2, 2, 1]
    for name in batches[0]:
        assert all(
            set(b[name]["participant_code"]) <= people for b, people in zip(batches, codes, strict=True)
        )
        assert pl.concat([batch[name] for batch in batches]).equals(tables[name])


def test_rows_that_are_not_in_the_order_of_the_people_are_refused(tmp_path: Path) -> None:
    release, tables = small_release()
    shuffled = dict(tables) | {"items": tables["items"].reverse()}
    frozen = FrozenTables(write_source(tmp_path, release, shuffled), people_at_once=2)

    with pytest.raises(ValueError, match="items: not in the order"):
        list(frozen.batches())


def test_rows_of_nobody_are_refused(tmp_path: Path) -> None:
    release, tables = small_release()
    lonely = dict(tables) | {"participants": tables["participants"].head(3)}
    frozen = FrozenTables(write_source(tmp_path, release, lonely))

    with pytest.raises(ValueError, match="not among the participants"):
        list(frozen.batches())


def test_a_table_is_read_in_pieces(tmp_path: Path) -> None:
    release, tables = small_release()
    frozen = FrozenTables(write_source(tmp_path, release, tables), rows_at_once=1000)

    pieces = list(frozen.frames("items"))

    assert [piece.height for piece in pieces] == [1000, 1000, tables["items"].height - 2000]
    assert pl.concat(pieces).equals(tables["items"])


def test_a_source_of_an_older_version_is_read_with_what_it_does_not_have_left_empty(tmp_path: Path) -> None:
    release, tables = small_release()
    frozen = FrozenTables(write_source(tmp_path, release, tables))
    path = tmp_path / "tables/parquet/scores.parquet"
    pl.read_parquet(path).drop("important").with_columns(forgotten=1).write_parquet(path)
    (tmp_path / "tables/parquet/events.parquet").unlink()

    batch = pl.concat([batch["scores"] for batch in frozen.batches()])

    assert batch.equals(tables["scores"].with_columns(important=pl.lit(None, pl.Boolean)))
    assert frozen.rows("events") == 0
    assert list(frozen.frames("events")) == []


def test_files_that_are_gone_new_or_other_are_listed(tmp_path: Path) -> None:
    old = write_zip(
        tmp_path / "old.zip", {"a.csv": "x,y\r\n1,2\r\n", "b.csv": "x\r\n1\r\n", "c.txt": "1", "gone": ""}
    )
    new = write_zip(
        tmp_path / "new.zip", {"a.csv": 'x,y\n1,"2"\n', "b.csv": "x\r\n2\r\n", "c.txt": "2", "new": ""}
    )

    by_bytes = list_file_differences(old, new, by_values=False)
    by_values = list_file_differences(old, new, by_values=True)

    assert [(d.name, d.what) for d in by_bytes] == [
        ("a.csv", "bytes"),
        ("b.csv", "bytes"),
        ("c.txt", "bytes"),
        ("gone", "missing"),
        ("new", "additional"),
    ]
    assert [(d.name, d.what) for d in by_values] == [
        ("b.csv", "values"), ("gone", "missing"), ("new", "additional"),
    ]  # fmt: skip


def test_values_of_every_kind_of_table_are_told_apart(tmp_path: Path) -> None:
    release, tables = small_release()
    other = dict(tables) | {"scores": tables["scores"].with_columns(pl.col("value") / 2)}
    old, new = tmp_path / "old.zip", tmp_path / "new.zip"
    old.write_bytes(make(tmp_path / "old", release, tables))
    new.write_bytes(make(tmp_path / "new", release, other))

    found = {difference.name for difference in list_file_differences(old, new, by_values=True)}

    tidy = [("csv", "csv"), ("parquet", "parquet"), ("spss", "sav"), ("stata", "dta")]
    assert {f"tables/{folder}/scores.{suffix}" for folder, suffix in tidy} <= found
    assert {"cdisc/sdtm/qs.xpt", "cdisc/sdtm/qs.json", "cdisc/adam/adqs.xpt", "cdisc/adam/adqs.json"} <= found
    assert not {name for name in found if "events" in name or "/ds." in name}


def write_zip(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path
