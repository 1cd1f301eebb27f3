from datetime import UTC, date, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pro_app.exports.cdisc.adam.days import analysis_day, analysis_day_number
from pro_app.exports.cdisc.adam.windows import add_windows
from pro_app.exports.tidy.windows import flag_closest
from pro_app.protocol.analysis import TimeWindow
from pro_app.protocol.rules import Label

START = date(2025, 3, 3)
WINDOWS = (
    TimeWindow("BEFORE", Label({"fr": "Avant", "en": "Before"}), 0, -30, 0),
    TimeWindow("WEEK_8", Label({"fr": "8 semaines", "en": "Week 8"}), 56, 1, 83),
    TimeWindow("WEEK_16", Label({"fr": "16 semaines", "en": "Week 16"}), 112, 84, 139),
)


def windowed(*days: int | None) -> pl.DataFrame:
    """Give one row of one subject for each day since randomisation."""
    dates = [None if day is None else START + timedelta(days=day) for day in days]
    rows = pl.DataFrame(
        {"days": days, "observed_on": dates},
        schema={"days": pl.Int64, "observed_on": pl.Date},
    )
    received = datetime(2025, 6, 1, 12, tzinfo=UTC)
    rows = rows.with_row_index("ordinal").with_columns(
        subject=pl.lit("A"),
        visit_code=pl.lit("UNSCHEDULED"),
        submitted_at=pl.lit(received) + pl.duration(minutes=pl.col("ordinal")),
        is_baseline=pl.lit(value=False),
    )
    return add_windows(rows, WINDOWS)


def closest(rows: pl.DataFrame) -> list[bool]:
    """Say which rows are chosen for their window."""
    chosen = flag_closest(rows, within=["subject", "AWINDOWN"], eligible=pl.lit(value=True))
    return chosen.to_list()


def test_a_relative_day_is_never_zero() -> None:
    days = pl.DataFrame({"days": [-2, -1, 0, 1, None]}, schema={"days": pl.Int64})
    assert days.select(analysis_day(pl.col("days")))["days"].to_list() == [-2, -1, 1, 2, None]
    assert [analysis_day_number(day) for day in (-2, -1, 0, 1)] == [-2, -1, 1, 2]


def test_both_ends_of_a_window_belong_to_it_and_what_lies_outside_of_all_has_none() -> None:
    rows = windowed(-31, -30, 0, 1, 83, 84, 139, 140, None)
    assert rows["AWINDOWN"].to_list() == [None, 1, 1, 2, 2, 3, 3, None, None]
    assert rows["AWINDOW"].to_list()[1:4] == ["Before", "Before", "Week 8"]
    assert rows["AWU"].to_list()[-3:] == ["DAYS", None, None]


def test_window_days_are_relative_days_and_the_distance_is_counted_on_the_calendar() -> None:
    [before, _] = windowed(-1, 60).rows(named=True)
    assert (before["AWLO"], before["AWTARGET"], before["AWHI"], before["AWTDIFF"]) == (-30, 1, 1, 1)
    [_, later] = windowed(-1, 60).rows(named=True)
    assert (later["AWLO"], later["AWTARGET"], later["AWHI"], later["AWTDIFF"]) == (2, 57, 84, 4)


def test_of_two_records_as_close_to_the_target_the_earlier_one_is_chosen() -> None:
    assert closest(windowed(60, 52)) == [False, True]
    assert closest(windowed(52, 60)) == [True, False]


def test_of_two_records_of_one_day_the_one_received_first_is_chosen() -> None:
    assert closest(windowed(56, 56)) == [True, False]
    assert closest(windowed(56, 56).reverse()) == [False, True]


def test_in_the_window_of_day_0_the_baseline_is_chosen_and_in_no_other_window() -> None:
    rows = windowed(-3, 0, 0, 56, 60).with_columns(is_baseline=pl.col("days").is_in([-3, 60]))
    assert closest(rows) == [True, False, False, True, False]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-40, 150), min_size=1, max_size=12), st.integers(0, 9))
def test_the_order_of_rows_has_no_say_in_what_is_chosen(days: list[int], seed: int) -> None:
    rows = windowed(*(day // 10 * 10 for day in days))
    shuffled = rows.sample(fraction=1, shuffle=True, seed=seed)
    assert sorted(rows.filter(closest(rows))["ordinal"]) == sorted(
        shuffled.filter(closest(shuffled))["ordinal"]
    )


def test_a_record_outside_of_all_windows_is_never_chosen() -> None:
    assert closest(windowed(140, None, 400)) == [False, False, False]


def test_what_is_not_eligible_leaves_its_window_to_the_next_one() -> None:
    rows = windowed(56, 70)
    chosen = flag_closest(rows, within=["subject", "AWINDOWN"], eligible=pl.col("days") != 56)
    assert chosen.to_list() == [False, True]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-40, 150), max_size=12))
def test_each_window_with_records_has_exactly_one_that_is_as_close_as_any(days: list[int]) -> None:
    rows = windowed(*days)
    chosen = [day for day, flag in zip(days, closest(rows), strict=True) if flag]
    expected = [
        min(inside, key=lambda day: (abs(day - window.target_day), day))
        for window in WINDOWS
        if (inside := [day for day in days if window.from_day <= day <= window.to_day])
    ]
    assert sorted(chosen) == sorted(expected)
