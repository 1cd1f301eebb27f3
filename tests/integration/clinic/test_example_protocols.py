"""Whole lives under the example protocols, which share neither anchors nor rhythm with the first trial."""

from datetime import date, timedelta

import pytest
from clinic_world import Clinic, build_clinic, noon

from pro_app.contacts.vault import ContactVault
from pro_app.protocol.events import fold_events
from pro_app.protocol.open_days import PLAN_REPLACED
from pro_app.protocol.schedule import plan_visits
from pro_app.services.event_offers import list_event_offers, load_situation
from pro_app.services.events import Correction, correct_event
from pro_app.services.responses import list_asked_instruments
from pro_app.services.timeline import load_record
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.database import Database
from pro_app.storage.queries.assessments import load_assessment
from pro_app.storage.queries.events import list_events, read_events
from pro_app.storage.queries.outbox import list_messages_with_visits
from pro_app.storage.queries.participants import find_participant

CONSENT_ON = date(2026, 1, 5)
FIRST_INFUSION_ON = date(2026, 1, 20)
SURGERY_ON = date(2026, 1, 29)


@pytest.fixture
def cycles(database: Database, vault: ContactVault) -> Clinic:
    return build_clinic(database, vault, protocol="example-cycles")


@pytest.fixture
def operations(database: Database, vault: ContactVault) -> Clinic:
    return build_clinic(database, vault, protocol="example-surgery")


def enrol(clinic: Clinic, zone: str) -> int:
    return clinic.enrol(CONSENT_ON, zone=zone)


def check_that_the_stored_plan_is_the_protocols(clinic: Clinic, participant_id: int) -> None:
    """Compare dates and doubts of every visit that stands in the plan and was not answered."""
    with clinic.database.reading() as session:
        participant = find_participant(session, participant_id)
        protocol = load_protocol(session, participant.protocol_sha256)
        facts = fold_events(read_events(list_events(session, participant_id)))
    wanted = {
        visit.visit_code: (visit.target_on, visit.opens_on, visit.closes_on, visit.provisional)
        for visit in plan_visits(protocol, facts)
    }
    records = clinic.assessments(participant_id)
    stored = {
        code: (record.target_on, record.opens_on, record.closes_on, record.provisional)
        for code, record in records.items()
        if record.reason_code != PLAN_REPLACED
    }
    answered = {code for code, record in records.items() if record.submitted_at}
    assert {code: row for code, row in stored.items() if code not in answered} == {
        code: row for code, row in wanted.items() if code not in answered
    }


def states(clinic: Clinic, participant_id: int, on: date) -> dict[str, str]:
    return {code: str(r.state(noon(on))) for code, r in clinic.assessments(participant_id).items()}


def asked(clinic: Clinic, assessment_id: int) -> list[str]:
    with clinic.database.reading() as session:
        record = load_assessment(session, assessment_id)
        return [one.instrument.code for one in list_asked_instruments(session, record)]


def test_a_life_in_cycles_until_the_treatment_ends(cycles: Clinic) -> None:
    participant_id = enrol(cycles, "America/Martinique")
    assert states(cycles, participant_id, CONSENT_ON) == {"START": "open"}
    start = cycles.answer(participant_id, "START", CONSENT_ON)
    cycles.record(participant_id, "infusion", FIRST_INFUSION_ON)
    check_that_the_stored_plan_is_the_protocols(cycles, participant_id)
    records = cycles.assessments(participant_id)
    assert len(records) == 19
    assert (records["START"].assessment_id, records["START"].target_on) == (start, FIRST_INFUSION_ON)
    cycles.answer(participant_id, "C03", FIRST_INFUSION_ON + timedelta(weeks=3))
    # A second infusion moves nothing: everything counts from the first.
    cycles.record(participant_id, "infusion", FIRST_INFUSION_ON + timedelta(weeks=3))
    check_that_the_stored_plan_is_the_protocols(cycles, participant_id)
    ended_on = FIRST_INFUSION_ON + timedelta(weeks=6)
    cycles.record(participant_id, "treatment_ended", ended_on)
    check_that_the_stored_plan_is_the_protocols(cycles, participant_id)
    in_plan = [c for c, r in cycles.assessments(participant_id).items() if r.reason_code != PLAN_REPLACED]
    assert in_plan == ["START", "C03", "C06", "END4W"]
    cycles.answer(participant_id, "END4W", ended_on + timedelta(weeks=4))
    assert states(cycles, participant_id, ended_on + timedelta(weeks=20))["END4W"] == "submitted"
    assert asked(cycles, start) == ["qlq-c30"]


def test_the_messages_of_the_cycles_follow_their_own_rules(cycles: Clinic) -> None:
    participant_id = enrol(cycles, "America/Martinique")
    cycles.record(participant_id, "infusion", FIRST_INFUSION_ON)
    with cycles.database.reading() as session:
        messages = list_messages_with_visits(session, participant_id)
    about_c06 = [row for row, code in messages if code == "C06"]
    assert [row.rule_code for row in about_c06] == ["invitation", "reminder", "last-call"]
    assert {row.channel for row in about_c06} == {"sms"}


def test_an_expected_end_that_is_corrected_takes_answers_out_of_the_plan_and_brings_them_back(
    cycles: Clinic,
) -> None:
    participant_id = enrol(cycles, "America/Cayenne")
    cycles.record(participant_id, "infusion", FIRST_INFUSION_ON)
    # 18 weeks are expected: week 21 is provisional, and is answered.
    answered_on = FIRST_INFUSION_ON + timedelta(weeks=21)
    answered = cycles.answer(participant_id, "C21", answered_on)
    too_early = FIRST_INFUSION_ON + timedelta(weeks=16)
    event_id = cycles.record(participant_id, "treatment_ended", too_early, at=answered_on)
    assert cycles.assessments(participant_id)["UNSCHEDULED 1"].assessment_id == answered
    with cycles.writing() as session:
        correction = Correction("misread", answered_on, {})
        correct_event(session, event_id, correction, actor=cycles.nurse, now=noon(answered_on))
    records = cycles.assessments(participant_id)
    assert "UNSCHEDULED 1" not in records
    assert records["C21"].assessment_id == answered
    check_that_the_stored_plan_is_the_protocols(cycles, participant_id)


def test_a_life_around_an_operation_that_is_put_off(operations: Clinic) -> None:
    participant_id = enrol(operations, "Indian/Reunion")
    check_that_the_stored_plan_is_the_protocols(operations, participant_id)
    expected = operations.assessments(participant_id)["PRE"]
    assert (expected.target_on, expected.provisional) == (date(2026, 1, 12), True)
    operations.record(participant_id, "surgery_planned", SURGERY_ON, at=CONSENT_ON)
    check_that_the_stored_plan_is_the_protocols(operations, participant_id)
    pre = operations.answer(participant_id, "PRE", date(2026, 1, 20))
    # Put off by a week: what was answered before stands, everything to come moves.
    operated_on = SURGERY_ON + timedelta(days=7)
    operations.record(participant_id, "surgery", operated_on)
    check_that_the_stored_plan_is_the_protocols(operations, participant_id)
    records = operations.assessments(participant_id)
    assert (records["PRE"].assessment_id, records["PRE"].submitted_at is not None) == (pre, True)
    assert records["M03"].target_on == date(2026, 5, 5)
    assert not records["M36"].provisional
    d10 = operations.answer(participant_id, "D10", operated_on + timedelta(days=10))
    assert (asked(operations, pre), asked(operations, d10)) == (["qlq-c30", "qlq-ginet21"], ["qlq-c30"])
    assert asked(operations, records["M03"].assessment_id) == ["qlq-ginet21", "qlq-c30"]


def test_a_recurrence_ends_the_series_and_begins_another_visit(operations: Clinic) -> None:
    participant_id = enrol(operations, "Pacific/Noumea")
    operations.record(participant_id, "surgery", SURGERY_ON)
    operations.answer(participant_id, "M03", date(2026, 4, 29))
    operations.record(participant_id, "recurrence", date(2026, 9, 1))
    check_that_the_stored_plan_is_the_protocols(operations, participant_id)
    in_plan = [c for c, r in operations.assessments(participant_id).items() if r.reason_code != PLAN_REPLACED]
    assert in_plan == ["PRE", "D10", "M03", "M06", "R6W"]


def test_an_operation_right_after_consent_leaves_no_window_that_ends_before_it_opens(
    operations: Clinic,
) -> None:
    participant_id = enrol(operations, "Europe/Paris")
    operations.record(participant_id, "surgery", CONSENT_ON)
    pre = operations.assessments(participant_id)["PRE"]
    assert pre.closes_on is not None
    assert pre.opens_on == pre.closes_on < CONSENT_ON
    assert (pre.reason_code, pre.state(noon(CONSENT_ON))) == ("SITE_LATE_RECORDING", "missed")
    check_that_the_windows_are_whole(operations, participant_id)


def check_that_the_windows_are_whole(clinic: Clinic, participant_id: int) -> None:
    for record in clinic.assessments(participant_id).values():
        assert record.closes_on is None or record.opens_on <= record.closes_on


def test_the_record_and_the_offers_speak_the_protocols_words_without_an_arm(operations: Clinic) -> None:
    participant_id = enrol(operations, "Europe/Paris")
    operations.record(participant_id, "surgery_planned", SURGERY_ON, at=CONSENT_ON)
    now = noon(SURGERY_ON)
    with operations.database.reading() as session:
        record = load_record(session, participant_id, actor=operations.nurse, language="en", now=now)
        situation = load_situation(session, participant_id, actor=operations.nurse, language="en", now=now)
    assert [line.label for line in record.visits][:2] == ["Before surgery", "10 days after surgery"]
    offers = {offer.kind: offer for offer in list_event_offers(situation, now=now)}
    assert "recurrence" not in offers
    assert offers["surgery"].proposed_on == SURGERY_ON
    assert offers["surgery"].arms == ()
