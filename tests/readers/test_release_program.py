"""The R program of a release, run inside the whole release; nothing here can run its SAS program."""

import csv
import zipfile
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from readers.r_runner import run_r
from release_world import empty_release, small_release

from pro_app.exports.formats.parquet import write_parquet
from pro_app.exports.frames import Tables
from pro_app.exports.making.make_archive import make_archive
from pro_app.exports.release import Release
from pro_app.exports.tables.catalogue import TABLES
from pro_app.exports.tables.completion import COMPLETION
from pro_app.exports.tidy.completion import CompletionCount
from pro_app.figures.estimates.means import estimate_means_by_visit

PROGRAM = Path("programs") / "read_release.R"


def unpack(folder: Path, release: Release, tables: Tables) -> Path:
    """Make the whole release and unpack it; gives its folder."""
    source = folder / "source"
    (source / "tables" / "parquet").mkdir(parents=True)
    for table in TABLES:
        path = source / "tables" / "parquet" / f"{table.name}.parquet"
        write_parquet(path, table, [tables[table.name]], release=release)
    with (folder / "release.zip").open("wb") as stream:
        make_archive(source, stream, release=release, remarks_of_data=tables["remarks"].height)
    with zipfile.ZipFile(folder / "release.zip") as archive:
        archive.extractall(folder / "release")
    return folder / "release"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder with what the program wrote; `printed.txt` is what it said."""
    folder = tmp_path_factory.mktemp("small")
    release = unpack(folder, *small_release())
    out = folder / "out"
    out.mkdir()
    (out / "printed.txt").write_text(run_r(release / PROGRAM, out), encoding="utf-8")
    return out


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number(text: str) -> float | None:
    return float(text) if text else None


def test_it_counts_the_same_completion_table(results: Path) -> None:
    ours = small_release()[1]["completion"]

    rows = read_rows(results / "completion.csv")

    assert len(rows) == ours.height > 1
    for row, expected in zip(rows, ours.iter_rows(named=True), strict=True):
        assert row["visit_code"] == expected["visit_code"]
        for column in COMPLETION.columns[2:]:
            assert number(row[column.name]) == pytest.approx(expected[column.name], abs=1e-9), column.name


def test_it_computes_the_same_mean_scores(results: Path) -> None:
    scores = small_release()[1]["scores"]
    keys = ["instrument", "scale", "visit_code"]
    counted = scores.filter(pl.col("is_current") & ~pl.col("incomplete") & pl.col("value").is_not_null())
    value = pl.col("value")
    ours = counted.group_by(keys).agg(n=pl.len(), mean=value.mean(), sd=value.std(ddof=1))
    expected = {tuple(row[:3]): row[3:] for row in ours.iter_rows()}

    rows = read_rows(results / "mean_scores.csv")

    assert {tuple(row[key] for key in keys) for row in rows} == set(expected)
    assert max(int(row["n"]) for row in rows) > 2
    for row in rows:
        n, mean, deviation = expected[row["instrument"], row["scale"], row["visit_code"]]
        assert int(row["n"]) == n
        assert number(row["mean"]) == pytest.approx(mean, abs=1e-9)
        assert number(row["sd"]) == pytest.approx(deviation, abs=1e-9)


def test_it_leaves_out_what_is_in_no_analysis_and_counts_forms_that_are_open_again(tmp_path: Path) -> None:
    release, tables = small_release()
    person = pl.col("participant_code")
    late = (person == "15-001") & (pl.col("visit_code") == "BASELINE")
    open_again = (person == "16-003") & (pl.col("visit_code") == "W08")
    forms = tables["assessments"].with_columns(
        after_randomisation=late,
        state=pl.when(open_again).then(pl.lit("started")).otherwise("state"),
    )
    died = pl.when(person == "15-004").then(date(2026, 3, 8)).otherwise("died_on")
    people = tables["participants"].with_columns(died_on=died)
    changed = {**tables, "assessments": forms, "participants": people}
    count = CompletionCount(release.protocol)
    count.add(changed)

    run_r(unpack(tmp_path, release, changed) / PROGRAM, folder=tmp_path)

    rows = read_rows(tmp_path / "mean_scores.csv")
    found = {
        (row["instrument"], row["scale"], row["visit_code"]): (int(row["n"]), number(row["mean"]))
        for row in rows
        if row["visit_code"] != "UNSCHEDULED"
    }
    means = estimate_means_by_visit(changed).select("instrument", "scale", "visit_code", "n", "mean")
    assert found == {(*row[:3],): (row[3], pytest.approx(row[4])) for row in means.iter_rows()}
    [week_8] = [row for row in read_rows(tmp_path / "completion.csv") if row["visit_code"] == "W08"]
    [ours] = count.make_frame(release).filter(pl.col("visit_code") == "W08").rows(named=True)
    assert (int(week_8["incomplete"]), int(week_8["missed"])) == (0, 0)
    assert (ours["incomplete"], ours["missed"]) == (0, 0)


def test_it_reads_every_file_that_r_can_read(results: Path) -> None:
    printed = (results / "printed.txt").read_text(encoding="utf-8")

    assert "reluth, release 1, 2026-10-01T10:00:00.000Z" in printed
    [line] = [line for line in printed.splitlines() if line.startswith("files: ")]
    counts = dict(part.split("=") for part in line.removeprefix("files: ").split())
    assert (counts["csv"], counts["spss"], counts["stata"]) == (str(len(TABLES)),) * 3
    assert int(counts["sdtm"]) >= 10
    assert int(counts["adam"]) >= 3


def test_it_runs_from_any_folder_also_on_a_trial_without_anybody(tmp_path: Path) -> None:
    release = unpack(tmp_path, *empty_release())

    run_r(release / PROGRAM, folder=tmp_path)

    assert read_rows(tmp_path / "completion.csv") == []
    assert read_rows(tmp_path / "mean_scores.csv") == []
