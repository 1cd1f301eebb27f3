from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from pro_app.protocol.events import Facts
from pro_app.protocol.open_days import OpenDays
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.replan import CurrentVisit, PlanChange, plan_changes
from pro_app.protocol.schedule import PlannedVisit, plan_visits

RANDOMISED_ON = date(2024, 1, 31)
BASE = Facts(enrolled_on=date(2024, 1, 10), arm="LUTATHERA", randomised_on=RANDOMISED_ON)


def rows(plan: Sequence[PlannedVisit], **answers: tuple[date, bool]) -> list[CurrentVisit]:
    """Make the stored plan; `answers` gives visits their last day of answers and whether they were sent."""
    return [
        CurrentVisit(visit, RANDOMISED_ON, *answers.get(visit.visit_code, (None, False))) for visit in plan
    ]


def by_code(changes: Sequence[PlanChange]) -> dict[str, PlanChange]:
    found = {change.visit_code: change for change in changes}
    assert len(found) == len(changes)
    return found


def test_the_same_facts_change_nothing(reluth: Protocol) -> None:
    plan = plan_visits(reluth, BASE)
    changes = plan_changes(rows(plan), plan, today=date(2024, 2, 1))
    assert {change.action for change in changes} == {"keep"}
    assert len(changes) == len(plan)


def test_the_end_of_treatment_moves_the_follow_up_and_cancels_what_opens_later(reluth: Protocol) -> None:
    ended = replace(BASE, treatment_ended_on=date(2024, 6, 20))
    changes = plan_changes(
        rows(plan_visits(reluth, BASE)), plan_visits(reluth, ended), today=date(2024, 6, 20)
    )
    actions = {code: change.action for code, change in by_code(changes).items()}
    assert [code for code, action in actions.items() if action == "cancel"] == ["W24"]
    assert [code for code, action in actions.items() if action == "keep"] == ["BASELINE", "W08", "W16"]
    assert [code for code, action in actions.items() if action == "move"] == [
        *("M03", "M06", "M09", "M12", "Y2", "Y3", "Y4", "Y5")
    ]
    assert by_code(changes)["W24"].reason_code == "PLAN_REPLACED"
    moved = by_code(changes)["M03"].after
    assert moved is not None
    assert (moved.target_on, moved.provisional) == (date(2024, 9, 20), False)


def test_randomisation_gives_the_open_baseline_its_dates_and_adds_the_rest(reluth: Protocol) -> None:
    before = plan_visits(reluth, Facts(enrolled_on=date(2024, 1, 10)))
    wanted = plan_visits(reluth, BASE)
    row = CurrentVisit(before[0], planned_on=date(2024, 1, 10))
    changes = by_code(plan_changes([row], wanted, today=RANDOMISED_ON))
    assert (changes["BASELINE"].action, changes["BASELINE"].after) == ("move", wanted[0])
    assert {change.action for code, change in changes.items() if code != "BASELINE"} == {"add"}


def test_an_answered_baseline_gets_its_dates_even_if_it_was_answered_early_or_late(reluth: Protocol) -> None:
    before = plan_visits(reluth, Facts(enrolled_on=date(2024, 1, 10)))
    wanted = plan_visits(reluth, BASE)
    for answers_on in (date(2024, 1, 10), date(2024, 1, 20), date(2024, 2, 3)):
        for sent in (True, False):
            row = CurrentVisit(before[0], date(2024, 1, 10), answers_on, sent)
            change = plan_changes([row], wanted, today=date(2024, 2, 5))[0]
            assert (change.action, change.after) == ("move", wanted[0])


def test_a_baseline_that_was_open_is_missed_without_blaming_late_recording(reluth: Protocol) -> None:
    before = plan_visits(reluth, Facts(enrolled_on=date(2024, 1, 10)))
    wanted = plan_visits(reluth, BASE)
    in_time = CurrentVisit(before[0], planned_on=date(2024, 1, 10))
    too_late = CurrentVisit(before[0], planned_on=date(2024, 2, 5))
    after = plan_changes([in_time], wanted, today=date(2024, 2, 5))[0].after
    assert after is not None
    assert after.reason is None
    after = plan_changes([too_late], wanted, today=date(2024, 2, 5))[0].after
    assert after is not None
    assert (after.reason, after.expected) == ("SITE_LATE_RECORDING", True)


def test_visits_already_past_when_they_are_planned_stay_expected_with_the_reason(reluth: Protocol) -> None:
    wanted = plan_visits(reluth, BASE)
    changes = by_code(plan_changes([], wanted, today=date(2024, 6, 1)))
    late = [code for code, change in changes.items() if change.reason_code == "SITE_LATE_RECORDING"]
    assert late == ["BASELINE", "W08", "W16"]
    for code in late:
        after = changes[code].after
        assert after is not None
        assert after.expected


def test_a_visit_that_closes_today_is_not_past(reluth: Protocol) -> None:
    wanted = [visit for visit in plan_visits(reluth, BASE) if visit.visit_code == "W08"]
    closes_on = wanted[0].closes_on
    assert closes_on is not None
    (change,) = plan_changes([], wanted, today=closes_on)
    assert change.reason_code is None
    (change,) = plan_changes([], wanted, today=closes_on + timedelta(days=1))
    assert change.reason_code == "SITE_LATE_RECORDING"


def test_the_reason_of_late_recording_outlives_the_next_plan(reluth: Protocol) -> None:
    wanted = plan_visits(reluth, BASE)
    added = plan_changes([], wanted, today=date(2024, 6, 1))
    stored = rows([change.after for change in added if change.after is not None])
    again = plan_changes(stored, wanted, today=date(2024, 6, 2))
    assert {change.action for change in again} == {"keep"}


def test_a_visit_that_had_its_whole_window_is_missed_by_nobody_recording_late(reluth: Protocol) -> None:
    ended = replace(BASE, treatment_ended_on=date(2024, 2, 22))
    # The provisional M03 ran from 8 August to 5 September; the recorded end puts it in May.
    changes = by_code(
        plan_changes(rows(plan_visits(reluth, BASE)), plan_visits(reluth, ended), today=date(2024, 9, 6))
    )
    moved = changes["M03"].after
    assert moved is not None
    assert (changes["M03"].action, moved.reason) == ("move", None)
    before_its_end = by_code(
        plan_changes(rows(plan_visits(reluth, BASE)), plan_visits(reluth, ended), today=date(2024, 9, 5))
    )
    assert before_its_end["M03"].reason_code == "SITE_LATE_RECORDING"


def test_sent_answers_never_move_when_a_date_is_corrected(reluth: Protocol) -> None:
    corrected = replace(BASE, randomised_on=RANDOMISED_ON + timedelta(days=30))
    answers = {"W08": (date(2024, 3, 27), True)}
    changes = by_code(
        plan_changes(
            rows(plan_visits(reluth, BASE), **answers),
            plan_visits(reluth, corrected),
            today=date(2024, 4, 10),
        )
    )
    assert changes["W08"].action == "keep"
    assert changes["W08"].after == changes["W08"].before
    assert changes["W16"].action == "move"


def test_sent_answers_stay_expected_when_death_takes_the_rest_away(reluth: Protocol) -> None:
    died = replace(BASE, died_on=date(2024, 3, 30))
    answers = {"W08": (date(2024, 3, 27), True)}
    changes = by_code(
        plan_changes(
            rows(plan_visits(reluth, BASE), **answers), plan_visits(reluth, died), today=date(2024, 4, 1)
        )
    )
    kept = changes["W08"].after
    assert kept is not None
    assert kept.expected
    gone = changes["W16"].after
    assert gone is not None
    assert (changes["W16"].reason_code, gone.expected) == ("DIED", False)


def test_an_answered_provisional_visit_keeps_its_window_once_a_real_date_fits_its_answers(
    reluth: Protocol,
) -> None:
    # Expected end 22 May, so M03 on 22 August; with the end on 30 May it lies on 30 August.
    answers = {"M03": (date(2024, 8, 22), True)}
    ended = replace(BASE, treatment_ended_on=date(2024, 5, 30))
    changes = by_code(
        plan_changes(
            rows(plan_visits(reluth, BASE), **answers), plan_visits(reluth, ended), today=date(2024, 9, 1)
        )
    )
    before, after = changes["M03"].before, changes["M03"].after
    assert before is not None
    assert before.provisional
    assert after == replace(before, provisional=False)


def test_it_is_provisional_again_where_that_date_is_taken_back(reluth: Protocol) -> None:
    provisional = {visit.visit_code: visit for visit in plan_visits(reluth, BASE)}["M03"]
    row = CurrentVisit(replace(provisional, provisional=False), date(2024, 8, 30), date(2024, 8, 22), True)
    for given_to, expected in ((provisional, True), (row.visit, False)):
        days = OpenDays(given_to.opens_on, date(2024, 8, 30), whole=False, visit=given_to)
        (change,) = plan_changes([row], [provisional], today=date(2024, 9, 1), offered={"M03": [days]})
        assert change.after is not None
        assert change.after.provisional is expected


def test_an_answered_provisional_visit_outside_its_new_window_becomes_unscheduled_and_is_planned_again(
    reluth: Protocol,
) -> None:
    answers = {"M03": (date(2024, 8, 22), True)}
    ended = replace(BASE, treatment_ended_on=date(2024, 7, 22))
    changes = plan_changes(
        rows(plan_visits(reluth, BASE), **answers), plan_visits(reluth, ended), today=date(2024, 9, 1)
    )
    found = [change for change in changes if change.visit_code == "M03"]
    assert [change.action for change in found] == ["unschedule", "add"]
    again = found[1].after
    assert again is not None
    assert again.target_on == date(2024, 10, 22)


def test_it_is_not_planned_again_where_its_new_window_is_past(reluth: Protocol) -> None:
    answers = {"M03": (date(2024, 8, 22), True)}
    ended = replace(BASE, treatment_ended_on=date(2024, 2, 22))
    changes = plan_changes(
        rows(plan_visits(reluth, BASE), **answers), plan_visits(reluth, ended), today=date(2024, 9, 1)
    )
    assert [change.action for change in changes if change.visit_code == "M03"] == ["unschedule"]


def test_a_begun_form_outside_its_new_window_keeps_its_answers_and_the_visit_stays_expected(
    reluth: Protocol,
) -> None:
    answers = {"M03": (date(2024, 8, 22), False)}
    ended = replace(BASE, treatment_ended_on=date(2024, 2, 22))
    changes = plan_changes(
        rows(plan_visits(reluth, BASE), **answers), plan_visits(reluth, ended), today=date(2024, 8, 25)
    )
    found = [change for change in changes if change.visit_code == "M03"]
    assert [(change.action, change.reason_code) for change in found] == [
        ("unschedule", "PLAN_REPLACED"),
        ("add", "SITE_LATE_RECORDING"),
    ]


def test_a_begun_form_moves_with_its_visit_while_its_answers_still_fit(reluth: Protocol) -> None:
    answers = {"M03": (date(2024, 8, 22), False)}
    ended = replace(BASE, treatment_ended_on=date(2024, 5, 30))
    changes = by_code(
        plan_changes(
            rows(plan_visits(reluth, BASE), **answers), plan_visits(reluth, ended), today=date(2024, 8, 25)
        )
    )
    assert changes["M03"].action == "move"


def test_an_answered_visit_that_the_new_version_no_longer_has_is_kept(reluth: Protocol) -> None:
    plan = plan_visits(reluth, BASE)
    shorter = [visit for visit in plan if visit.visit_code not in {"W08", "W16"}]
    changes = by_code(
        plan_changes(rows(plan, W08=(date(2024, 3, 27), True)), shorter, today=date(2024, 4, 10))
    )
    assert (changes["W08"].action, changes["W16"].action) == ("keep", "cancel")


def test_retracting_the_end_makes_the_follow_up_provisional_again(reluth: Protocol) -> None:
    ended = replace(BASE, treatment_ended_on=date(2024, 6, 20))
    changes = by_code(
        plan_changes(rows(plan_visits(reluth, ended)), plan_visits(reluth, BASE), today=date(2024, 6, 21))
    )
    assert changes["W24"].action == "add"
    back = changes["M03"].after
    assert back is not None
    assert back.provisional


def test_an_answer_given_after_its_window_stays_where_nothing_moved(reluth: Protocol) -> None:
    plan = plan_visits(reluth, BASE)
    (provisional,) = (visit for visit in plan if visit.visit_code == "M03")
    assert provisional.provisional
    assert provisional.closes_on is not None
    late = provisional.closes_on + timedelta(days=4)
    for sent in (True, False):
        changes = by_code(plan_changes(rows(plan, M03=(late, sent)), plan, today=late + timedelta(days=1)))
        assert changes["M03"].action == "keep"


def test_a_begun_form_counts_alike_whether_a_death_is_recorded_before_or_after_its_window_closed(
    reluth: Protocol,
) -> None:
    plan = plan_visits(reluth, BASE)
    died = plan_visits(reluth, replace(BASE, died_on=date(2024, 3, 28)))
    stored = rows(plan, W08=(date(2024, 3, 25), False))
    outcomes = []
    for today in (date(2024, 3, 29), date(2024, 5, 1)):
        after = by_code(plan_changes(stored, died, today=today))["W08"].after
        assert after is not None
        outcomes.append((after.opens_on, after.closes_on, after.expected, after.reason))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][2:] == (False, "DIED")


def test_a_begun_form_is_expected_again_once_the_death_is_taken_back(reluth: Protocol) -> None:
    plan = plan_visits(reluth, BASE)
    died = plan_visits(reluth, replace(BASE, died_on=date(2024, 3, 28)))
    given_to = {visit.visit_code: visit for visit in plan}["W08"]
    was_open = OpenDays(given_to.opens_on, date(2024, 3, 28), whole=False, visit=given_to)
    stored = rows(died, W08=(date(2024, 3, 25), False))
    changes = plan_changes(stored, plan, today=date(2024, 5, 1), offered={"W08": [was_open]})
    change = by_code(changes)["W08"]
    assert change.after is not None
    assert (change.after.expected, change.after.reason) == (True, None)


def test_a_sent_baseline_follows_the_corrected_date_of_randomisation(reluth: Protocol) -> None:
    corrected = plan_visits(reluth, replace(BASE, randomised_on=date(2024, 2, 10), died_on=date(2024, 2, 10)))
    row = CurrentVisit(
        plan_visits(reluth, BASE)[0], date(2024, 1, 10), date(2024, 2, 5), submitted=True, opens_early=True
    )
    change = plan_changes([row], corrected, today=date(2024, 2, 12))[0]
    assert change.action == "move"
    assert change.after is not None
    assert (change.after.target_on, change.after.closes_on) == (date(2024, 2, 10), date(2024, 2, 10))
    # What was sent was received, whatever else happened on the day.
    assert (change.after.expected, change.after.reason) == (True, None)


def test_a_sent_baseline_is_without_a_date_again_once_the_randomisation_is_taken_back(
    reluth: Protocol,
) -> None:
    wanted = plan_visits(reluth, Facts(enrolled_on=date(2024, 1, 10)))
    row = CurrentVisit(
        plan_visits(reluth, BASE)[0], date(2024, 1, 10), date(2024, 2, 5), submitted=True, opens_early=True
    )
    (change,) = plan_changes([row], wanted, today=date(2024, 2, 12))
    assert (change.action, change.after) == ("move", wanted[0])


def test_a_begun_form_counts_by_its_own_window_whatever_other_one_is_wanted_now(reluth: Protocol) -> None:
    # M03 was begun after an end that was recorded wrongly; by the right one it lies after the death.
    plan = plan_visits(reluth, replace(BASE, treatment_ended_on=date(2024, 3, 28)))
    wanted = plan_visits(reluth, replace(BASE, treatment_ended_on=date(2024, 7, 1), died_on=date(2024, 8, 1)))
    (row,) = (row for row in rows(plan, M03=(date(2024, 6, 25), False)) if row.visit.visit_code == "M03")
    (died,) = (kind.effect for kind in reluth.event_kinds if kind.code == "died")
    for visits in (wanted, [visit for visit in wanted if visit.visit_code != "M03"]):
        for effect, counts_as in ((None, (True, None)), (died, (False, "DIED"))):
            changes = plan_changes([replace(row, effect=effect)], visits, today=date(2024, 8, 2))
            after = by_code(changes)["M03"].after
            assert after is not None
            assert (after.opens_on, after.expected, after.reason) == (row.visit.opens_on, *counts_as)
