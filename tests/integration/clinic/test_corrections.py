"""Corrections that come after answers: what was answered stays, the rest follows, and a reason is needed."""

from collections.abc import Mapping
from datetime import date

import pytest
from clinic_world import Clinic, noon

from pro_app.errors import InputRejected
from pro_app.protocol.open_days import PLAN_REPLACED
from pro_app.services.events import Correction, correct_event, record_event

CONSENT_ON, RANDOMISED_ON = date(2026, 1, 5), date(2026, 1, 12)


def correct(
    clinic: Clinic,
    event_id: int,
    to: date | None,
    *,
    on: date,
    details: Mapping[str, str] | None = None,
    reason: str = "misread",
) -> None:
    with clinic.writing() as session:
        correction = Correction(reason, to, details)
        correct_event(session, event_id, correction, actor=clinic.nurse, now=noon(on), language="en")


def said(rejected: pytest.ExceptionInfo[InputRejected]) -> list[str]:
    return [problem.message % (problem.values or {}) for problem in rejected.value.problems]


def test_an_arm_is_corrected_after_answers_and_only_what_depends_on_it_moves(clinic: Clinic) -> None:
    participant_id = clinic.enrol(CONSENT_ON)
    event_id = clinic.record(participant_id, "randomised", RANDOMISED_ON, arm="LUTATHERA")
    answered = clinic.answer(participant_id, "W08", date(2026, 3, 9))
    before = clinic.assessments(participant_id)
    correct(clinic, event_id, RANDOMISED_ON, on=date(2026, 3, 20), details={"arm": "SURVEILLANCE"})
    after = clinic.assessments(participant_id)
    assert (after["W08"].assessment_id, after["W08"]) == (answered, before["W08"])
    # Expected is now six months of surveillance, not sixteen weeks: W24 is certain, the follow-up later.
    assert (before["W24"].provisional, after["W24"].provisional) == (True, False)
    assert (before["M03"].target_on, after["M03"].target_on) == (date(2026, 8, 4), date(2026, 10, 12))


def test_an_arm_is_not_corrected_without_a_reason_nor_recorded_a_second_time(clinic: Clinic) -> None:
    participant_id = clinic.enrol(CONSENT_ON)
    event_id = clinic.record(participant_id, "randomised", RANDOMISED_ON, arm="LUTATHERA")
    before = clinic.assessments(participant_id)
    on = date(2026, 3, 20)
    other = {"arm": "SURVEILLANCE"}
    with pytest.raises(InputRejected) as rejected:
        correct(clinic, event_id, RANDOMISED_ON, on=on, details=other, reason=" ")
    assert said(rejected) == ["Say why, in at most 500 characters."]
    with pytest.raises(InputRejected) as rejected, clinic.writing() as session:
        record_event(
            session,
            participant_id=participant_id,
            kind="randomised",
            occurred_on=RANDOMISED_ON,
            details=other,
            actor=clinic.nurse,
            now=noon(on),
            language="en",
        )
    expected = "“Randomisation” is already recorded (2026-01-12): correct that entry instead."
    assert said(rejected) == [expected]
    assert clinic.assessments(participant_id) == before


def test_an_arm_with_infusions_is_not_corrected_to_one_without(clinic: Clinic) -> None:
    participant_id = clinic.enrol(CONSENT_ON)
    event_id = clinic.record(participant_id, "randomised", RANDOMISED_ON, arm="LUTATHERA")
    clinic.record(participant_id, "infusion", date(2026, 1, 20))
    before = clinic.assessments(participant_id)
    with pytest.raises(InputRejected) as rejected:
        correct(clinic, event_id, RANDOMISED_ON, on=date(2026, 2, 2), details={"arm": "SURVEILLANCE"})
    assert said(rejected) == ["“Infusion” is recorded (2026-01-20), which does not happen in this arm."]
    assert clinic.assessments(participant_id) == before


def test_an_end_corrected_after_follow_up_visits_were_answered_leaves_those_and_moves_the_rest(
    clinic: Clinic,
) -> None:
    participant_id = clinic.enrol(CONSENT_ON)
    clinic.record(participant_id, "randomised", RANDOMISED_ON, arm="LUTATHERA")
    event_id = clinic.record(participant_id, "treatment_ended", date(2026, 5, 4))
    for code, on in (("M03", date(2026, 8, 6)), ("M06", date(2026, 11, 4))):
        clinic.answer(participant_id, code, on)
    before = clinic.assessments(participant_id)
    corrected_on = date(2026, 6, 4)
    correct(clinic, event_id, corrected_on, on=date(2026, 11, 20))
    after = clinic.assessments(participant_id)
    assert {code: after[code] for code in ("M03", "M06")} == {code: before[code] for code in ("M03", "M06")}
    assert (after["M09"].target_on, after["Y5"].target_on) == (date(2027, 3, 4), date(2031, 6, 4))
    assert not any(code.startswith("UNSCHEDULED") for code in after)


def test_an_end_corrected_to_an_earlier_day_misses_through_late_recording_what_is_past_by_then(
    clinic: Clinic,
) -> None:
    participant_id = clinic.enrol(CONSENT_ON)
    clinic.record(participant_id, "randomised", RANDOMISED_ON, arm="SURVEILLANCE")
    event_id = clinic.record(participant_id, "treatment_ended", date(2026, 7, 1))
    noticed_on = date(2026, 7, 20)
    correct(clinic, event_id, date(2026, 2, 2), on=noticed_on)
    records = clinic.assessments(participant_id)
    late = records["M03"]
    assert (late.closes_on, late.reason_code, late.expected) == (
        date(2026, 5, 16),
        "SITE_LATE_RECORDING",
        True,
    )
    assert str(records["M06"].state(noon(noticed_on))) == "open"
    assert {code for code, r in records.items() if r.reason_code == PLAN_REPLACED} == {"W08", "W16", "W24"}


def test_a_second_death_is_refused_and_the_first_one_corrected_moves_what_it_ends(clinic: Clinic) -> None:
    participant_id = clinic.enrol(CONSENT_ON)
    clinic.record(participant_id, "randomised", RANDOMISED_ON, arm="LUTATHERA")
    event_id = clinic.record(participant_id, "died", date(2026, 3, 1), at=date(2026, 4, 1))
    with pytest.raises(InputRejected) as rejected:
        clinic.record(participant_id, "died", date(2026, 3, 20), at=date(2026, 4, 1))
    assert rejected.value.problems[0].values == {"event": "Décès", "date": "2026-03-01"}
    assert clinic.assessments(participant_id)["W08"].reason_code == "DIED"
    correct(clinic, event_id, date(2026, 3, 20), on=date(2026, 4, 2))
    w08, w16 = (clinic.assessments(participant_id)[code] for code in ("W08", "W16"))
    assert (w08.expected, w16.expected, w16.reason_code) == (True, False, "DIED")
