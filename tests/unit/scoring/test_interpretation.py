from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import product
from typing import Any

import polars as pl
import pytest

from pro_app.instruments.find import load_instrument
from pro_app.protocol.find import load_protocol
from pro_app.protocol.protocol import Protocol
from pro_app.scoring.interpretation import (
    STEPS_PER_100,
    derive_interpretation,
    find_baseline_candidates,
    make_scale_frame,
)

RANDOMISED = date(2026, 1, 20)
SCORE_COLUMNS = {
    "study": pl.String(),
    "site": pl.String(),
    "participant_code": pl.String(),
    "visit_code": pl.String(),
    "ordinal": pl.Int64(),
    "instrument": pl.String(),
    "is_current": pl.Boolean(),
    "incomplete": pl.Boolean(),
    "scale": pl.String(),
    "value": pl.Float64(),
    "observed_on": pl.Date(),
    "submitted_at": pl.Datetime("ms", "UTC"),
    "scoring_name": pl.String(),
}


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return load_protocol("reluth", "1.0")


@pytest.fixture(scope="module")
def scales(protocol: Protocol) -> pl.DataFrame:
    used = [(load_instrument(named.code, named.version), named.scoring) for named in protocol.instruments]
    scorings = [(instrument.code, instrument.scoring(name)) for instrument, name in used]
    return make_scale_frame(scorings, protocol.thresholds)


def score(visit: str, value: float | None, on: date | None, **others: object) -> dict[str, Any]:
    """Make one row of the table of scores."""
    row = {
        "study": "reluth",
        "site": "01",
        "participant_code": "001",
        "visit_code": visit,
        "ordinal": 0,
        "instrument": "qlq-c30",
        "is_current": True,
        "incomplete": False,
        "scale": "PF2",
        "value": value,
        "observed_on": on,
        "scoring_name": "manual",
        "submitted_at": None if on is None else datetime(on.year, on.month, on.day, 9, tzinfo=UTC),
    }
    return row | others


def people(randomised_on: date | None = RANDOMISED) -> pl.DataFrame:
    """Make the table of the one participant."""
    row = {"study": "reluth", "site": "01", "participant_code": "001", "randomised_on": randomised_on}
    return pl.DataFrame([row], schema_overrides={"randomised_on": pl.Date()})


def interpret(
    rows: Iterable[dict[str, Any]],
    scales: pl.DataFrame,
    protocol: Protocol,
    *,
    randomised_on: date | None = RANDOMISED,
) -> list[dict[str, Any]]:
    """Give the rows with what they mean."""
    frame = pl.DataFrame(list(rows), schema=SCORE_COLUMNS)
    derived = derive_interpretation(
        frame, people(randomised_on), scales=scales, rule=protocol.analysis.baseline
    )
    return derived.to_dicts()


def after(days: int) -> date:
    """Give the day so many days after randomisation."""
    return RANDOMISED + timedelta(days=days)


def test_each_scale_has_its_direction_and_the_published_threshold(scales: pl.DataFrame) -> None:
    by_scale = {row["scale"]: row for row in scales.to_dicts()}
    assert len(by_scale) == len(scales) == 25
    lower_is_worse = {code for code, row in by_scale.items() if row["worse_when_lower"]}
    assert lower_is_worse == {"PF2", "RF2", "EF", "CF", "SF", "QL2", "SUMMARY"}
    bounds = {code: (row["importance_side"], row["importance_threshold"]) for code, row in by_scale.items()}
    assert {code: bound for code, (side, bound) in bounds.items() if side == "below"} == {
        "PF2": 83,
        "RF2": 58,
        "EF": 71,
        "CF": 75,
        "SF": 58,
    }
    assert {code: bound for code, (side, bound) in bounds.items() if side == "above"} == {
        "FA": 39,
        "NV": 8,
        "PA": 25,
        "DY": 17,
        "SL": 50,
        "AP": 50,
        "CO": 50,
        "DI": 17,
        "FI": 17,
    }
    without = {code for code, (side, bound) in bounds.items() if side is None and bound is None}
    assert without == {
        "QL2",
        "SUMMARY",
        "ED",
        "GI",
        "TR",
        "SF21",
        "DRW",
        "MBP",
        "BI",
        "INF",
        "SX",
    }
    assert {row["minimal_difference"] for row in by_scale.values()} == {10}


@pytest.mark.parametrize(
    ("scale", "value", "important"),
    [
        ("PF2", 250 / 3, False),  # four of five items can give 83.33, which is no problem under < 83
        ("PF2", 83.0, False),
        ("PF2", 83.0 - 5e-14, False),
        ("PF2", 80.0, True),
        ("FA", 39.0, False),
        ("FA", 400 / 9, True),
        ("FA", 100 / 3, False),
        ("SL", 50.0, False),
        ("QL2", 0.0, None),
        ("SUMMARY", 0.0, None),
        ("PF2", None, None),
    ],
)
def test_a_score_strictly_beyond_its_threshold_is_important(
    *, scale: str, value: float | None, important: bool | None, scales: pl.DataFrame, protocol: Protocol
) -> None:
    (row,) = interpret([score("W08", value, after(56), scale=scale)], scales, protocol)
    assert row["important"] is important


def test_a_change_of_exactly_ten_points_counts_in_spite_of_floating_point(
    scales: pl.DataFrame, protocol: Protocol
) -> None:
    before, later = 110 / 3, 80 / 3
    assert later - before > -10  # what a plain comparison would see
    rows = [score("BASELINE", before, after(-1)), score("W08", later, after(56))]
    _, row = interpret(rows, scales, protocol)
    assert (row["change"], row["change_category"]) == (-10.0, "worsened")


@pytest.mark.parametrize("scale", ["PF2", "FA"])
def test_every_change_on_the_grid_of_scores_is_the_nearest_float_of_the_exact_one(
    scale: str, scales: pl.DataFrame, protocol: Protocol
) -> None:
    grid = sorted({Fraction(100 * n, d) for d in (9, 15, 2340) for n in range(0, d + 1, max(1, d // 60))})
    pairs = list(product(grid, repeat=2))
    rows = []
    for number, (before, later) in enumerate(pairs):
        person = {"participant_code": str(number), "scale": scale}
        rows.append(score("BASELINE", float(before), after(-1), **person))
        rows.append(score("W08", float(later), after(56), **person))
    frame = pl.DataFrame(rows, schema=SCORE_COLUMNS)
    everyone = pl.concat(
        people().with_columns(participant_code=pl.lit(str(number))) for number in range(len(pairs))
    )
    derived = derive_interpretation(frame, everyone, scales=scales, rule=protocol.analysis.baseline)
    found = derived.filter(pl.col("visit_code") == "W08").select("change", "change_category").rows()
    for (before, later), (change, category) in zip(pairs, found, strict=True):
        gain = later - before if scale == "PF2" else before - later
        exact = "improved" if gain >= 10 else "worsened" if gain <= -10 else "stable"
        assert (change, category) == (float(later - before), exact)


def test_the_last_scored_form_up_to_the_day_of_randomisation_is_the_baseline(
    scales: pl.DataFrame, protocol: Protocol
) -> None:
    rows = [
        score("UNSCHEDULED", 40.0, after(-20), ordinal=1),
        score("BASELINE", 60.0, after(0)),
        score("UNSCHEDULED", 80.0, after(1), ordinal=2),
    ]
    found = interpret(rows, scales, protocol)
    assert [row["is_baseline"] for row in found] == [False, True, False]
    assert [row["baseline"] for row in found] == [60.0, 60.0, 60.0]
    assert [row["change"] for row in found] == [None, None, 20.0]
    frame = pl.DataFrame(rows, schema=SCORE_COLUMNS)
    candidates = find_baseline_candidates(frame, people(), protocol.analysis.baseline)
    assert candidates["visit_code"].to_list() == ["UNSCHEDULED", "BASELINE"]


def test_of_two_forms_of_one_day_the_one_that_came_in_last_is_the_baseline(
    scales: pl.DataFrame, protocol: Protocol
) -> None:
    noon = datetime(2026, 1, 20, 12, tzinfo=UTC)
    rows = [score("BASELINE", 60.0, after(0), submitted_at=noon), score("UNSCHEDULED", 40.0, after(0))]
    assert [row["is_baseline"] for row in interpret(rows, scales, protocol)] == [True, False]


def test_scores_of_two_definitions_are_not_compared(scales: pl.DataFrame, protocol: Protocol) -> None:
    rows = [
        score("BASELINE", 60.0, after(0)),
        score("W08", 40.0, after(56), scoring_name="another"),
        score("W16", 40.0, after(112)),
    ]
    found = interpret(rows, scales, protocol)
    assert [row["baseline"] for row in found] == [60.0, None, 60.0]
    assert [row["change"] for row in found] == [None, None, -20.0]
    assert [row["change_category"] for row in found] == [None, None, "worsened"]


@pytest.mark.parametrize("baseline", [0.0, 100.0])
def test_every_change_is_the_nearest_number_to_the_exact_one(
    baseline: float, scales: pl.DataFrame, protocol: Protocol
) -> None:
    steps = range(STEPS_PER_100 + 1)
    forms = [score(f"V{n}", float(Fraction(100 * n, STEPS_PER_100)), after(n + 1)) for n in steps]
    found = interpret([score("BASELINE", baseline, after(0)), *forms], scales, protocol)
    assert [row["change"] for row in found[1:]] == [
        float(Fraction(100 * n, STEPS_PER_100) - int(baseline)) for n in steps
    ]


def test_a_scale_without_a_score_on_the_last_form_takes_an_earlier_one(
    scales: pl.DataFrame, protocol: Protocol
) -> None:
    rows = [score("UNSCHEDULED", 40.0, after(-5)), score("BASELINE", None, after(0))]
    assert [row["is_baseline"] for row in interpret(rows, scales, protocol)] == [True, False]


@pytest.mark.parametrize(
    "row",
    [
        score("BASELINE", 60.0, after(1)),
        score("W08", 60.0, after(-1)),
        score("BASELINE", None, after(-1)),
        score("BASELINE", 60.0, after(-1), is_current=False),
        score("BASELINE", 60.0, after(-1), incomplete=True),
        score("BASELINE", 60.0, None),
    ],
)
def test_late_unscored_superseded_and_unsent_forms_are_no_baseline(
    row: dict[str, Any], scales: pl.DataFrame, protocol: Protocol
) -> None:
    found, follow_up = interpret([row, score("W08", 50.0, after(56))], scales, protocol)
    assert not found["is_baseline"]
    assert (follow_up["baseline"], follow_up["change"], follow_up["change_category"]) == (None, None, None)


def test_before_randomisation_the_first_questionnaire_is_the_baseline_so_far(
    scales: pl.DataFrame, protocol: Protocol
) -> None:
    rows = [score("BASELINE", 60.0, after(-9)), score("UNSCHEDULED", 40.0, after(-5))]
    found = interpret(rows, scales, protocol, randomised_on=None)
    assert [row["is_baseline"] for row in found] == [True, False]
    assert found[1]["change"] == -20.0


def test_a_replaced_version_of_the_baseline_form_is_not_a_change_from_it(
    scales: pl.DataFrame, protocol: Protocol
) -> None:
    rows = [
        score("BASELINE", 60.0, after(-1)),
        score("BASELINE", 40.0, after(2), is_current=False),
    ]
    found = interpret(rows, scales, protocol)
    assert [(row["is_baseline"], row["change"]) for row in found] == [(True, None), (False, None)]


def test_rows_keep_their_order_and_people_do_not_mix(scales: pl.DataFrame, protocol: Protocol) -> None:
    rows = [
        score("W08", 50.0, after(56), participant_code="002"),
        score("W08", 50.0, after(56)),
        score("BASELINE", 70.0, after(-1)),
        score("BASELINE", 30.0, after(-1), scale="FA"),
        score("W08", 50.0, after(56), scale="FA"),
    ]
    frame = pl.DataFrame(rows, schema=SCORE_COLUMNS)
    two = pl.concat([people(), people().with_columns(participant_code=pl.lit("002"))])
    found = derive_interpretation(frame, two, scales=scales, rule=protocol.analysis.baseline)
    assert found.select(frame.columns).equals(frame)
    assert found["baseline"].to_list() == [None, 70.0, 70.0, 30.0, 30.0]
    assert found["change"].to_list() == [None, -20.0, None, None, 20.0]
    assert found["change_category"].to_list() == [None, "worsened", None, None, "worsened"]


def test_columns_that_stand_in_the_table_already_are_filled_in_their_places(
    scales: pl.DataFrame, protocol: Protocol
) -> None:
    frame = pl.DataFrame([score("BASELINE", 60.0, after(-1))], schema=SCORE_COLUMNS)
    rule = protocol.analysis.baseline
    once = derive_interpretation(frame, people(), scales=scales, rule=rule)
    assert derive_interpretation(once, people(), scales=scales, rule=rule).equals(once)
    empty = derive_interpretation(frame.clear(), people(), scales=scales, rule=rule)
    assert empty.schema == once.schema
    assert once.columns[len(frame.columns) :] == [
        "baseline",
        "minimal_difference",
        "importance_threshold",
        "is_baseline",
        "change",
        "important",
        "change_category",
    ]
