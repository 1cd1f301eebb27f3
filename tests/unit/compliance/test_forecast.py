import pytest

from pro_app.compliance.forecast import VisitCounts, forecast_missing


def test_what_is_to_come_goes_missing_as_often_as_before_drawn_towards_all_visits() -> None:
    # Over all visits 30 closed and 10 missing: (10 + 0.5) / (30 + 1) = 0.3387 missing.
    # Week 8: (5 missing + 10 × 0.3387) / (20 + 10) = 0.2796, of 40 to come 11.18.
    # Month 3: (5 + 3.387) / (10 + 10) = 0.4194, of 20 to come 8.39.
    w08, m03 = forecast_missing([VisitCounts("W08", 20, 15, 40), VisitCounts("M03", 10, 5, 20)])
    assert w08.further == pytest.approx(11.182796, abs=1e-6)
    assert m03.further == pytest.approx(8.387097, abs=1e-6)
    assert w08.missing == pytest.approx(16.182796, abs=1e-6)
    assert w08.completion_rate == pytest.approx(1 - 16.182796 / 60, abs=1e-8)


def test_a_visit_of_which_nothing_has_closed_is_forecast_from_the_others() -> None:
    # Over all visits (4 + 0.5) / (8 + 1) = 0.5.
    _, y5 = forecast_missing([VisitCounts("W08", 8, 4, 0), VisitCounts("Y5", 0, 0, 12)])
    assert (y5.further, y5.counts.missing, y5.expected) == (pytest.approx(6.0), 0, 12)


def test_the_interval_is_that_of_a_beta_binomial_worked_out_by_hand() -> None:
    # Share 0.5, so that alpha = beta = 5 + 10 × 0.5 - 0 for a visit with nothing closed: 5 and 5, 2 to come.
    # P(0) = P(2) = B(5, 7) / B(5, 5) = (5 × 6) / (10 × 11) = 0.2727: 95 of 100 need all of 0 to 2.
    _, none_closed = forecast_missing([VisitCounts("W08", 8, 4, 0), VisitCounts("Y5", 0, 0, 2)])
    assert (none_closed.lowest, none_closed.highest) == (0, 2)
    # With (195 + 5, 5 + 5) of 210, one to come: it is missing with 20 in 21 = 0.952 and else comes.
    _, nearly_all = forecast_missing([VisitCounts("A", 200, 195, 0), VisitCounts("B", 200, 5, 1)])
    assert (nearly_all.lowest, nearly_all.highest) == (195, 196)


def test_what_is_certain_of_open_windows_is_counted_and_says_nothing_about_the_share() -> None:
    plain = forecast_missing([VisitCounts("W08", 10, 8, 10)])[0]
    known = forecast_missing([VisitCounts("W08", 10, 8, 10, arrived=30, lost=3)])[0]
    assert known.further == plain.further
    assert (known.counts.missing, known.expected) == (5, 53)
    assert (known.lowest, known.highest) == (plain.lowest + 3, plain.highest + 3)


def test_nothing_to_come_leaves_what_is_missing_as_it_is() -> None:
    (over,) = forecast_missing([VisitCounts("W08", 7, 5, 0)])
    assert (over.missing, over.lowest, over.highest, over.completion_rate) == (2, 2, 2, 5 / 7)


def test_there_is_no_forecast_before_a_window_has_closed() -> None:
    assert forecast_missing([VisitCounts("W08", 0, 0, 12)]) == ()
    assert forecast_missing([]) == ()


def test_a_trial_without_a_missing_form_is_not_promised_to_stay_so() -> None:
    (perfect,) = forecast_missing([VisitCounts("W08", 3, 3, 100)])
    assert perfect.further == pytest.approx(100 * (10 * 0.5 / 4) / 13)
    assert perfect.lowest == 0 < perfect.highest
