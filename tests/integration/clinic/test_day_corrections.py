"""A corrected day moves all that follows from it, the plan too, and is checked anew at the decision."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from time import sleep

import pytest
from clarification_world import ENROLLED, LATER, Correction, add_investigator, build_correction, wants
from clinic_world import Clinic, noon
from sqlalchemy import select

from pro_app.errors import InputRejected
from pro_app.services.clarifications.apply import read_basis
from pro_app.services.clarifications.rules import Wanted
from pro_app.storage.queries.assessments import load_assessment
from pro_app.storage.queries.participants import lock_participant_of_form
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload

SHEET_ON = date(2026, 1, 5)


def wants_day(day: date, *, asked_on: date = date(2026, 1, 7)) -> Wanted:
    wanted = wants(kind="date", evidence="paper_form", asked_on=asked_on, source_on=day)
    return replace(wanted, items=())


@pytest.fixture
def on_paper(clinic: Clinic) -> Correction:
    """Give a form that the site typed from a sheet."""
    return build_correction(clinic, mode="paper")


def open_later(correction: Correction, day: date) -> None:
    """Let the period of the form begin on another day than when the correction was asked for."""
    with correction.clinic.writing() as session:
        session.get_one(PlannedVisit, correction.assessment().planned_visit_id).opens_on = day


def list_changes(correction: Correction) -> list[object]:
    with correction.clinic.database.reading() as session:
        statement = select(AuditPayload.items).join(AuditEntry, AuditEntry.id == AuditPayload.entry_id)
        (items,) = session.scalars(statement.where(AuditEntry.action == "clarification.accept"))
        return [item["field"] for item in items or ()]


def test_a_form_never_begins_after_its_corrected_day(on_paper: Correction) -> None:
    on_paper.decide(on_paper.request(wants_day(SHEET_ON)))
    form = on_paper.assessment()
    assert form.completed_at == form.started_at == noon(SHEET_ON)
    assert [response.started_at for response in on_paper.responses()] == [noon(SHEET_ON)]


def test_a_day_that_can_no_longer_be_is_refused_at_the_decision_and_nothing_is_half_done(
    on_paper: Correction,
) -> None:
    key, before = on_paper.request(wants_day(SHEET_ON)), on_paper.assessment()
    open_later(on_paper, date(2026, 1, 6))
    with pytest.raises(InputRejected, match="before the period"):
        on_paper.decide(key)
    after = on_paper.assessment()
    kept = ("source_on", "started_at", "completed_at", "planned_visit_id")
    assert all(getattr(after, name) == getattr(before, name) for name in kept)
    assert on_paper.row(key).decision is None
    on_paper.decide(key, accept=False)


def test_a_decision_rests_on_the_period_that_was_shown(on_paper: Correction) -> None:
    key = on_paper.request(wants_day(SHEET_ON))
    with on_paper.clinic.database.reading() as session:
        seen = read_basis(session, load_assessment(session, on_paper.assessment_id))
    open_later(on_paper, ENROLLED - timedelta(days=1))
    with pytest.raises(InputRejected, match="changed since"):
        on_paper.decide(key, basis=seen)


def test_the_plan_follows_a_corrected_day_and_the_form_returns_to_its_visit(clinic: Clinic) -> None:
    misread_on, sheet_on, typed_on = date(2026, 10, 12), date(2026, 12, 1), date(2026, 12, 8)
    investigator = add_investigator(clinic, clinic.site_id, 4)
    participant_id = clinic.enrol(ENROLLED)
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    correction = Correction(
        clinic, participant_id, clinic.answer(participant_id, "M03", misread_on), investigator, investigator
    )
    with clinic.writing() as session:
        form = session.get_one(Assessment, correction.assessment_id)
        form.submitted_mode, form.submitted_by_id = "paper", clinic.nurse.account_id
        form.source_on, form.completed_at, form.submitted_at = misread_on, noon(misread_on), noon(typed_on)
    clinic.record(participant_id, "treatment_ended", date(2026, 9, 1), at=date(2026, 12, 9))
    assert clinic.assessments(participant_id)["UNSCHEDULED 1"].assessment_id == correction.assessment_id

    decided_at = noon(date(2026, 12, 10))
    key = correction.request(wants_day(sheet_on, asked_on=sheet_on), at=decided_at)
    correction.decide(key, at=decided_at)

    forms = clinic.assessments(participant_id)
    assert forms["M03"].assessment_id == correction.assessment_id
    assert "UNSCHEDULED 1" not in forms
    assert "visit:M03" in list_changes(correction)


def test_a_decision_waits_for_the_patient_before_it_takes_the_form(on_paper: Correction) -> None:
    key = on_paper.request(wants_day(SHEET_ON))
    with ThreadPoolExecutor(1) as people:
        with on_paper.clinic.writing() as session:
            lock_participant_of_form(session, on_paper.assessment_id)
            deciding = people.submit(on_paper.decide, key)
            sleep(0.3)
            load_assessment(session, on_paper.assessment_id, lock=True)
        deciding.result(timeout=20)
    row = on_paper.row(key)
    assert (row.decision, row.decided_at) == ("accepted", LATER)
