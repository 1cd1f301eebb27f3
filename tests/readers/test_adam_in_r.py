"""What R makes of the analysis datasets is what follows from the tidy tables."""

from collections import defaultdict
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from random import Random

import polars as pl
import pytest
from readers.r_runner import run_r
from release_world import small_release
from unit.exports.cdisc.adam.made_up_scores import Form, Person, make_tables

from pro_app.exports.cdisc.adam.catalogue import list_adam_datasets
from pro_app.exports.cdisc.adam.codelists import list_adam_codelists
from pro_app.exports.cdisc.products import CdiscProduct
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release

GRID = [Fraction(100 * step, 15) for step in range(16)]
VISITS = {"BASELINE": -3, "W08": 56, "W16": 112, "W24": 168, "M06": 300, "M12": 480, "Y2": 900}


def draw_people(number: int) -> list[Person]:
    """Draw people whose scores get worse in time, and who drop out; the same ones each time."""
    chance = Random(20260301)  # noqa: S311 -- made-up people, no secret
    people = []
    for place in range(number):
        kept = list(VISITS.items())[: chance.randint(1, len(VISITS))]
        forms = []
        for step, (code, day) in enumerate(kept):
            level = GRID[max(0, min(15, 12 - step + chance.randint(-4, 3)))]
            values = (float(level), float(100 - level) if chance.random() > 0.1 else None)
            forms.append(Form(code, 0, day=day + chance.randint(-3, 3), values=values))
        people.append(Person(f"15-{place:03}", chance.choice(["LUTATHERA", "SURVEILLANCE"]), forms))
    return people


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> tuple[Release, Tables, Mapping[str, list[str]]]:
    """Give a made-up trial and what R prints about its files, by what and group."""
    release, _ = small_release()
    tables = make_tables(release, draw_people(60))
    folder = tmp_path_factory.mktemp("adam")
    product = CdiscProduct(
        list_adam_datasets(),
        codelists=list_adam_codelists(release),
        release=release,
        workplace=tmp_path_factory.mktemp("rows"),
    )
    product.add(tables)
    assert product.finish(folder) == []
    lines = run_r(Path(__file__).parent / "adam.R", folder).splitlines()
    split = [line.split("|") for line in lines]
    return release, tables, {f"{what} {group}": rest for what, group, *rest in split}


def median_time(times: list[tuple[int, bool]]) -> float | None:
    """Give the Kaplan-Meier median in days, exactly: halfway where the curve stays on one half."""
    at_risk, survival, reached = len(times), Fraction(1), None
    for day in sorted({day for day, _ in times}):
        events = sum(1 for known, event in times if event and known == day)
        survival *= Fraction(at_risk - events, at_risk)
        at_risk -= sum(1 for known, _ in times if known == day)
        if events and reached is not None:
            return (reached + day) / 2
        if survival < Fraction(1, 2):
            return float(day)
        if survival == Fraction(1, 2) and events:
            reached = day
    return None if reached is None else float(reached)


def test_r_finds_the_kaplan_meier_medians_of_the_times(
    figures: tuple[Release, Tables, Mapping[str, list[str]]],
) -> None:
    release, tables, said = figures
    ranks = {d.code: n for n, d in enumerate(release.protocol.analysis.deterioration, start=1)}
    times: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    for row in tables["deterioration"].filter(pl.col("event").is_not_null()).iter_rows(named=True):
        times[f"T{ranks[row['definition']]}{row['scale']}"].append((row["time_days"], row["event"]))
    medians = {name.removeprefix("median "): rest for name, rest in said.items() if name.startswith("median")}
    assert set(medians) == set(times)
    assert {"T1PF2", "T2PF2", "T3PF2", "T1FA", "T2FA", "T3FA"} == set(times)
    for code, (events, median) in medians.items():
        assert int(events) == sum(event for _, event in times[code])
        expected = median_time(times[code])
        assert expected is not None, "a test without a median shows nothing"
        assert float(median) == pytest.approx(expected / 30.4375, rel=1e-12)


def test_r_finds_the_mean_scores_by_time_since_randomisation(
    figures: tuple[Release, Tables, Mapping[str, list[str]]],
) -> None:
    release, tables, said = figures
    windows = release.protocol.analysis.time_windows
    people = tables["participants"].select("participant_code", "randomised_on")
    best: dict[tuple[str, int, str], tuple[int, int, float]] = {}
    scored = tables["scores"].filter(pl.col("value").is_not_null()).join(people, on="participant_code")
    for row in scored.iter_rows(named=True):
        day = (row["observed_on"] - row["randomised_on"]).days
        for number, window in enumerate(windows, start=1):
            if window.from_day <= day <= window.to_day:
                key = (row["scale"], number, row["participant_code"])
                found = (abs(day - window.target_day), day, row["value"])
                best[key] = min(best.get(key, found), found)
    means: dict[str, list[float]] = defaultdict(list)
    for (scale, number, _), (_, _, value) in best.items():
        means[f"mean {scale}@{number}"].append(value)
    assert {name for name in said if name.startswith("mean")} == set(means)
    for name, values in means.items():
        count, mean = said[name]
        assert int(count) == len(values)
        assert float(mean) == pytest.approx(sum(values) / len(values), rel=1e-12)


def test_changes_and_relative_days_hold_in_r(
    figures: tuple[Release, Tables, Mapping[str, list[str]]],
) -> None:
    _, tables, said = figures
    assert float(said["gap CHG"][1]) < 1e-9
    # From the day of randomisation on the relative day is one more than the days between.
    later = tables["scores"].filter(pl.col("observed_on") >= tables["participants"]["randomised_on"][0])
    forms = tables["assessments"].filter(pl.col("observed_on") >= tables["participants"]["randomised_on"][0])
    assert float(said["days ADY"][1]) == -(later.height + 3 * forms.height)
