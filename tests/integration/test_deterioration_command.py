"""`pro-app deterioration` on real files: what it writes, whom it leaves out, and what it refuses."""

import csv
import io
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pro_app.cli import translation
from pro_app.cli.deterioration import deterioration

GOLDEN = Path(__file__).parents[1] / "golden" / "scores"
INPUT = (GOLDEN / "ttd_input.csv").read_text(encoding="utf-8")
HEADER = "id,visit,date,PF2,QL2,FA,death\n"
SOUND = "2,0,100,80,80,20,\n2,1,160,60,80,20,\n"


@pytest.fixture(autouse=True)
def english_messages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PRO_APP_LANGUAGE", "en")
    translation._catalogue.cache_clear()  # noqa: SLF001 - a process reads its language once
    yield
    translation._catalogue.cache_clear()  # noqa: SLF001 - as above


@pytest.fixture
def visits(tmp_path: Path) -> Path:
    return tmp_path / "visits.csv"


def run(path: Path, *arguments: object, text: str | None = None) -> Result:
    if text is not None:
        path.write_bytes(text.encode())
    return CliRunner().invoke(deterioration, [str(path), *map(str, arguments)], catch_exceptions=False)


def golden_text() -> str:
    """Give the golden outcomes without their last column."""
    lines = (GOLDEN / "ttd_scores.csv").read_text(encoding="utf-8").splitlines()
    return "".join(line.rpartition(",")[0] + "\n" for line in lines)


def rows_of(result: Result) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(result.stdout, newline="")))


def test_the_reference_file_comes_out_byte_for_byte(tmp_path: Path) -> None:
    out = tmp_path / "outcomes.csv"
    result = run(GOLDEN / "ttd_input.csv", "--out", out)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "People with outcomes: 60. People left out: 0.\n"
    assert out.read_text(encoding="utf-8") == golden_text()
    assert run(GOLDEN / "ttd_input.csv").stdout == golden_text()


def test_rows_in_any_order_and_columns_in_any_order_change_no_outcome(visits: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(INPUT)))
    random.Random(3).shuffle(rows)  # noqa: S311 -- any order will do
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(
        buffer, ["death", "FA", "date", "QL2", "visit", "PF2", "id"], lineterminator="\r\n"
    )
    writer.writeheader()
    writer.writerows(rows)
    found = {tuple(row.values()) for row in rows_of(run(visits, text=buffer.getvalue()))}
    assert found == {tuple(row) for row in csv.reader(golden_text().splitlines()[1:])}


def test_civil_dates_give_the_same_times_as_numbers_of_days(visits: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(INPUT)))
    for row in rows:
        for column in ("date", "death"):
            if row[column]:
                row[column] = (date(2020, 1, 1) + timedelta(days=int(row[column]))).isoformat()
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    assert run(visits, text=buffer.getvalue()).stdout == golden_text()


def test_definitions_can_be_chosen_once_each_in_any_way(visits: Path) -> None:
    result = run(
        visits,
        "--definition",
        "TUDD_best_def2,TTD_baseline",
        "--definition",
        "TTD_baseline",
        "--definition",
        "TTD_previous_SA3",
        text=HEADER + SOUND,
    )
    names = [row["definition"] for row in rows_of(result)]
    assert names == ["TUDD_best_def2"] * 3 + ["TTD_baseline"] * 3 + ["TTD_previous_SA3"] * 3


def test_the_minimal_difference_is_met_by_a_change_of_exactly_that_size(visits: Path) -> None:
    text = "id,visit,date,PF2,death\n1,0,0,36.666666666666664,\n1,1,60,26.666666666666668,\n"
    events = {
        least: rows_of(run(visits, "--minimal-difference", least, text=text))[0]["event"]
        for least in ("9.9", "10", "10.1")
    }
    assert events == {"9.9": "1", "10": "1", "10.1": "0"}


def test_directions_are_as_named(visits: Path) -> None:
    text = "id,visit,date,NV,EF,death\n1,0,0,50,50,\n1,1,30,60,60,\n"
    found = rows_of(run(visits, "--worse-when-lower", "EF", "--worse-when-higher", "NV", text=text))
    assert [(row["score"], row["event"]) for row in found[:2]] == [("NV", "1"), ("EF", "0")]
    turned = rows_of(run(visits, "--worse-when-lower", "NV", "--worse-when-higher", " EF ", text=text))
    assert [(row["score"], row["event"]) for row in turned[:2]] == [("NV", "0"), ("EF", "1")]
    # What is named for one direction is no longer a default of the other.
    fatigue = rows_of(run(visits, "--worse-when-lower", "FA", text="id,visit,date,FA,death\n1,0,0,9,\n"))
    assert fatigue[0]["score"] == "FA"


def test_a_column_of_deaths_is_needed_only_where_death_counts(visits: Path) -> None:
    text = "id,visit,date,PF2\n1,0,0,80\n1,1,30,60\n"
    assert run(visits, "--definition", "TTD_baseline", text=text).exit_code == 0
    refused = run(visits, text=text)
    assert (refused.exit_code, refused.stderr) == (2, "Line 1: Missing columns: death.\n")


def test_time_counts_from_the_first_date_where_there_is_no_baseline(visits: Path) -> None:
    text = HEADER + SOUND + "3,0,50,,,,90\n3,1,60,50,,,90\n3,2,75,40,,,90\n4,1,60,50,,,\n"
    found = {
        (row["id"], row["definition"]): (row["event"], row["time_months"])
        for row in rows_of(run(visits, text=text))
        if row["score"] == "PF2"
    }
    assert found["3", "TTD_baseline_death"] == ("0", "0.0")
    assert found["3", "TTD_best_death"] == ("1", repr(25 / 30.4375))
    assert found["4", "TTD_baseline"] == ("0", "0.0")
    assert found["4", "TTD_previous"] == ("0", "0.0")


@pytest.mark.parametrize(
    ("rows", "line", "column", "reason"),
    [
        ("1,0,0,NA,,,\n", 2, "PF2", "Unclear: leave the field empty if there is no score."),
        ("1,0,0,120,,,\n", 2, "PF2", "Not a score: a number from 0 to 100 is expected."),
        ('1,0,0,"33,3",,,\n', 2, "PF2", "Not a score: a number from 0 to 100 is expected."),
        ("1,0,0,1e999,,,\n", 2, "PF2", "Not a score: a number from 0 to 100 is expected."),
        ("1,0,0,inf,,,\n", 2, "PF2", "Not a score: a number from 0 to 100 is expected."),
        ("1,-1,0,80,,,\n", 2, "visit", "Not a visit: a whole number is expected, 0 for the baseline."),
        ("1,,0,80,,,\n", 2, "visit", "Not a visit: a whole number is expected, 0 for the baseline."),
        (
            "1,0,3/4/2026,80,,,\n",
            2,
            "date",
            "Not a day: a whole number of days or a date YYYY-MM-DD is expected, or nothing.",
        ),
        (
            "1,0,2026-02-30,80,,,\n",
            2,
            "date",
            "Not a day: a whole number of days or a date YYYY-MM-DD is expected, or nothing.",
        ),
        ("1,0,0,80,,\n", 2, "", "This row has 6 fields instead of 7."),
        ("1,0,0,80,,,\n1,0,60,70,,,\n", 3, "visit", "This visit stands there twice."),
        ("1,0,,80,,,\n", 2, "date", "There are scores, but no date."),
        ("1,1,60,80,,,\n1,2,30,80,,,\n1,0,0,80,,,\n", 3, "date", "This date lies before that of visit 1."),
        ("1,0,0,80,,,50\n1,1,60,80,,,50\n", 3, "date", "There are scores after the day of death."),
        (
            "1,0,0,80,,,50\n1,1,60,,,,70\n",
            3,
            "death",
            "Another row of this person has another day of death.",
        ),
    ],
)
def test_a_person_with_a_row_that_cannot_be_trusted_is_left_out_and_named(
    visits: Path, *, rows: str, line: int, column: str, reason: str
) -> None:
    result = run(visits, text=HEADER + rows + SOUND)
    assert result.exit_code == 3
    assert {row["id"] for row in rows_of(result)} == {"2"}
    *table, last = result.stderr.splitlines()
    (rejected,) = csv.DictReader(table)
    assert (rejected["line"], rejected["id"], rejected["column"]) == (str(line), "1", column)
    assert rejected["reason"] == reason
    assert last == "People with outcomes: 1. People left out: 1."


def test_days_and_dates_in_one_file_leave_out_whoever_differs_from_the_first(visits: Path) -> None:
    result = run(visits, text=HEADER + SOUND + "5,0,2026-01-01,80,,,\n")
    assert result.exit_code == 3
    assert "The file has whole numbers of days and dates YYYY-MM-DD: use one of them." in result.stderr


def test_a_planned_date_without_scores_after_death_is_no_contradiction(visits: Path) -> None:
    result = run(visits, text=HEADER + "1,0,0,80,80,20,50\n1,1,60,,,,50\n")
    assert result.exit_code == 0
    died = [row for row in rows_of(result) if row["definition"] == "TTD_baseline_death"]
    assert {(row["event"], row["time_months"]) for row in died} == {("1", repr(50 / 30.4375))}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The file is empty.\n"),
        ("id,visit,PF2,death\n", "Line 1: Missing columns: date.\n"),
        ("id;visit;date;PF2;death\n", "Line 1: The columns are separated by semicolons. Save the file with"),
        ("id,visit,date,PF2,PF2,death\n", "Line 1: Columns that occur twice: PF2.\n"),
        ("id,visit,date,death\n", "Line 1: There is no column with a score.\n"),
        (
            "id,visit,date,PF2,arm,NV,death\n",
            "Line 1: Nobody said in which direction these columns get worse: arm, NV. Name scores in ",
        ),
        (HEADER + "1,1,60,80,80,20,\n", "No row has the visit 0, which is the baseline.\n"),
        (
            HEADER + " ,0,60,80,80,20,\n",
            "Line 2: column id: This row does not say whose it is: the id is empty or has a line break.\n",
        ),
        (
            HEADER + SOUND + '"3,0,60,80,80,20,\n',
            "Line 4: This row cannot be read: a quotation mark or a line break is in the wrong place.\n",
        ),
    ],
)
def test_an_unusable_file_is_refused_in_words(visits: Path, *, text: str, message: str) -> None:
    result = run(visits, text=text)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--minimal-difference", "0"], "The minimal difference must be more than 0 and at most 100.\n"),
        (["--minimal-difference", "nan"], "The minimal difference must be more than 0 and at most 100.\n"),
        (["--minimal-difference", "101"], "The minimal difference must be more than 0 and at most 100.\n"),
        (
            ["--worse-when-lower", "PF2"],
            "Line 1: Nobody said in which direction these columns get worse: QL2.",
        ),
        (["--worse-when-lower", "PF2,QL2,EF"], "Line 1: Missing columns: EF.\n"),
        (
            ["--worse-when-lower", "PF2,QL2", "--worse-when-higher", "FA,PF2"],
            "These scores cannot be worse in both directions: PF2.\n",
        ),
        (["--definition", "TTD"], "There is no definition “TTD”. Names have the form TTD_{baseline|best|"),
    ],
)
def test_unusable_arguments_are_refused_in_words(visits: Path, *, arguments: list[str], message: str) -> None:
    result = run(visits, *arguments, text=HEADER + SOUND)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(message)


def test_no_such_file_and_the_same_file_for_both_are_refused(visits: Path) -> None:
    missing = run(visits)
    assert (missing.exit_code, missing.stderr) == (2, f"{visits}: there is no such file or folder.\n")
    both = run(visits, "--out", visits, text=HEADER + SOUND)
    assert (both.exit_code, both.stderr) == (2, "The visits and the outcomes need two different files.\n")
    assert visits.read_text(encoding="utf-8") == HEADER + SOUND


def test_a_table_of_nobody_has_a_header_and_no_outcome(visits: Path) -> None:
    result = run(visits, text=HEADER)
    assert (result.exit_code, result.stdout) == (0, "id,definition,score,event,time_months\n")
    assert result.stderr == "People with outcomes: 0. People left out: 0.\n"
