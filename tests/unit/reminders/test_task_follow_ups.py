from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from task_situations import CALL_KEY, a_message, a_record, a_situation, a_visit, at, facts, keys, tasks

from pro_app.reminders.site_tasks import list_site_tasks
from pro_app.reminders.task_outcomes import (
    CALL,
    SECOND_ENTRY,
    find_known_outcome,
    find_outcome,
    list_settling_outcomes,
)
from pro_app.reminders.task_situation import Matter, MissedVisit, TaskSituation, UnsentAnswers

CONTACT_KEY = "contact:1:telephone"


def wrong(*more: object, changed_at: str | None = None) -> TaskSituation:
    """Give a situation in which the call of 12 March met a wrong number."""
    records = (a_record(CALL_KEY, "wrong_number", "2026-03-12"), *more)
    changed = at(changed_at) if changed_at else None
    return a_situation(a_visit(), a_visit("M03"), records=records, telephone_changed_at=changed)


def test_a_wrong_number_takes_every_call_away_and_asks_for_the_right_one() -> None:
    (task,) = tasks(wrong(), "2026-03-12")
    assert (task.task_key, task.why, task.since_on) == (CONTACT_KEY, "wrong_number", date(2026, 3, 12))
    assert task.until_on == date(2026, 3, 16)


@pytest.mark.parametrize(("changed_at", "kinds"), [("2026-03-13", {"call"}), ("2026-03-11", {"contact"})])
def test_the_next_change_of_the_number_brings_the_calls_back(changed_at: str, kinds: set[str]) -> None:
    assert {task.kind for task in tasks(wrong(changed_at=changed_at), "2026-03-13")} == kinds


def test_a_number_that_proved_right_brings_the_calls_back_too() -> None:
    right = a_record(CONTACT_KEY, "number_is_right", "2026-03-12", hour=12)
    assert {task.kind for task in tasks(wrong(right), "2026-03-12", 13)} == {"call"}
    again = a_record(CALL_KEY, "wrong_number", "2026-03-12", hour=13)
    assert keys(wrong(right, again), "2026-03-12", 14) == [CONTACT_KEY]


def test_a_number_that_was_not_found_is_asked_for_again_after_a_week_and_nobody_is_called_meanwhile() -> None:
    situation = wrong(a_record(CONTACT_KEY, "not_found", "2026-03-12", hour=12))
    assert (keys(situation, "2026-03-14"), keys(situation, "2026-03-19")) == ([], [CONTACT_KEY])


def test_a_message_that_failed_stays_hidden_behind_the_wrong_number() -> None:
    records = (a_record(CALL_KEY, "wrong_number", "2026-03-12"),)
    situation = a_situation(a_visit(), messages=(a_message(),), records=records)
    assert keys(situation, "2026-03-12") == [CONTACT_KEY]


def test_a_call_comes_back_on_the_day_that_was_chosen() -> None:
    put_off = a_record(CALL_KEY, "not_reached", "2026-03-12", again_on=date(2026, 3, 15))
    situation = a_situation(a_visit(), records=(put_off,))
    assert [keys(situation, day) for day in ("2026-03-13", "2026-03-14", "2026-03-15")] == [
        [],
        [],
        [CALL_KEY],
    ]


PAPER_KEY = "paper_awaited:1:W08:site-call:1"


def test_of_who_prefers_paper_the_sheet_is_missed_after_ten_days_and_nobody_is_called_again() -> None:
    situation = a_situation(a_visit(days=14), records=(a_record(CALL_KEY, "prefers_paper", "2026-03-12"),))
    assert (keys(situation, "2026-03-21"), keys(situation, "2026-03-22")) == ([], [PAPER_KEY])


def test_a_missing_sheet_rests_for_a_week_once_it_was_asked_for() -> None:
    records = (
        a_record(CALL_KEY, "prefers_paper", "2026-03-05"),
        a_record(PAPER_KEY, "sheet_on_its_way", "2026-03-15"),
    )
    situation = a_situation(a_visit(days=14), records=records)
    assert (keys(situation, "2026-03-21"), keys(situation, "2026-03-22")) == ([], [PAPER_KEY])


def test_a_sheet_that_is_being_typed_is_no_longer_missed() -> None:
    typed = Matter(1, SECOND_ENTRY, "9", "not_finished", date(2026, 3, 20), visit_code="W08")
    records = (a_record(CALL_KEY, "prefers_paper", "2026-03-12"),)
    situation = replace(a_situation(a_visit(days=14), records=records), matters=(typed,))
    assert keys(situation, "2026-03-22") == ["second_entry:1:9"]


def test_a_sheet_is_missed_no_longer_than_the_visit_can_be_answered() -> None:
    situation = a_situation(a_visit(), records=(a_record(CALL_KEY, "prefers_paper", "2026-03-12"),))
    assert [keys(situation, f"2026-03-{day}") for day in range(13, 31)] == [[]] * 18


def test_before_the_site_goes_live_nobody_is_called() -> None:
    situation = replace(a_situation(a_visit()), goes_live_on=date(2026, 3, 13))
    assert (keys(situation, "2026-03-12"), keys(situation, "2026-03-13")) == ([], [CALL_KEY])


def test_answers_that_a_phone_still_holds_are_asked_about_until_it_has_none() -> None:
    held = UnsentAnswers(4, 3, oldest_at=datetime(2026, 3, 9, 8, tzinfo=UTC))
    situation = replace(a_situation(), unsent=(held,))
    (task,) = list_site_tasks(situation, now=datetime(2026, 3, 12, 11, tzinfo=UTC))
    assert (task.task_key, task.why, task.held) == ("unsent_answers:1:4", "unsent", 3)
    assert task.since_on == date(2026, 3, 9)
    told = replace(situation, records=(a_record(task.task_key, "told", "2026-03-12"),))
    assert (keys(told, "2026-03-18"), keys(told, "2026-03-19")) == ([], [task.task_key])
    lost = replace(situation, records=(a_record(task.task_key, "phone_lost", "2026-03-12"),))
    assert keys(lost, "2026-05-01") == []


@pytest.mark.parametrize("outcome", ["reached", "not_this_time", "declined"])
def test_what_settles_a_call_today_or_did_once_keeps_it_off_the_list(outcome: str) -> None:
    situation = a_situation(a_visit(), records=(a_record(CALL_KEY, outcome, "2026-03-11"),))
    assert keys(situation, "2026-03-16") == []


def test_an_outcome_of_earlier_times_is_known_and_not_offered() -> None:
    assert find_outcome(CALL, "declined") is None
    assert find_known_outcome(CALL, "declined") is not None
    assert list_settling_outcomes(CALL) == {"reached", "not_this_time", "declined"}


def test_nobody_is_called_nor_told_about_a_visit_that_the_site_has_explained() -> None:
    assert keys(a_situation(a_visit(explained=True), messages=(a_message(),)), "2026-03-12") == []


def missed(code: str, closed_on: str, *, is_asked: bool = True, was_live: bool = True) -> MissedVisit:
    return MissedVisit(9, code, date.fromisoformat(closed_on), is_asked=is_asked, was_live=was_live)


def test_visits_without_a_reason_are_one_task_for_a_person() -> None:
    situation = a_situation(missed=(missed("W08", "2026-03-16"), missed("W16", "2026-05-11")))
    (task,) = tasks(situation, "2026-05-20")
    assert (task.task_key, task.unexplained) == ("missing_reason:1:W16", ("W08", "W16"))
    assert (task.since_on, task.misses) == (date(2026, 3, 16), 2)


def test_reasons_that_are_not_known_yet_rest_a_week_and_a_further_visit_asks_at_once() -> None:
    records = (a_record("missing_reason:1:W08", "not_known_yet", "2026-03-20"),)
    one = a_situation(missed=(missed("W08", "2026-03-16"),), records=records)
    assert (keys(one, "2026-03-26"), keys(one, "2026-03-27")) == ([], ["missing_reason:1:W08"])
    two = a_situation(missed=(missed("W08", "2026-03-16"), missed("W16", "2026-03-24")), records=records)
    assert keys(two, "2026-03-25") == ["missing_reason:1:W16"]


def test_what_is_explained_or_not_asked_for_counts_as_missed_only() -> None:
    situation = a_situation(a_visit(), missed=(missed("BASELINE", "2026-01-12", is_asked=False),))
    (task,) = tasks(situation, "2026-03-12")
    assert (task.kind, task.misses) == ("call", 1)


def test_what_closed_before_the_site_went_live_is_no_miss() -> None:
    before = missed("BASELINE", "2026-01-12", is_asked=False, was_live=False)
    (task,) = tasks(a_situation(a_visit(), missed=(before,)), "2026-03-12")
    assert (task.kind, task.misses) == ("call", 0)


@pytest.mark.parametrize("event", [(), (("left", "2026-03-05"),)])
def test_what_another_part_asks_is_on_the_list_even_after_somebody_left(
    event: tuple[tuple[str, str]],
) -> None:
    matter = Matter(
        1, "clarification", "7", why="asked", since_on=date(2026, 3, 1), for_roles=frozenset({"x"})
    )
    said = facts(("treatment_ended", "2026-01-12"), *event)
    (task,) = tasks(a_situation(matters=(matter,), facts=said), "2026-03-12")
    assert (task.task_key, task.about, task.why) == ("clarification:1:7", "7", "asked")
    assert task.for_roles == {"x"}
