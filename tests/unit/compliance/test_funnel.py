"""Control limits against numbers worked out by hand, and against what they promise."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_app.compliance.funnel import find_limits, find_target, list_limits


def tail(count: int, expected: int, target: Fraction) -> Fraction:
    """Give P(R ≤ count) exactly."""
    chances = (comb(expected, r) * target**r * (1 - target) ** (expected - r) for r in range(count + 1))
    return sum(chances, Fraction(0))


def test_ten_forms_around_one_half() -> None:
    limits = find_limits(10, 0.5)
    # P(R ≤ 1) = 11/1024, P(R ≤ 2) = 56/1024: two is the first count that is not under 2.5 %.
    share = (56 / 1024 - 0.025) / (45 / 1024)
    assert limits.lower_95 == pytest.approx((2 - share) / 10)
    assert limits.upper_95 == pytest.approx(1 - (2 - share) / 10)
    # P(R ≤ 0) = 1/1024 is under 0.1 %, P(R ≤ 1) = 11/1024 is not.
    share = (11 / 1024 - 0.001) / (10 / 1024)
    assert limits.lower_998 == pytest.approx((1 - share) / 10)


@pytest.mark.parametrize(
    ("completed", "place"),
    [(0, "below_998"), (1, "below_95"), (2, "within"), (8, "within"), (9, "above_95"), (10, "above_998")],
)
def test_where_a_site_with_ten_forms_lies(completed: int, place: str) -> None:
    assert find_limits(10, 0.5).place(completed) == place


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_where_everything_or_nothing_came_nobody_is_outside(target: float) -> None:
    limits = find_limits(7, target)
    assert limits.place(7 if target else 0) == "within"
    assert limits.place(6 if target else 1).endswith("_998")


def test_a_single_form_is_never_outside_of_a_rate_of_most() -> None:
    assert {find_limits(1, 0.8).place(completed) for completed in (0, 1)} == {"within"}


@given(
    expected=st.integers(1, 60),
    percent=st.integers(1, 99),
    share=st.floats(0, 1),
)
def test_outside_means_that_so_few_or_so_many_are_rare(expected: int, percent: int, share: float) -> None:
    target, completed = Fraction(percent, 100), round(share * expected)
    few = tail(completed, expected, target)
    many = 1 - (tail(completed - 1, expected, target) if completed else 0)
    place = find_limits(expected, percent / 100).place(completed)
    for said, chance in (("below", few), ("above", many)):
        assert place.startswith(said) == (chance < Fraction(25, 1000))
        assert (place == f"{said}_998") == (chance < Fraction(1, 1000))


def test_the_line_goes_from_one_form_to_the_most_and_stays_short() -> None:
    limits = list_limits(1100, 0.7)
    assert (limits[0].expected, limits[-1].expected) == (1, 1100)
    assert len(limits) <= 61
    assert [each.expected for each in list_limits(3, 0.7)] == [1, 2, 3]


def test_the_target_is_the_rate_of_all_together() -> None:
    assert find_target([(3, 10), (9, 10)]) == 0.6
    assert find_target([]) is None
