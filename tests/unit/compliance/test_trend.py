from datetime import date

from pro_app.compliance.trend import MonthCounts, first_of_month, next_month, roll_months


def month(number: int, expected: int, completed: int, *, year: int = 2026) -> MonthCounts:
    return MonthCounts(date(year, number, 1), expected, completed)


def test_six_months_are_rolled_into_one_rate() -> None:
    counted = [month(number, 10, number) for number in range(1, 9)]
    rolled = roll_months(counted)
    assert [row.own.month_on.month for row in rolled] == list(range(1, 9))
    assert (rolled[0].rolled_expected, rolled[0].rolled_completed) == (10, 1)
    assert (rolled[5].rolled_expected, rolled[5].rolled_completed) == (60, 21)
    assert (rolled[7].rolled_expected, rolled[7].rolled_completed) == (60, 3 + 4 + 5 + 6 + 7 + 8)
    assert (rolled[7].rate, rolled[7].rolled_rate) == (0.8, 33 / 60)


def test_a_month_without_a_form_stands_in_its_place_without_a_rate() -> None:
    rolled = roll_months([month(11, 4, 3), month(2, 2, 0, year=2027)])
    assert [row.own.month_on for row in rolled] == [
        date(2026, 11, 1),
        date(2026, 12, 1),
        date(2027, 1, 1),
        date(2027, 2, 1),
    ]
    assert [row.rate for row in rolled] == [0.75, None, None, 0.0]
    assert [row.rolled_rate for row in rolled] == [0.75, 0.75, 0.75, 0.5]


def test_six_months_without_any_form_have_no_rate() -> None:
    rolled = roll_months([month(1, 4, 4), month(8, 1, 1)])
    assert [row.rolled_rate for row in rolled] == [1.0] * 6 + [None, 1.0]


def test_the_rows_of_one_month_are_added_and_no_rows_make_no_month() -> None:
    (only,) = roll_months([month(3, 2, 1), month(3, 4, 4)])
    assert (only.own.expected, only.own.completed) == (6, 5)
    assert roll_months([]) == ()


def test_months_follow_each_other_over_the_year() -> None:
    assert next_month(date(2026, 12, 1)) == date(2027, 1, 1)
    assert next_month(date(2026, 1, 1)) == date(2026, 2, 1)
    assert first_of_month(date(2026, 2, 28)) == date(2026, 2, 1)
