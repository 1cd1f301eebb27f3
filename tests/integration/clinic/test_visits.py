from datetime import date

import pytest
from clinic_world import Clinic, noon
from sqlalchemy import select

from pro_app.audit.actor import Actor
from pro_app.errors import InputRejected, NotFound
from pro_app.services.visits import NotDone, record_not_done, reopen_visit
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload

RANDOMISED = date(2026, 1, 12)
AFTER_W08 = date(2026, 3, 17)
"""The day after the window of W08 (2–16 March) closed; that of W16 opens on 27 April."""


def enrol_and_randomise(clinic: Clinic) -> int:
    participant_id = clinic.enrol(date(2026, 1, 5))
    clinic.record(participant_id, "randomised", RANDOMISED, arm="LUTATHERA")
    return participant_id


def reopen(
    clinic: Clinic, visit: str, on: date, *, reason: str = "was away", actor: Actor | None = None
) -> None:
    assessment_id = clinic.assessments(1)[visit].assessment_id
    with clinic.writing() as session:
        reopen_visit(session, assessment_id, reason=reason, actor=actor or clinic.nurse, now=noon(on))


def say(clinic: Clinic, visit: str, not_done: NotDone, *, on: date = AFTER_W08) -> None:
    assessment_id = clinic.assessments(1)[visit].assessment_id
    with clinic.writing() as session:
        record_not_done(session, assessment_id, not_done, actor=clinic.nurse, now=noon(on))


def test_a_missed_visit_reopens_until_the_next_window_and_comes_in_late(clinic: Clinic) -> None:
    participant_id = enrol_and_randomise(clinic)
    reopen(clinic, "W08", AFTER_W08)
    assert clinic.assessments(participant_id)["W08"].reopened_until == date(2026, 4, 26)
    clinic.answer(participant_id, "W08", date(2026, 4, 26))
    assert clinic.assessments(participant_id)["W08"].state(noon(date(2026, 4, 27))) == "late"


@pytest.mark.parametrize(
    ("visit", "on"),
    [("BASELINE", AFTER_W08), ("W08", date(2026, 3, 10)), ("W08", date(2026, 4, 27)), ("W16", AFTER_W08)],
)
def test_the_baseline_and_visits_that_are_open_past_or_to_come_do_not_reopen(
    clinic: Clinic, visit: str, on: date
) -> None:
    enrol_and_randomise(clinic)
    with pytest.raises(InputRejected):
        reopen(clinic, visit, on)


def test_a_visit_closed_by_a_withdrawal_does_not_reopen(clinic: Clinic) -> None:
    participant_id = enrol_and_randomise(clinic)
    clinic.record(participant_id, "questionnaires_stopped", date(2026, 3, 10))
    with pytest.raises(InputRejected):
        reopen(clinic, "W08", AFTER_W08)


def test_reopening_twice_keeps_the_first_reason(clinic: Clinic) -> None:
    participant_id = enrol_and_randomise(clinic)
    reopen(clinic, "W08", AFTER_W08)
    reopen(clinic, "W08", AFTER_W08, reason="again")
    assert clinic.assessments(participant_id)["W08"].reopened_reason == "was away"


def test_reopening_needs_a_reason_and_the_own_site(clinic: Clinic) -> None:
    enrol_and_randomise(clinic)
    with pytest.raises(InputRejected):
        reopen(clinic, "W08", AFTER_W08, reason=" ")
    with pytest.raises(NotFound):
        reopen(clinic, "W08", AFTER_W08, actor=clinic.other_nurse)


def test_a_reason_is_kept_with_who_said_it_and_can_be_replaced(clinic: Clinic) -> None:
    participant_id = enrol_and_randomise(clinic)
    say(clinic, "W08", NotDone("FORGOT", "patient", ""))
    say(clinic, "W08", NotDone("OTHER", "relative", "at a wedding"))
    record = clinic.assessments(participant_id)["W08"]
    assert (record.not_done_reason, record.not_done_said_by, record.not_done_text) == (
        "OTHER",
        "relative",
        "at a wedding",
    )


@pytest.mark.parametrize(
    ("not_done", "places"),
    [
        (NotDone("BORED", "patient", ""), ["reason"]),
        (NotDone("SITE_LATE_RECORDING", "site", ""), ["reason"]),
        (NotDone("FORGOT", "neighbour", ""), ["said_by"]),
        (NotDone("OTHER", "patient", " "), ["text"]),
        (NotDone("OTHER", "patient", "x" * 501), ["text"]),
        (NotDone("", "", ""), ["reason", "said_by"]),
    ],
)
def test_a_reason_that_the_protocol_does_not_know_is_refused(
    clinic: Clinic, not_done: NotDone, places: list[str]
) -> None:
    enrol_and_randomise(clinic)
    with pytest.raises(InputRejected) as rejected:
        say(clinic, "W08", not_done)
    assert [problem.place for problem in rejected.value.problems] == places


def test_a_visit_to_come_needs_no_reason(clinic: Clinic) -> None:
    enrol_and_randomise(clinic)
    with pytest.raises(InputRejected):
        say(clinic, "M12", NotDone("FORGOT", "patient", ""))


def test_a_reason_given_while_the_form_was_open_goes_when_it_comes_in_time(clinic: Clinic) -> None:
    participant_id = enrol_and_randomise(clinic)
    say(clinic, "W08", NotDone("REFUSED", "patient", ""), on=date(2026, 3, 2))
    clinic.answer(participant_id, "W08", date(2026, 3, 3))
    record = clinic.assessments(participant_id)["W08"]
    assert (record.not_done_reason, record.not_done_said_by, record.not_done_recorded_at) == (None,) * 3
    with clinic.database.reading() as session:
        items = session.scalars(
            select(AuditPayload.items)
            .join(AuditEntry, AuditEntry.id == AuditPayload.entry_id)
            .where(AuditEntry.action == "assessment.submit")
        ).one()
    assert {"field": "not_done_reason", "before": "REFUSED", "after": None} in items


def test_the_reason_of_a_late_form_stays(clinic: Clinic) -> None:
    participant_id = enrol_and_randomise(clinic)
    say(clinic, "W08", NotDone("HOSPITALISED", "patient", ""))
    reopen(clinic, "W08", AFTER_W08)
    clinic.answer(participant_id, "W08", AFTER_W08)
    assert clinic.assessments(participant_id)["W08"].not_done_reason == "HOSPITALISED"
