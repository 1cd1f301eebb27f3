"""Answers that an earlier plan left without a visit, and what brings them back to it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from pro_app.protocol.events import Facts
from pro_app.protocol.open_days import PLAN_REPLACED, OpenDays
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.replan import CurrentVisit, PlanChange, plan_changes
from pro_app.protocol.schedule import PlannedVisit, plan_visits

RANDOMISED_ON = date(2024, 1, 31)
BASE = Facts(enrolled_on=date(2024, 1, 10), arm="SURVEILLANCE", randomised_on=RANDOMISED_ON)
WRONG = replace(BASE, treatment_ended_on=date(2024, 9, 20))
ANSWERED_ON = date(2024, 10, 28)
TODAY = date(2024, 11, 8)


def visit_of(plan: Sequence[PlannedVisit], code: str) -> PlannedVisit:
    (visit,) = (visit for visit in plan if visit.visit_code == code)
    return visit


def stored(plan: Sequence[PlannedVisit], **answers: tuple[date, bool]) -> list[CurrentVisit]:
    return [
        CurrentVisit(visit, RANDOMISED_ON, *answers.get(visit.visit_code, (None, False))) for visit in plan
    ]


def displaced(protocol: Protocol, number: int = 1, on: date = ANSWERED_ON, *, sent: bool) -> CurrentVisit:
    """Make answers given to M03 while its anchor was only expected, which have no visit now."""
    original = visit_of(plan_visits(protocol, BASE), "M03")
    return CurrentVisit(original, RANDOMISED_ON, on, submitted=sent, unscheduled=number)


def about(changes: Sequence[PlanChange], code: str) -> list[PlanChange]:
    return [change for change in changes if change.visit_code == code]


def test_taking_back_a_wrong_date_brings_back_the_answers_that_it_displaced(reluth: Protocol) -> None:
    wrong_plan = plan_visits(reluth, WRONG)
    right_plan = plan_visits(reluth, BASE)
    for sent in (True, False):
        rows = [*stored(wrong_plan), displaced(reluth, sent=sent)]
        (change,) = about(plan_changes(rows, right_plan, today=TODAY), "M03")
        assert (change.action, change.unscheduled) == ("readmit", 1)
        assert change.before == visit_of(wrong_plan, "M03")
        assert change.after == visit_of(right_plan, "M03")


def test_sent_answers_come_back_to_the_window_they_had_been_sent_in(reluth: Protocol) -> None:
    # Five days later than expected: the window of M03 is another one, and still holds the day of the answers.
    ended = replace(BASE, treatment_ended_on=date(2024, 8, 5))
    rows = [*stored(plan_visits(reluth, WRONG)), displaced(reluth, sent=True)]
    (change,) = about(plan_changes(rows, plan_visits(reluth, ended), today=TODAY), "M03")
    assert change.action == "readmit"
    never_displaced = stored(plan_visits(reluth, BASE), M03=(ANSWERED_ON, True))
    (kept,) = about(plan_changes(never_displaced, plan_visits(reluth, ended), today=TODAY), "M03")
    assert change.after is not None
    assert kept.after is not None
    # Provisional still: if the date that brought them back is a mistake too, they leave again.
    assert change.after.provisional
    assert replace(change.after, provisional=False) == kept.after


def test_begun_answers_come_back_to_the_window_as_it_is_now(reluth: Protocol) -> None:
    ended = replace(BASE, treatment_ended_on=date(2024, 8, 5))
    plan = plan_visits(reluth, ended)
    rows = [*stored(plan_visits(reluth, WRONG)), displaced(reluth, sent=False)]
    (change,) = about(plan_changes(rows, plan, today=TODAY), "M03")
    assert (change.action, change.after) == ("readmit", visit_of(plan, "M03"))


def test_answers_stay_unscheduled_while_no_window_holds_their_day(reluth: Protocol) -> None:
    plan = plan_visits(reluth, WRONG)
    changes = plan_changes([*stored(plan), displaced(reluth, sent=True)], plan, today=TODAY)
    assert {change.action for change in changes} == {"keep"}
    assert len(changes) == len(plan)


def test_answers_given_to_the_visit_since_keep_its_place(reluth: Protocol) -> None:
    wrong_plan = plan_visits(reluth, WRONG)
    again_on = date(2024, 12, 16)
    rows = [*stored(wrong_plan, M03=(again_on, True)), displaced(reluth, sent=True)]
    (change,) = about(plan_changes(rows, plan_visits(reluth, BASE), today=date(2024, 12, 20)), "M03")
    assert change.action == "keep"
    assert change.before == visit_of(wrong_plan, "M03")


def test_where_two_were_displaced_the_sent_one_comes_back_and_then_the_later_one(reluth: Protocol) -> None:
    plan = plan_visits(reluth, BASE)
    cases = [
        ([displaced(reluth, 1, sent=True), displaced(reluth, 2, sent=False)], 1),
        ([displaced(reluth, 1, sent=True), displaced(reluth, 2, date(2024, 10, 30), sent=True)], 2),
        ([displaced(reluth, 1, sent=True), displaced(reluth, 2, date(2024, 3, 30), sent=True)], 1),
    ]
    for unscheduled, expected in cases:
        rows = [*stored(plan_visits(reluth, WRONG)), *unscheduled]
        (change,) = about(plan_changes(rows, plan, today=TODAY), "M03")
        assert (change.action, change.unscheduled) == ("readmit", expected)


def test_a_visit_that_left_the_plan_with_its_answers_comes_back_with_them(reluth: Protocol) -> None:
    # W24 was provisional in the arm that ends after 16 weeks, answered, and then not in the plan at all.
    facts = replace(BASE, arm="LUTATHERA")
    original = visit_of(plan_visits(reluth, facts), "W24")
    early = plan_visits(reluth, replace(facts, treatment_ended_on=date(2024, 5, 22)))
    row = CurrentVisit(original, RANDOMISED_ON, date(2024, 7, 15), submitted=True, unscheduled=1)
    rows = [*stored(early), row]
    (change,) = about(plan_changes(rows, plan_visits(reluth, facts), today=date(2024, 8, 1)), "W24")
    assert (change.action, change.before, change.after) == ("readmit", None, original)


def test_late_answers_come_back_to_the_very_window_they_were_late_for(reluth: Protocol) -> None:
    original = visit_of(plan_visits(reluth, BASE), "M03")
    assert original.closes_on is not None
    late_on = original.closes_on + timedelta(days=5)
    rows = [*stored(plan_visits(reluth, WRONG)), displaced(reluth, on=late_on, sent=True)]
    (change,) = about(plan_changes(rows, plan_visits(reluth, BASE), today=late_on), "M03")
    assert (change.action, change.after) == ("readmit", original)


def test_who_sent_the_form_is_not_asked_again_for_a_time_that_is_past_by_any_later_plan(
    reluth: Protocol,
) -> None:
    # The recorded end puts M03 where it is past already: the sent answers stand for it.
    plan = plan_visits(reluth, replace(BASE, treatment_ended_on=date(2024, 3, 1)))
    first = plan_changes(stored(plan_visits(reluth, BASE), M03=(ANSWERED_ON, True)), plan, today=TODAY)
    assert [change.action for change in about(first, "M03")] == ["unschedule"]
    after = [visit for visit in plan if visit.visit_code != "M03"]
    second = plan_changes([*stored(after), displaced(reluth, sent=True)], plan, today=TODAY)
    assert about(second, "M03") == []


def test_an_empty_visit_goes_when_the_date_is_put_right_to_where_the_sent_answers_stand_for_it(
    reluth: Protocol,
) -> None:
    # A wrong end asked for M03 again, in time to come; by the right one it is past.
    past = plan_visits(reluth, replace(BASE, treatment_ended_on=date(2024, 3, 1)))
    wrong = plan_visits(reluth, replace(BASE, treatment_ended_on=date(2024, 10, 1)))
    for replanned_on, asked_again in ((TODAY, False), (date(2025, 1, 20), True)):
        rows = [
            *(CurrentVisit(visit, TODAY) for visit in wrong),
            displaced(reluth, sent=True),
        ]
        (change,) = about(plan_changes(rows, past, today=replanned_on), "M03")
        # Once the whole other window has gone by, she was asked again, and did not answer.
        assert (change.action, change.reason_code) == (
            ("move", None) if asked_again else ("cancel", PLAN_REPLACED)
        )


def test_answers_never_sent_that_a_mistake_put_into_a_window_that_is_over_stay_in_it(
    reluth: Protocol,
) -> None:
    # The one thing that undoing leaves behind: they are settled there, as wherever a window closes over them.
    wrong = plan_visits(reluth, replace(BASE, treatment_ended_on=date(2024, 7, 18)))
    right = plan_visits(reluth, replace(BASE, treatment_ended_on=date(2024, 10, 1)))
    today = date(2024, 11, 8)
    rows = [*stored(right), displaced(reluth, on=date(2024, 10, 20), sent=False)]
    (back,) = about(plan_changes(rows, wrong, today=today), "M03")
    assert (back.action, back.after) == ("readmit", visit_of(wrong, "M03"))
    begun = [
        CurrentVisit(visit, today, date(2024, 10, 20) if visit.visit_code == "M03" else None)
        for visit in wrong
    ]
    given_to = displaced(reluth, sent=False).visit
    was_open = OpenDays(given_to.opens_on, date(2024, 10, 31), whole=False, visit=given_to)
    (kept,) = about(plan_changes(begun, right, today=today, offered={"M03": [was_open]}), "M03")
    assert (kept.action, kept.after) == ("keep", visit_of(wrong, "M03"))


def test_a_visit_that_was_asked_for_again_stays_missed_beside_the_sent_answers(reluth: Protocol) -> None:
    plan = plan_visits(reluth, WRONG)
    for today in (date(2024, 12, 20), date(2025, 1, 4), date(2025, 6, 1)):
        rows = [*(CurrentVisit(visit, TODAY) for visit in plan), displaced(reluth, sent=True)]
        (change,) = about(plan_changes(rows, plan, today=today), "M03")
        assert change.action == "keep"


def test_making_the_plan_once_more_changes_nothing_after_answers_came_back(reluth: Protocol) -> None:
    for ended_on in (None, date(2024, 8, 5)):
        for sent in (True, False):
            plan = plan_visits(reluth, replace(BASE, treatment_ended_on=ended_on))
            rows = [*stored(plan_visits(reluth, WRONG)), displaced(reluth, sent=sent)]
            (change,) = about(plan_changes(rows, plan, today=TODAY), "M03")
            assert change.after is not None
            again = [
                CurrentVisit(change.after, TODAY, ANSWERED_ON, sent)
                if visit.visit_code == "M03"
                else CurrentVisit(visit, RANDOMISED_ON)
                for visit in plan
            ]
            (settled,) = about(plan_changes(again, plan, today=TODAY), "M03")
            assert settled.action == "keep"
