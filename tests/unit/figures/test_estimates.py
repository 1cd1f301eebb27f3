"""Estimates against hand-made tables whose results can be worked out on paper."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from pro_app.figures.estimates.completeness import estimate_item_completeness
from pro_app.figures.estimates.completion import count_missing_reasons, estimate_completion
from pro_app.figures.estimates.distribution import estimate_distribution
from pro_app.figures.estimates.means import estimate_means_by_time, estimate_means_by_visit
from pro_app.figures.estimates.survival import count_at_risk, estimate_survival, list_medians
from pro_app.protocol.analysis import TimeWindow
from pro_app.protocol.find import load_protocol
from pro_app.protocol.rules import Label

DAY_0 = date(2026, 1, 12)
RELUTH, SURGERY = load_protocol("reluth"), load_protocol("example-surgery")
WINDOWS = (
    TimeWindow("T0", Label({"fr": "0"}), 0, -14, 0),
    TimeWindow("T8", Label({"fr": "8"}), 56, 1, 84),
    TimeWindow("T16", Label({"fr": "16"}), 112, 85, 140),
)


def people(**arms: str | None) -> pl.DataFrame:
    return pl.DataFrame(
        [("15", code, arm, DAY_0 if arm else None, None) for code, arm in arms.items()],
        schema={
            "site": pl.String,
            "participant_code": pl.String,
            "arm": pl.String,
            "randomised_on": pl.Date,
            "died_on": pl.Date,
        },
        orient="row",
    )


def score(
    code: str, value: float | None, *, day: int = 0, visit: str = "BASELINE", **other: object
) -> dict[str, Any]:
    return {
        "site": "15",
        "participant_code": code,
        "instrument": "qlq-c30",
        "scale": "PF2",
        "visit_code": visit,
        "ordinal": day,
        "value": value,
        "observed_on": DAY_0 + timedelta(days=day),
        "submitted_at": datetime(2026, 6, 1, 12, tzinfo=UTC),
        "is_current": True,
        "incomplete": False,
        "is_baseline": False,
    } | other


def tables(scores: list[dict[str, Any]], **arms: str | None) -> dict[str, pl.DataFrame]:
    frame = pl.DataFrame(scores)
    forms = frame.select("site", "participant_code", "visit_code", "ordinal", "observed_on").unique()
    forms = forms.with_columns(after_randomisation=pl.lit(value=False))
    return {"participants": people(**arms), "scores": frame, "assessments": forms}


def test_a_mean_comes_with_its_student_interval() -> None:
    means = estimate_means_by_visit(
        tables([score("1", 50.0), score("2", 60.0), score("3", 70.0)], **{"1": "L", "2": "L", "3": "S"})
    )
    row = means.row(0, named=True)
    assert (row["arm"], row["n"], row["mean"], row["sd"]) == ("ALL", 3, 60.0, 10.0)
    # t(0.975, 2) = 4.302653 (any table of Student's distribution); 4.302653 · 10 / √3 = 24.8414.
    assert row["upper"] - row["mean"] == pytest.approx(24.8414, abs=1e-4)
    assert row["mean"] - row["lower"] == pytest.approx(24.8414, abs=1e-4)


def test_one_person_has_a_mean_and_no_interval() -> None:
    row = estimate_means_by_visit(tables([score("1", 50.0)], **{"1": "L"})).row(0, named=True)
    assert (row["n"], row["mean"], row["sd"], row["lower"], row["upper"]) == (1, 50.0, None, None, None)


def test_arms_are_told_apart_only_when_asked_and_without_those_who_have_none() -> None:
    given = tables([score("1", 50.0), score("2", 70.0), score("3", 90.0)], **{"1": "L", "2": "S", "3": None})
    assert estimate_means_by_visit(given)["n"].to_list() == [3]
    apart = estimate_means_by_visit(given, by_arm=True)
    assert apart.select("arm", "mean").rows() == [("L", 50.0), ("S", 70.0)]


@pytest.mark.parametrize("unused", [{"is_current": False}, {"incomplete": True}, {"visit": "UNSCHEDULED"}])
def test_replaced_unsent_and_unscheduled_answers_stay_out_of_visit_means(unused: dict[str, Any]) -> None:
    given = tables([score("1", 50.0), score("2", 0.0, **unused)], **{"1": "L", "2": "L"})
    assert estimate_means_by_visit(given).select("n", "mean").rows() == [(1, 50.0)]


def test_a_score_that_does_not_exist_is_no_zero() -> None:
    given = tables([score("1", 50.0), score("2", None)], **{"1": "L", "2": "L"})
    assert estimate_means_by_visit(given)["n"].to_list() == [1]


def test_visits_come_in_the_order_in_which_they_happen() -> None:
    given = tables(
        [score("1", 1.0, day=112, visit="A"), score("1", 2.0, day=56, visit="B"), score("1", 3.0, visit="C")],
        **{"1": "L"},
    )
    assert estimate_means_by_visit(given)["visit_code"].to_list() == ["C", "B", "A"]


def test_in_a_window_the_form_closest_to_its_target_counts() -> None:
    given = tables(
        [
            score("1", 10.0, day=40),
            score("1", 20.0, day=60),
            score("1", 30.0, day=80),
            score("1", 5.0, day=-3),
        ],
        **{"1": "L"},
    )
    means = estimate_means_by_time(given, WINDOWS)
    assert means.select("window", "target_day", "n", "mean").rows() == [
        ("T0", 0, 1, 5.0),
        ("T8", 56, 1, 20.0),
    ]


def test_of_two_equally_close_forms_the_earlier_counts() -> None:
    given = tables([score("1", 30.0, day=57), score("1", 20.0, day=55)], **{"1": "L"})
    assert estimate_means_by_time(given, WINDOWS)["mean"].to_list() == [20.0]


def test_of_two_forms_of_one_day_the_one_received_first_counts_whatever_the_order() -> None:
    earlier = datetime(2026, 3, 9, 8, tzinfo=UTC)
    forms = [
        score("1", 30.0, day=57, visit="W08"),
        score("1", 20.0, day=57, visit="UNSCHEDULED", submitted_at=earlier),
    ]
    for rows in (forms, forms[::-1]):
        assert estimate_means_by_time(tables(rows, **{"1": "L"}), WINDOWS)["mean"].to_list() == [20.0]


def test_in_the_window_of_randomisation_the_baseline_counts_though_another_form_is_closer() -> None:
    rows = [score("1", 30.0, day=-3, is_baseline=True), score("1", 20.0, day=0, visit="W08")]
    assert estimate_means_by_time(tables(rows, **{"1": "L"}), WINDOWS)["mean"].to_list() == [30.0]


@pytest.mark.parametrize("estimate", ["visit", "time", "distribution"])
def test_forms_after_death_and_baseline_forms_after_randomisation_do_not_count(estimate: str) -> None:
    rows = [score(str(n), 10.0 * n) for n in range(4)]
    given = tables(rows, **{str(n): "L" for n in range(4)})
    died = pl.when(pl.col("participant_code") == "1").then(DAY_0 - timedelta(days=1))
    died = died.when(pl.col("participant_code") == "2").then(DAY_0)
    given["participants"] = given["participants"].with_columns(died_on=died)
    given["assessments"] = given["assessments"].with_columns(
        after_randomisation=pl.col("participant_code") == "3"
    )
    if estimate == "distribution":
        counted = estimate_distribution(given, "PF2")
        assert counted["people"].unique().to_list() == [2]
        return
    means = estimate_means_by_visit(given) if estimate == "visit" else estimate_means_by_time(given, WINDOWS)
    # Person 2 answered on the day of death itself, which is not after it.
    assert means.select("n", "mean").rows() == [(2, 10.0)]


def test_days_outside_every_window_and_people_without_day_zero_drop_out() -> None:
    given = tables([score("1", 30.0, day=500), score("2", 20.0, day=55)], **{"1": "L", "2": None})
    assert estimate_means_by_time(given, WINDOWS).is_empty()


def test_a_distribution_counts_every_fifth_of_the_range_also_the_empty_ones() -> None:
    scores = [score(str(n), value) for n, value in enumerate([0.0, 19.9, 20.0, 100.0])]
    counted = estimate_distribution(tables(scores, **{str(n): "L" for n in range(4)}), "PF2")
    assert counted["n"].to_list() == [2, 1, 0, 0, 1]
    assert counted["share"].sum() == pytest.approx(1)
    assert counted["people"].unique().to_list() == [4]


def item(state: str, number: int = 1, **other: object) -> dict[str, Any]:
    return {
        "site": "15",
        "participant_code": "1",
        "instrument": "qlq-c30",
        "item": number,
        "visit_code": "BASELINE",
        "state": state,
        "is_current": True,
        "incomplete": False,
    } | other


def test_not_applicable_is_an_answer_for_completeness() -> None:
    states = ["answered", "not_applicable", "declined", "left_blank", "form_missing", "not_expected"]
    given = {
        "participants": people(**{"1": "L"}),
        "items": pl.DataFrame([item(state) for state in states]),
        "assessments": pl.DataFrame({"visit_code": ["BASELINE"], "opens_on": [DAY_0]}),
    }
    row = estimate_item_completeness(given).row(0, named=True)
    assert (row["forms"], row["answered"], row["not_applicable"], row["declined"]) == (4, 1, 1, 1)
    assert row["share"] == 0.5


def form(code: str, visit: str = "W08", **facts: object) -> dict[str, Any]:
    return {
        "site": "15",
        "participant_code": code,
        "visit_code": visit,
        "opens_on": DAY_0,
        "expected": True,
        "window_closed": True,
        "received": False,
        "valid": False,
        "in_window": False,
        "late": False,
        "incomplete": False,
        "state": "missed",
        "missing_reason": None,
        "plan_reason": None,
    } | facts


RECEIVED = {"received": True, "valid": True, "in_window": True}


def test_completion_has_both_rates_and_the_parts_of_each() -> None:
    given = {
        "participants": people(**{"1": "L", "2": "L", "3": "S", "4": "S"}),
        "assessments": pl.DataFrame(
            [
                form("1", **RECEIVED),
                form("2", missing_reason="TOO_ILL"),
                form("3", expected=False, plan_reason="DIED"),
                form("4", window_closed=False),
            ],
            schema_overrides={"missing_reason": pl.String, "plan_reason": pl.String},
        ),
    }
    row = estimate_completion(given, RELUTH).row(0, named=True)
    assert (row["randomised"], row["expected"], row["valid"], row["missed"]) == (4, 2, 1, 1)
    assert (row["completion_rate"], row["available_data_rate"]) == (0.5, 0.25)
    apart = {row["arm"]: row for row in estimate_completion(given, RELUTH, by_arm=True).iter_rows(named=True)}
    assert apart["L"]["completion_rate"] == 0.5
    assert apart["S"]["completion_rate"] is None
    assert count_missing_reasons(given).select("visit_code", "reason", "n").rows() == [("W08", "TOO_ILL", 1)]


def test_a_trial_that_randomises_nobody_counts_everyone_enrolled() -> None:
    enrolled = people(**{"1": "OPERATED", "2": "OPERATED"}).with_columns(
        randomised_on=pl.lit(None, dtype=pl.Date), consented_on=pl.lit(DAY_0)
    )
    given = {"participants": enrolled, "assessments": pl.DataFrame([form("1", **RECEIVED), form("2")])}
    for by_arm in (False, True):
        row = estimate_completion(given, SURGERY, by_arm=by_arm).row(0, named=True)
        assert (row["randomised"], row["available_data_rate"]) == (2, 0.5)
    assert estimate_completion(given, RELUTH).row(0, named=True)["available_data_rate"] is None


def deterioration(*rows: tuple[str, int, bool]) -> dict[str, pl.DataFrame]:
    return {
        "participants": people(**{code: "L" for code, _, _ in rows}),
        "deterioration": pl.DataFrame(
            [
                {
                    "site": "15",
                    "participant_code": code,
                    "definition": "D",
                    "scale": "PF2",
                    "event": event,
                    "time_months": days / 30.4375,
                }
                for code, days, event in rows
            ]
        ),
    }


def test_a_survival_curve_is_the_product_of_the_shares_that_stay() -> None:
    given = deterioration(("1", 30, True), ("2", 60, False), ("3", 90, True), ("4", 120, False))
    curve = estimate_survival(given, definition="D", scale="PF2")
    assert curve["survival"].to_list() == pytest.approx([1, 3 / 4, 3 / 4, 3 / 8, 3 / 8])
    assert curve["at_risk"].to_list() == [4, 4, 3, 2, 1]
    assert curve["events"].to_list() == [0, 1, 0, 1, 0]
    (median,) = list_medians(curve)
    assert (median.people, median.events, median.months) == (4, 2, pytest.approx(90 / 30.4375))
    assert count_at_risk(curve, (0, 2, 3, 9))["at_risk"].to_list() == [4, 2, 1, 0]


def test_a_curve_that_stays_above_one_half_has_no_median() -> None:
    curve = estimate_survival(
        deterioration(("1", 30, True), ("2", 60, False), ("3", 60, False)), definition="D", scale="PF2"
    )
    assert list_medians(curve)[0].months is None


def test_leaving_on_the_first_day_is_counted_on_the_first_day() -> None:
    curve = estimate_survival(deterioration(("1", 0, True), ("2", 60, False)), definition="D", scale="PF2")
    assert curve.select("month", "at_risk", "events", "survival").row(0) == (0.0, 2, 1, 0.5)


def test_nobody_means_an_empty_curve_and_no_median() -> None:
    curve = estimate_survival(deterioration(("1", 30, True)), definition="OTHER", scale="PF2")
    assert curve.is_empty()
    assert list_medians(curve) == ()
