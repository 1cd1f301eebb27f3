from datetime import date

import pytest
from dateutil.relativedelta import relativedelta

from pro_app.protocol.calendar import Offset, add_months, add_offset, parse_offset


@pytest.mark.parametrize(
    ("anchor_on", "months", "expected"),
    [
        ("2025-01-31", 3, "2025-04-30"),
        ("2025-01-31", 6, "2025-07-31"),
        ("2023-11-30", 3, "2024-02-29"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2024-02-29", 60, "2029-02-28"),
        ("2024-03-31", -1, "2024-02-29"),
        ("2024-12-31", 2, "2025-02-28"),
        ("2024-01-15", -13, "2022-12-15"),
    ],
)
def test_months_are_clamped_to_the_last_day_of_the_month(anchor_on: str, months: int, expected: str) -> None:
    assert add_months(date.fromisoformat(anchor_on), months) == date.fromisoformat(expected)


def test_months_equal_a_second_computation_for_every_day_of_eleven_years() -> None:
    first = date(2021, 1, 1).toordinal()
    last = date(2031, 12, 31).toordinal()
    differences = [
        (day, months)
        for ordinal in range(first, last + 1)
        for months in (1, 3, 6, 9, 12, 24, 36, 48, 60)
        if add_months(day := date.fromordinal(ordinal), months) != day + relativedelta(months=months)
    ]
    assert differences == []


def test_steps_are_counted_from_the_anchor_and_not_from_each_other() -> None:
    anchor_on = date(2025, 1, 31)
    step = Offset(1, "months")
    assert [add_offset(anchor_on, step.times(n)).day for n in (1, 2, 3)] == [28, 31, 30]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"days": -3}, "2024-02-26"),
        ({"weeks": 8}, "2024-04-25"),
        ({"months": 12}, "2025-02-28"),
        ({"years": 4}, "2028-02-29"),
    ],
)
def test_every_unit_is_read_and_added(part: dict[str, int], expected: str) -> None:
    assert add_offset(date(2024, 2, 29), parse_offset(part)).isoformat() == expected


@pytest.mark.parametrize(
    ("anchor_on", "offset"),
    [
        (date.max, Offset(1, "days")),
        (date.max, Offset(1, "months")),
        (date.min, Offset(-1, "weeks")),
        (date.min, Offset(-1, "years")),
    ],
)
def test_a_date_outside_the_calendar_is_refused(anchor_on: date, offset: Offset) -> None:
    with pytest.raises(OverflowError):
        add_offset(anchor_on, offset)
