"""The plan of the first trial against a second computation, written apart from the table of the trial."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from dateutil.relativedelta import relativedelta

from pro_app.protocol.events import Facts
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.schedule import plan_visits

FIRST_ANCHOR_ON = date(2021, 1, 1)
LAST_ANCHOR_ON = date(2031, 12, 31)

Row = tuple[str, str, date, date, date, bool]


def second_computation(arm: str, randomised_on: date, ended_on: date | None) -> list[Row]:
    """Give visit, anchor, target, opening, closing and provisional of every visit, by plain arithmetic."""
    if arm == "LUTATHERA":
        expected_end_on = randomised_on + timedelta(days=112)
    else:
        expected_end_on = randomised_on + relativedelta(months=+6)
    rows: list[Row] = []
    day = timedelta(days=1)
    rows.append(("BASELINE", "randomisation", randomised_on, randomised_on - 14 * day, randomised_on, False))
    for code, days in (("W08", 56), ("W16", 112), ("W24", 168)):
        target_on = randomised_on + days * day
        provisional = ended_on is None and target_on > expected_end_on
        if ended_on is None or target_on - 7 * day <= ended_on:
            rows.append(
                (code, "randomisation", target_on, target_on - 7 * day, target_on + 7 * day, provisional)
            )
    counted_from = ended_on if ended_on is not None else expected_end_on
    for code, months, half in (
        ("M03", 3, 14),
        ("M06", 6, 14),
        ("M09", 9, 14),
        ("M12", 12, 14),
        ("Y2", 24, 30),
        ("Y3", 36, 30),
        ("Y4", 48, 30),
        ("Y5", 60, 30),
    ):
        target_on = counted_from + relativedelta(months=+months)
        rows.append(
            (
                code,
                "end_of_treatment",
                target_on,
                target_on - half * day,
                target_on + half * day,
                ended_on is None,
            )
        )
    return rows


def list_anchor_dates() -> Iterator[date]:
    for ordinal in range(FIRST_ANCHOR_ON.toordinal(), LAST_ANCHOR_ON.toordinal() + 1):
        yield date.fromordinal(ordinal)


def count_differences(reluth: Protocol, arm: str, ends: list[tuple[date, date | None]]) -> int:
    differences = 0
    for randomised_on, ended_on in ends:
        facts = Facts(arm=arm, randomised_on=randomised_on, treatment_ended_on=ended_on)
        rows = [
            (v.visit_code, v.anchor, v.target_on, v.opens_on, v.closes_on, v.provisional)
            for v in plan_visits(reluth, facts)
        ]
        differences += rows != second_computation(arm, randomised_on, ended_on)
    return differences


@pytest.mark.parametrize("arm", ["LUTATHERA", "SURVEILLANCE"])
def test_every_randomisation_date_without_an_end_of_treatment(reluth: Protocol, arm: str) -> None:
    assert count_differences(reluth, arm, [(day, None) for day in list_anchor_dates()]) == 0


@pytest.mark.parametrize("arm", ["LUTATHERA", "SURVEILLANCE"])
def test_every_end_of_treatment_after_changing_lengths_of_treatment(reluth: Protocol, arm: str) -> None:
    # The length runs through 0–250 days, so that each W visit is tried on both sides of its last day.
    ends = [(day - timedelta(days=number % 251), day) for number, day in enumerate(list_anchor_dates())]
    assert count_differences(reluth, arm, ends) == 0


def test_every_length_of_treatment_from_a_month_end_and_from_a_leap_day(reluth: Protocol) -> None:
    starts = (date(2024, 2, 29), date(2025, 1, 31), date(2026, 12, 31))
    ends = [(start, start + timedelta(days=days)) for start in starts for days in range(400)]
    assert count_differences(reluth, "LUTATHERA", ends) == 0
