from itertools import product

import pytest

from pro_app.compliance.rates import AssessmentOutcome, VisitCompletion, list_visit_completions

EVERYONE = frozenset(range(1, 11))


def outcome(participant_id: int, *flags: str, visit: str = "W08") -> AssessmentOutcome:
    """Make an outcome whose window has closed; `flags` name what is true of it."""
    given = dict.fromkeys(flags, True)
    return AssessmentOutcome(participant_id, visit, **{"expected": False, "window_closed": True, **given})


def complete(*outcomes: AssessmentOutcome) -> VisitCompletion:
    (completion,) = list_visit_completions(outcomes, visit_codes=["W08"], randomised_ids=EVERYONE)
    return completion


def test_every_number_and_the_people_behind_it() -> None:
    found = complete(
        outcome(1, "expected", "received", "valid", "in_window"),
        outcome(2, "expected", "received", "valid", "in_window"),
        outcome(3, "expected", "received", "valid", "late"),
        outcome(4, "expected", "received", "in_window"),
        outcome(5, "expected", "incomplete"),
        outcome(6, "expected"),
        outcome(7),
    )
    assert found.expected_ids == {1, 2, 3, 4, 5, 6}
    assert found.received_ids == {1, 2, 3, 4}
    assert found.valid_ids == {1, 2, 3}
    assert found.in_window_ids == {1, 2, 4}
    assert found.late_ids == {3}
    assert found.incomplete_ids == {5}
    assert found.missed_ids == {6}
    assert found.completion_rate == 3 / 6
    assert found.available_data_rate == 3 / 10
    assert (found.randomised, found.expected, found.received, found.valid) == (10, 6, 4, 3)
    assert (found.in_window, found.late, found.incomplete, found.missed) == (3, 1, 1, 1)


def test_a_window_that_has_not_closed_plays_no_part() -> None:
    still_open = AssessmentOutcome(1, "W08", expected=True, window_closed=False, received=True, valid=True)
    found = complete(still_open, outcome(2, "expected"))
    assert (found.expected_ids, found.received_ids) == ({2}, frozenset())


def test_a_visit_without_anybody_has_no_completion_rate() -> None:
    found = complete()
    assert (found.expected, found.completion_rate, found.available_data_rate) == (0, None, 0.0)
    (nobody,) = list_visit_completions([], visit_codes=["W08"], randomised_ids=())
    assert (nobody.completion_rate, nobody.available_data_rate) == (None, None)


def test_a_form_of_someone_no_longer_expected_counts_in_the_fixed_rate_only() -> None:
    found = complete(outcome(1, "received", "valid", "in_window"), outcome(2, "expected"))
    assert (found.completion_rate, found.available_data_rate) == (0.0, 0.1)
    assert found.received_ids == {1}


def test_a_form_of_someone_never_randomised_is_not_in_the_fixed_rate() -> None:
    found = complete(outcome(99, "expected", "received", "valid", "in_window"))
    assert (found.completion_rate, found.available_data_rate) == (1.0, 0.0)


def test_a_valid_form_that_was_never_sent_does_not_count() -> None:
    found = complete(outcome(1, "expected", "valid", "incomplete"))
    assert (found.valid, found.incomplete, found.completion_rate) == (0, 1, 0.0)


def test_visits_come_in_their_order_and_unscheduled_answers_belong_to_none() -> None:
    outcomes = [
        outcome(1, "received", "valid", visit="UNSCHEDULED"),
        outcome(1, "received", "valid", visit="UNSCHEDULED"),
        outcome(1, "expected", visit="W32"),
        outcome(1, "expected", visit="W08"),
    ]
    found = list_visit_completions(outcomes, visit_codes=["BASELINE", "W08"], randomised_ids=EVERYONE)
    assert [completion.visit_code for completion in found] == ["BASELINE", "W08", "W32"]


def test_a_doubled_form_is_refused_rather_than_counted_once() -> None:
    with pytest.raises(ValueError, match="twice at visit W08"):
        complete(outcome(1, "expected"), outcome(1, "expected"))


def test_every_expected_form_is_received_incomplete_or_missed_whatever_is_recorded() -> None:
    flags = ("expected", "received", "valid", "in_window", "late", "incomplete")
    every_case = [
        outcome(number, *(name for name, holds in zip(flags, case, strict=True) if holds))
        for number, case in enumerate(product((True, False), repeat=len(flags)))
    ]
    found = complete(*every_case)
    parts = (found.received_ids & found.expected_ids, found.incomplete_ids, found.missed_ids)
    assert frozenset().union(*parts) == found.expected_ids
    assert sum(len(part) for part in parts) == found.expected
    assert found.valid_ids <= found.received_ids
    assert found.completion_rate is not None
    assert 0 <= found.completion_rate <= 1
