from datetime import date, timedelta

import pytest

from pro_app.protocol.anchors import find_proposed_date
from pro_app.protocol.events import Facts, Spell
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.reopening import find_reopening_limit
from pro_app.protocol.schedule import PlannedVisit, list_visit_codes, plan_visits

RANDOMISED_ON = date(2024, 1, 31)


def plan(protocol: Protocol, **facts: object) -> dict[str, PlannedVisit]:
    given = {"arm": "LUTATHERA", "randomised_on": RANDOMISED_ON, **facts}
    return {visit.visit_code: visit for visit in plan_visits(protocol, Facts(**given))}


def test_before_enrolment_nothing_is_planned(reluth: Protocol) -> None:
    assert plan_visits(reluth, Facts()) == ()


def test_before_randomisation_only_the_baseline_is_open_without_an_end(reluth: Protocol) -> None:
    (visit,) = plan_visits(reluth, Facts(enrolled_on=date(2024, 1, 10)))
    assert (visit.visit_code, visit.anchor) == ("BASELINE", "randomisation")
    assert (visit.target_on, visit.opens_on, visit.closes_on) == (None, date(2024, 1, 10), None)
    assert (visit.provisional, visit.expected, visit.reason) == (False, True, None)


@pytest.mark.parametrize(
    ("enrolled_on", "opens_on"),
    [("2024-01-01", "2024-01-17"), ("2024-01-17", "2024-01-17"), ("2024-01-20", "2024-01-20")],
)
def test_the_baseline_opens_14_days_before_or_at_enrolment_if_that_is_later(
    reluth: Protocol, enrolled_on: str, opens_on: str
) -> None:
    baseline = plan(reluth, enrolled_on=date.fromisoformat(enrolled_on))["BASELINE"]
    assert baseline.opens_on == date.fromisoformat(opens_on)
    assert baseline.target_on == baseline.closes_on == RANDOMISED_ON


def test_the_questionnaires_come_in_the_order_of_the_protocol(reluth: Protocol) -> None:
    for visit in plan(reluth).values():
        assert [reference.code for reference in visit.instruments] == ["qlq-c30", "qlq-ginet21"]


def test_a_delayed_infusion_moves_the_cap_and_makes_one_visit_more(reluth: Protocol) -> None:
    on_time = plan(reluth, infusions=(RANDOMISED_ON, RANDOMISED_ON + timedelta(weeks=8)))
    just_before = plan(reluth, infusions=(RANDOMISED_ON, RANDOMISED_ON + timedelta(days=167)))
    delayed = plan(reluth, infusions=(RANDOMISED_ON, RANDOMISED_ON + timedelta(days=168)))
    assert "W32" not in on_time
    assert "W32" not in just_before
    assert delayed["W32"].target_on == RANDOMISED_ON + timedelta(weeks=32)
    assert delayed["W32"].provisional


def test_visits_after_the_expected_end_are_provisional_in_their_arm_only(reluth: Protocol) -> None:
    lutathera = plan(reluth)
    surveillance = plan(reluth, arm="SURVEILLANCE")
    assert [code for code, visit in lutathera.items() if not visit.provisional] == ["BASELINE", "W08", "W16"]
    assert [code for code, visit in surveillance.items() if not visit.provisional] == [
        "BASELINE",
        "W08",
        "W16",
        "W24",
    ]


def test_a_treatment_visit_stays_if_its_window_opens_on_the_day_treatment_ends(reluth: Protocol) -> None:
    opens_on = RANDOMISED_ON + timedelta(days=49)
    assert "W08" in plan(reluth, treatment_ended_on=opens_on)
    assert "W08" not in plan(reluth, treatment_ended_on=opens_on - timedelta(days=1))


def test_once_the_end_is_recorded_nothing_is_provisional(reluth: Protocol) -> None:
    visits = plan(reluth, treatment_ended_on=RANDOMISED_ON + timedelta(days=200))
    assert not any(visit.provisional for visit in visits.values())
    assert "W24" in visits


@pytest.mark.parametrize(("fact", "reason"), [("died_on", "DIED"), ("left_on", "LEFT_TRIAL")])
def test_from_death_or_leaving_on_nothing_is_expected(reluth: Protocol, fact: str, reason: str) -> None:
    last_day_of_w08 = RANDOMISED_ON + timedelta(days=63)
    visits = plan(reluth, **{fact: last_day_of_w08})
    assert (visits["BASELINE"].expected, visits["BASELINE"].reason) == (True, None)
    assert (visits["W08"].expected, visits["W08"].reason) == (False, reason)
    assert {visit.expected for code, visit in visits.items() if code != "BASELINE"} == {False}
    day_after = plan(reluth, **{fact: last_day_of_w08 + timedelta(days=1)})
    assert (day_after["W08"].expected, day_after["W16"].expected) == (True, False)


@pytest.mark.parametrize(
    ("fact", "reason"),
    [("questionnaires_stopped_on", "STOPPED_QUESTIONNAIRES"), ("lost_on", "LOST_TO_FOLLOW_UP")],
)
def test_after_a_refusal_or_a_loss_visits_are_closed_and_stay_expected(
    reluth: Protocol, fact: str, reason: str
) -> None:
    visits = plan(reluth, **{fact: RANDOMISED_ON + timedelta(days=63)})
    assert visits["BASELINE"].reason is None
    assert {(v.expected, v.reason) for code, v in visits.items() if code != "BASELINE"} == {(True, reason)}
    assert reason in reluth.closing_reasons


def test_a_pause_no_more_messages_and_a_progression_change_no_visit(reluth: Protocol) -> None:
    on = RANDOMISED_ON + timedelta(days=10)
    others = {"paused": (on,), "new_treatment": (on,)}
    changed = plan(
        reluth, paused_until=date(2030, 1, 1), messages_stopped_on=on, progressed_on=on, other_dates=others
    )
    assert changed == plan(reluth)


def test_the_earliest_of_two_ways_of_the_same_kind_gives_the_reason(reluth: Protocol) -> None:
    visits = plan(reluth, left_on=date(2024, 6, 1), died_on=date(2025, 1, 1))
    assert visits["Y5"].reason == "LEFT_TRIAL"
    visits = plan(reluth, lost_on=date(2024, 8, 1), questionnaires_stopped_on=date(2024, 7, 1))
    assert visits["Y5"].reason == "STOPPED_QUESTIONNAIRES"


def test_someone_lost_and_later_known_to_be_dead_is_expected_up_to_the_death_only(reluth: Protocol) -> None:
    visits = plan(reluth, lost_on=date(2024, 7, 1), died_on=date(2025, 1, 1))
    assert (visits["W24"].expected, visits["W24"].reason) == (True, "LOST_TO_FOLLOW_UP")
    assert (visits["M12"].expected, visits["M12"].reason) == (False, "DIED")


def test_after_coming_back_only_what_closed_in_between_stays_closed(reluth: Protocol) -> None:
    away = Spell("lost", from_on=date(2024, 7, 1), until_on=date(2024, 9, 5))
    visits = plan(reluth, spells=(away,))
    assert visits["W16"].reason is None
    assert visits["W24"].reason == "LOST_TO_FOLLOW_UP"
    # M03 closes on 5 September, the day of the return: it can still be answered.
    assert visits["M03"].closes_on == date(2024, 9, 5)
    assert visits["M03"].reason is None


def test_leaving_before_randomisation_closes_the_baseline(reluth: Protocol) -> None:
    (visit,) = plan_visits(reluth, Facts(enrolled_on=date(2024, 1, 10), left_on=date(2024, 1, 10)))
    assert (visit.expected, visit.reason) == (False, "LEFT_TRIAL")


def test_the_end_that_a_form_proposes_follows_from_the_arm(reluth: Protocol) -> None:
    one = Facts(arm="LUTATHERA", randomised_on=RANDOMISED_ON, infusions=(date(2024, 2, 5),))
    two = Facts(arm="LUTATHERA", randomised_on=RANDOMISED_ON, infusions=(date(2024, 2, 5), date(2024, 4, 1)))
    assert find_proposed_date(reluth, one, "treatment_ended") is None
    assert find_proposed_date(reluth, two, "treatment_ended") == date(2024, 5, 27)
    watched = Facts(arm="SURVEILLANCE", randomised_on=RANDOMISED_ON)
    assert find_proposed_date(reluth, watched, "treatment_ended") == date(2024, 7, 31)
    progressed = Facts(arm="SURVEILLANCE", randomised_on=RANDOMISED_ON, progressed_on=date(2024, 5, 2))
    assert find_proposed_date(reluth, progressed, "treatment_ended") == date(2024, 5, 2)
    switched = Facts(
        arm="SURVEILLANCE", randomised_on=RANDOMISED_ON, other_dates={"new_treatment": (date(2024, 4, 2),)}
    )
    assert find_proposed_date(reluth, switched, "treatment_ended") == date(2024, 4, 2)


def test_a_closed_visit_may_be_reopened_until_the_next_window_opens(reluth: Protocol) -> None:
    visits = tuple(plan(reluth, treatment_ended_on=date(2024, 5, 22)).values())
    by_code = {visit.visit_code: visit for visit in visits}
    day_before = by_code["W16"].opens_on - timedelta(days=1)
    assert find_reopening_limit(reluth, visits, "W08") == day_before
    assert find_reopening_limit(reluth, visits, "BASELINE") is None
    assert find_reopening_limit(reluth, visits, "W99") is None
    last = by_code["Y5"].closes_on
    assert last is not None
    assert find_reopening_limit(reluth, visits, "Y5") == last + timedelta(days=60)


def test_the_codes_of_all_visits_come_in_protocol_order(reluth: Protocol) -> None:
    assert " ".join(list_visit_codes(reluth)) == "BASELINE W08 W16 W24 M03 M06 M09 M12 Y2 Y3 Y4 Y5"


def test_a_visit_of_a_series_is_found_by_its_code(reluth: Protocol) -> None:
    assert reluth.visit_label("W08") == "Semaine 8"
    assert reluth.visit_label("W104", "en") == "Week 104"
    assert reluth.visit_label("UNSCHEDULED") == "Hors calendrier"
    assert reluth.find_visit("W8") is None
    assert reluth.find_visit("W008") is None
    assert reluth.find_visit("W") is None
    phase = reluth.find_phase("Y4")
    assert phase is not None
    assert phase.code == "yearly"


def test_another_trial_with_other_anchors_and_steps_is_planned_by_the_same_code(
    other_trial: Protocol,
) -> None:
    enrolled_on = date(2024, 2, 29)
    expected = plan_visits(other_trial, Facts(arm="ONE", enrolled_on=enrolled_on))
    assert [(v.visit_code, str(v.target_on), v.provisional) for v in expected] == [
        ("D3", "2024-04-02", True),
        ("D6", "2024-04-05", True),
        ("D9", "2024-04-08", True),
        ("D12", "2024-04-11", True),
        ("YEARS1", "2025-02-28", False),
    ]
    others = {"surgery": (date(2024, 5, 1),), "discharged": (date(2024, 5, 8),)}
    known = plan_visits(other_trial, Facts(arm="ONE", enrolled_on=enrolled_on, other_dates=others))
    assert [v.visit_code for v in known] == ["D3", "D6", "YEARS1"]
    assert not any(v.provisional for v in known)
