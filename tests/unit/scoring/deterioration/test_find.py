"""Every rule against the golden outcomes, against exact fractions, and at its edges."""

import csv
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_app.protocol.analysis import (
    DeathRule,
    DeteriorationKind,
    DeteriorationRule,
    NoBaselineRule,
    NoFollowUpRule,
    ReferenceScore,
)
from pro_app.scoring.deterioration.course import Course
from pro_app.scoring.deterioration.find import find_deterioration
from pro_app.scoring.deterioration.names import STANDARD_NAMES, find_rule
from pro_app.scoring.deterioration.outcome import OUTCOMES, Outcome, OutcomeCode

GOLDEN = Path(__file__).parents[3] / "golden" / "scores"

RULES = st.builds(
    DeteriorationRule,
    reference=st.sampled_from(get_args(ReferenceScore)),
    kind=st.sampled_from(get_args(DeteriorationKind)),
    death=st.sampled_from(get_args(DeathRule)),
    no_baseline=st.sampled_from(get_args(NoBaselineRule)),
    no_follow_up=st.sampled_from(get_args(NoFollowUpRule)),
)
GRID = sorted({Fraction(100 * n, d) for d in (3, 6, 9, 12, 15) for n in range(d + 1)})
SCORES = st.lists(st.sampled_from(GRID), max_size=6)


def read_table(name: str) -> list[dict[str, str]]:
    with (GOLDEN / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def golden_courses() -> Iterator[tuple[str, str, Course]]:
    """Give id, score and course of everyone in the golden file."""
    for person, visits in groupby(read_table("ttd_input.csv"), key=lambda row: row["id"]):
        first, *later = visits
        for score in ("PF2", "QL2", "FA"):
            observed = [(int(row["date"]), float(row[score])) for row in later if row[score]]
            baseline = float(first[score]) if first[score] else None
            died = int(first["death"]) if first["death"] else None
            days, scores = [day for day, _ in observed], [value for _, value in observed]
            yield person, score, Course(int(first["date"]), baseline, days, scores, died)


@pytest.mark.parametrize("name", STANDARD_NAMES)
def test_every_golden_outcome_is_met_to_the_last_digit(name: str) -> None:
    rule = find_rule(name)
    assert rule is not None
    found = {}
    for person, score, course in golden_courses():
        outcome = find_deterioration(course, rule, minimal_difference=10, worse_when_lower=score != "FA")
        event = "" if outcome.event is None else str(int(outcome.event))
        found[person, score] = (event, "" if outcome.months is None else repr(outcome.months))
    expected = {
        (row["id"], row["score"]): (row["event"], row["time_months"])
        for row in read_table("ttd_scores.csv")
        if row["definition"] == name
    }
    assert len(expected) == 180
    assert found == expected


def test_the_golden_file_has_outcomes_that_floating_point_gets_wrong() -> None:
    assert any(row["qolr_differs"] == "1" for row in read_table("ttd_scores.csv"))


def expect_position(
    rule: DeteriorationRule, baseline: Fraction | None, scores: Sequence[Fraction], *, least: int
) -> int | None:
    """Find the deterioration by the words of the definitions, in fractions; a lower score is worse."""
    for position, score in enumerate(scores):
        before = ([] if baseline is None else [baseline]) + list(scores[:position])
        if not before:
            continue
        reference = {"baseline": before[0], "best": max(before), "previous": before[-1]}[rule.reference]
        later = scores[position + 1 :]
        lasts = {
            "first": True,
            "definitive_1": not any(after - reference > least for after in later),
            "definitive_2": all(reference - after >= least for after in later),
            "definitive_3": not any(after - score > least for after in later),
        }[rule.kind]
        if reference - score >= least and lasts:
            return position
    return None


@given(rule=RULES, baseline=st.sampled_from(GRID), scores=SCORES, least=st.sampled_from([5, 10, 20]))
def test_the_deterioration_is_that_of_exact_fractions_in_both_directions(
    *, rule: DeteriorationRule, baseline: Fraction, scores: list[Fraction], least: int
) -> None:
    expected = expect_position(rule, baseline, scores, least=least)
    days = range(10, 10 + len(scores))
    for worse_when_lower in (True, False):
        shown = [float(s if worse_when_lower else 100 - s) for s in scores]
        first = float(baseline if worse_when_lower else 100 - baseline)
        course = Course(0, first, days, shown)
        found = find_deterioration(course, rule, minimal_difference=least, worse_when_lower=worse_when_lower)
        assert found.position == expected
        assert (found.code == "deteriorated") == (expected is not None)
        if expected is not None:
            assert (found.event, found.days, found.value) == (True, 10 + expected, shown[expected])


@given(RULES.filter(lambda rule: rule.reference != "baseline"), SCORES)
def test_without_a_baseline_the_first_observed_score_is_the_reference(
    rule: DeteriorationRule, scores: list[Fraction]
) -> None:
    course = Course(0, None, range(len(scores)), [float(score) for score in scores])
    found = find_deterioration(course, rule, minimal_difference=10, worse_when_lower=True)
    assert found.position == expect_position(rule, None, scores, least=10)


def outcome_of(
    rule: DeteriorationRule,
    baseline: float | None = 80.0,
    later: Sequence[tuple[int, float]] = ((60, 80.0), (120, 75.0)),
    *,
    died: int | None = None,
) -> Outcome:
    """Find the outcome of a made-up course that starts on day 0."""
    course = Course(0, baseline, [day for day, _ in later], [score for _, score in later], died)
    return find_deterioration(course, rule, minimal_difference=10, worse_when_lower=True)


CENSORED, DEATH_COUNTS = DeteriorationRule(), DeteriorationRule(death="event")


@pytest.mark.parametrize("reference", get_args(ReferenceScore))
@pytest.mark.parametrize("no_baseline", get_args(NoBaselineRule))
def test_no_score_at_all_is_no_outcome(reference: ReferenceScore, no_baseline: NoBaselineRule) -> None:
    rule = DeteriorationRule(reference=reference, death="event", no_baseline=no_baseline)
    assert outcome_of(rule, None, (), died=90) == Outcome("no_score", None, None)


def test_without_a_baseline_score_the_end_is_day_0_even_where_death_counts() -> None:
    assert outcome_of(CENSORED, None) == Outcome("no_baseline", event=False, days=0)
    assert outcome_of(DEATH_COUNTS, None, died=200) == Outcome("no_baseline", event=False, days=0)
    as_event = DeteriorationRule(no_baseline="event")
    assert outcome_of(as_event, None) == Outcome("no_baseline", event=True, days=0)
    excluded = DeteriorationRule(no_baseline="excluded")
    assert outcome_of(excluded, None) == Outcome("excluded", None, None)


def test_without_a_follow_up_the_end_is_day_1_or_the_death_that_counts() -> None:
    assert outcome_of(CENSORED, later=(), died=90) == Outcome(
        "no_follow_up", event=False, days=1, reference=80.0
    )
    assert outcome_of(DEATH_COUNTS, later=()) == Outcome("no_follow_up", event=False, days=1, reference=80.0)
    assert outcome_of(DEATH_COUNTS, later=(), died=90) == Outcome("died", event=True, days=90, reference=80.0)
    as_event = DeteriorationRule(no_follow_up="event")
    assert outcome_of(as_event, later=()) == Outcome("no_follow_up", event=True, days=1, reference=80.0)
    both = DeteriorationRule(no_follow_up="event", death="event")
    assert outcome_of(both, later=(), died=90) == Outcome("died", event=True, days=90, reference=80.0)


def test_without_a_deterioration_the_end_is_the_last_score_or_the_death_that_counts() -> None:
    assert outcome_of(CENSORED) == Outcome("last_score", event=False, days=120, reference=80.0)
    assert outcome_of(CENSORED, died=200) == Outcome(
        "last_score_before_death", event=False, days=120, reference=80.0
    )
    assert outcome_of(DEATH_COUNTS, died=200) == Outcome("died", event=True, days=200, reference=80.0)
    assert outcome_of(DEATH_COUNTS) == Outcome("last_score", event=False, days=120, reference=80.0)


def test_a_deterioration_before_death_is_the_event() -> None:
    found = outcome_of(DEATH_COUNTS, later=((60, 70.0), (120, 90.0)), died=200)
    assert found == Outcome("deteriorated", event=True, days=60, reference=80.0, value=70.0, position=0)
    assert found.months == 60 / 30.4375


@pytest.mark.parametrize(
    ("kind", "later", "position"),
    [
        ("definitive_1", (70.0, 90.0), 0),  # no more than 10 over the reference
        ("definitive_1", (70.0, 91.0), None),
        ("definitive_2", (70.0, 70.0), 0),  # still worse by 10
        ("definitive_2", (70.0, 71.0), None),
        ("definitive_2", (70.0, 71.0, 60.0), 2),
        ("definitive_3", (70.0, 80.0), 0),  # no more than 10 over the score that deteriorated
        ("definitive_3", (70.0, 81.0), None),
        ("definitive_3", (70.0, 81.0, 60.0), 2),
    ],
)
def test_each_kind_of_definitive_has_its_own_way_back(
    kind: DeteriorationKind, later: Sequence[float], position: int | None
) -> None:
    found = outcome_of(DeteriorationRule(kind=kind), later=tuple(enumerate(later, start=60)))
    assert found.position == position


def test_a_reference_that_moves_is_told_with_the_deterioration() -> None:
    course = ((60, 95.0), (120, 90.0), (180, 80.0))
    assert outcome_of(DeteriorationRule(reference="best"), later=course).reference == 95.0
    assert outcome_of(DeteriorationRule(reference="previous"), later=course).reference == 90.0
    assert outcome_of(DeteriorationRule(), later=course).code == "last_score"


@given(
    rule=RULES,
    baseline=st.none() | st.sampled_from(GRID),
    scores=SCORES,
    died=st.none() | st.integers(50, 60),
)
def test_every_outcome_has_words_and_a_number_only_where_it_can_be_censored(
    *, rule: DeteriorationRule, baseline: Fraction | None, scores: list[Fraction], died: int | None
) -> None:
    first = None if baseline is None else float(baseline)
    found = outcome_of(rule, first, tuple(enumerate(map(float, scores), start=5)), died=died)
    if found.event is False:
        assert OUTCOMES[found.code].censoring_number is not None
    assert (found.event is None) == (found.days is None) == (found.months is None)
    assert found.days is None or found.days >= 0


def test_every_cause_of_censoring_has_a_number_of_its_own() -> None:
    assert list(OUTCOMES) == list(get_args(OutcomeCode))
    numbers = [words.censoring_number for words in OUTCOMES.values() if words.censoring_number is not None]
    assert numbers == [1, 2, 3, 4]
