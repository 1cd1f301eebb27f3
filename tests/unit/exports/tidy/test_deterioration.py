"""The table `deterioration`: the golden outcomes as rows of a release, and who has a row at all."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from release_world import small_release

from pro_app.exports.frames import check_frame, make_frame
from pro_app.exports.release import Release
from pro_app.exports.tables.deterioration import DETERIORATION
from pro_app.exports.tables.participants import PARTICIPANTS
from pro_app.exports.tables.scores import SCORES
from pro_app.exports.tidy.deterioration import derive_deterioration
from pro_app.protocol.analysis import DeteriorationDefinition, DeteriorationRule, TimeZero
from pro_app.protocol.rules import Label
from pro_app.scoring.deterioration.names import STANDARD_NAMES, find_rule

GOLDEN = Path(__file__).parents[3] / "golden" / "scores"
RANDOMISED = date(2026, 1, 12)
EPOCH = date(2020, 1, 1)


def read_table(name: str) -> list[dict[str, str]]:
    with (GOLDEN / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def person(code: str = "001", **cells: object) -> dict[str, object]:
    """Make a row of the table of participants."""
    keys = {"study": "reluth", "site": "15", "participant_code": code, "arm": "LUTATHERA"}
    return dict.fromkeys(PARTICIPANTS.column_names) | keys | {"randomised_on": RANDOMISED} | cells


def score(visit: str, value: float | None, on: date | None, **cells: object) -> dict[str, object]:
    """Make a row of the table of scores."""
    keys = {"study": "reluth", "site": "15", "participant_code": "001", "visit_code": visit, "ordinal": 0}
    form = {
        "instrument": "qlq-c30",
        "scale": "PF2",
        "is_current": True,
        "incomplete": False,
        "is_baseline": False,
    }
    at = None if on is None else datetime(on.year, on.month, on.day, tzinfo=UTC)
    said = {"value": value, "observed_on": on, "submitted_at": at}
    return dict.fromkeys(SCORES.column_names) | keys | form | said | cells


def release_with(definitions: Mapping[str, DeteriorationRule], scales: tuple[str, ...] | None) -> Release:
    """Give a release whose protocol declares these definitions."""
    release, _ = small_release()
    declared = tuple(
        DeteriorationDefinition(code, Label({"fr": code, "en": code}), rule, scales)
        for code, rule in definitions.items()
    )
    analysis = replace(release.protocol.analysis, deterioration=declared)
    return replace(release, protocol=replace(release.protocol, analysis=analysis))


def derive(
    scores: Iterable[Mapping[str, object]], people: Iterable[Mapping[str, object]], release: Release
) -> list[dict[str, Any]]:
    """Give the rows of the table."""
    frame = derive_deterioration(make_frame(SCORES, scores), make_frame(PARTICIPANTS, people), release)
    check_frame(DETERIORATION, frame)
    return frame.to_dicts()


@pytest.mark.parametrize("time_zero", ["randomisation", "first_record"])
def test_the_golden_outcomes_come_out_as_rows(time_zero: TimeZero) -> None:
    rules = {name: find_rule(name) for name in STANDARD_NAMES}
    release = release_with(
        {name: replace(rule, time_zero=time_zero) for name, rule in rules.items() if rule},
        ("PF2", "QL2", "FA"),
    )
    people, scores = [], []
    for code, group in groupby(read_table("ttd_input.csv"), key=lambda row: row["id"]):
        visits = [visit for visit in group if visit["date"]]
        days = [EPOCH + timedelta(days=int(visit["date"])) for visit in visits]
        died = visits[0]["death"]
        died_on = EPOCH + timedelta(days=int(died)) if died else None
        people.append(person(code, randomised_on=days[0], died_on=died_on))
        scores += [
            score(
                f"V{visit['visit']}",
                float(visit[scale]) if visit[scale] else None,
                day,
                scale=scale,
                participant_code=code,
                is_baseline=visit["visit"] == "0" and visit[scale] != "",
            )
            for visit, day in zip(visits, days, strict=True)
            for scale in ("PF2", "QL2", "FA")
        ]
    found = {
        (row["participant_code"], row["definition"], row["scale"]): (row["event"], row["time_months"])
        for row in derive(scores, people, release)
    }
    expected = {
        (row["id"], row["definition"], row["score"]): (
            bool(int(row["event"])) if row["event"] else None,
            float(row["time_months"]) if row["time_months"] else None,
        )
        for row in read_table("ttd_scores.csv")
    }
    assert len(expected) == 2160
    assert found == expected


def after(days: int) -> date:
    """Give the day so many days after randomisation."""
    return RANDOMISED + timedelta(days=days)


def test_a_row_says_reference_score_visit_and_both_dates() -> None:
    release, _ = small_release()
    scores = [
        score("BASELINE", 80.0, after(-3), is_baseline=True),
        score("W08", 60.0, after(58)),
        score("W16", 90.0, after(110)),
    ]
    rows = derive(scores, [person(died_on=after(200))], release)
    assert len(rows) == 25 * 3
    first, with_death, definitive = (row for row in rows if row["scale"] == "PF2")
    assert first == {
        "study": "reluth",
        "site": "15",
        "participant_code": "001",
        "arm": "LUTATHERA",
        "instrument": "qlq-c30",
        "scale": "PF2",
        "definition": "TTD",
        "minimal_difference": 10.0,
        "event": True,
        "time_days": 58,
        "time_months": 58 / 30.4375,
        "outcome": "deteriorated",
        "starts_on": RANDOMISED,
        "ends_on": after(58),
        "reference": 80.0,
        "value": 60.0,
        "visit_code": "W08",
    }
    assert (with_death["definition"], with_death["outcome"]) == ("TTD_DEATH", "deteriorated")
    assert (definitive["definition"], definitive["event"]) == ("TUDD", False)
    assert (definitive["outcome"], definitive["ends_on"]) == ("last_score_before_death", after(110))
    others = [row for row in rows if row["scale"] != "PF2"]
    assert {(row["outcome"], row["event"], row["time_days"], row["ends_on"]) for row in others} == {
        ("no_score", None, None, None)
    }


def test_whoever_is_not_randomised_has_no_row_where_time_counts_from_randomisation() -> None:
    people = [person(randomised_on=None, arm=None)]
    scores = [score("BASELINE", 80.0, after(-3), is_baseline=True)]
    assert derive(scores, people, small_release()[0]) == []
    from_first = release_with({"X": DeteriorationRule(time_zero="first_record")}, ("PF2",))
    (row,) = derive(scores, people, from_first)
    assert (row["outcome"], row["starts_on"], row["ends_on"]) == ("no_follow_up", after(-3), after(-2))


def test_nobody_and_no_definition_give_an_empty_table() -> None:
    release, _ = small_release()
    assert derive([], [], release) == []
    assert derive([], [person()], release_with({}, None)) == []
    assert len(derive([], [person()], release)) == 75


@pytest.mark.parametrize(
    "cells",
    [{"is_current": False}, {"incomplete": True}, {"value": None}, {"observed_on": None}],
    ids=str,
)
def test_replaced_unsent_unscored_and_undated_forms_play_no_part(cells: dict[str, object]) -> None:
    scores = [
        score("BASELINE", 80.0, after(-3), is_baseline=True),
        score("W08", 10.0, after(58)) | cells,
        score("W16", 79.0, after(110)),
    ]
    row = derive(scores, [person()], release_with({"X": DeteriorationRule()}, ("PF2",)))[0]
    assert (row["outcome"], row["time_days"]) == ("last_score", 110)


def test_forms_up_to_the_day_of_the_baseline_or_of_randomisation_are_no_follow_up() -> None:
    release = release_with({"X": DeteriorationRule(reference="best")}, ("PF2",))
    before = score("UNSCHEDULED", 100.0, after(-9), ordinal=1)
    later = score("W08", 75.0, after(58))
    baseline = score("BASELINE", 80.0, after(-3), is_baseline=True)
    (with_baseline,) = derive([before, baseline, later], [person()], release)
    assert (with_baseline["outcome"], with_baseline["time_days"]) == ("last_score", 58)
    (without,) = derive([before, later], [person()], release)
    assert (without["outcome"], without["time_days"]) == ("last_score", 58)


@pytest.mark.parametrize(("died", "outcome"), [(40, "died"), (58, "deteriorated"), (None, "deteriorated")])
def test_what_is_answered_after_the_day_of_death_plays_no_part(died: int | None, outcome: str) -> None:
    release = release_with({"X": DeteriorationRule(death="event")}, ("PF2",))
    scores = [
        score("BASELINE", 80.0, after(-3), is_baseline=True),
        score("W08", 10.0, after(58)),
    ]
    died_on = None if died is None else after(died)
    (row,) = derive(scores, [person(died_on=died_on)], release)
    assert (row["outcome"], row["time_days"]) == (outcome, died or 58)


def test_scores_after_death_are_no_last_score_either() -> None:
    release = release_with({"X": DeteriorationRule()}, ("PF2",))
    scores = [
        score("BASELINE", 80.0, after(-3), is_baseline=True),
        score("W08", 80.0, after(58)),
        score("W16", 80.0, after(110)),
    ]
    (row,) = derive(scores, [person(died_on=after(90))], release)
    assert (row["outcome"], row["time_days"]) == ("last_score_before_death", 58)


def test_only_scores_by_the_definition_of_the_baseline_are_compared_with_it() -> None:
    release = release_with({"X": DeteriorationRule()}, ("PF2",))
    baseline = score("BASELINE", 80.0, after(-3), is_baseline=True, scoring_name="old")
    later = [
        score("W08", 75.0, after(58), scoring_name="old"),
        score("W16", 10.0, after(110), scoring_name="new"),
    ]
    (row,) = derive([baseline, *later], [person()], release)
    assert (row["outcome"], row["time_days"]) == ("last_score", 58)
    best = release_with({"X": DeteriorationRule(reference="best")}, ("PF2",))
    (row,) = derive(later, [person()], best)
    assert (row["outcome"], row["time_days"]) == ("last_score", 58)


def test_forms_of_one_day_follow_each_other_as_they_were_first_received() -> None:
    release = release_with({"X": DeteriorationRule(reference="previous")}, ("PF2",))
    early, late = (datetime(2026, 3, 11, hour, tzinfo=UTC) for hour in (8, 9))
    baseline = score("BASELINE", 80.0, after(-3), is_baseline=True)
    for first, second, outcome in ((75.0, 65.0, "deteriorated"), (65.0, 75.0, "deteriorated")):
        forms = [
            score("W08", first, after(58), submitted_at=early, scored_at=late),
            score("UNSCHEDULED", second, after(58), submitted_at=late, scored_at=early),
        ]
        (row,) = derive([baseline, *forms], [person()], release)
        assert (row["outcome"], row["value"]) == (outcome, 65.0)
        assert row["reference"] == (75.0 if first == 75.0 else 80.0)


def test_rows_stand_by_person_scale_and_definition_whatever_the_order_of_the_scores() -> None:
    release, tables = small_release()
    people, scores = tables["participants"], tables["scores"]
    rows = derive_deterioration(scores, people, release)
    assert derive_deterioration(scores.reverse(), people, release).equals(rows)
    codes = [code for code in people["participant_code"] if code != "16-002"]
    assert rows["participant_code"].unique(maintain_order=True).to_list() == codes
    scales = [scale for worded in release.instruments for scale in worded.scoring.scale_codes]
    assert rows["scale"].to_list() == [scale for scale in scales for _ in range(3)] * len(codes)
    assert rows["definition"].to_list() == ["TTD", "TTD_DEATH", "TUDD"] * (25 * len(codes))


def test_everyones_outcome_in_the_small_release_has_its_cause() -> None:
    release, tables = small_release()
    rows = derive_deterioration(tables["scores"], tables["participants"], release)
    physical = rows.filter(pl.col("scale") == "PF2", pl.col("definition") == "TTD_DEATH")
    causes = dict(physical.select("participant_code", "outcome").iter_rows())
    assert causes["15-002"] in {"died", "deteriorated"}
    assert causes["15-003"] == "no_baseline"
    assert causes["16-003"] == "no_score"
