"""A form that was filed in the wrong place, at the browser: the nurse asks, the investigator moves it."""

import re
from datetime import date

import pytest
from clarification_world import Correction, build_correction
from clinic_browser import StaffBrowser, sign_in
from clinic_world import Clinic
from flask import Flask
from werkzeug.test import TestResponse

from pro_app.services.enrolment import enrol_participant

SAID = {
    "asked_on": "2026-01-07",
    "evidence": "paper_form",
    "evidence_ref": "Classeur source, onglet 4",
    "request": "Saisi dans le mauvais dossier.",
}
OTHER_CODE = "15-002"


@pytest.fixture
def correction(clinic: Clinic) -> Correction:
    """Give a form that was sent, and another patient of the site whose form is empty."""
    made = build_correction(clinic)
    clinic.enrol(date(2026, 1, 5), participant_code=OTHER_CODE, email="", telephone="")
    return made


@pytest.fixture
def investigator(app: Flask, correction: Correction) -> StaffBrowser:
    """Sign in the investigator of the site."""
    assert correction.investigator
    return sign_in(app, 4)


def ask(correction: Correction, browser: StaffBrowser, kind: str, **changes: str) -> TestResponse:
    address = f"/clinic/visits/{correction.assessment_id}/correction?kind={kind}"
    return browser.post(address, **(SAID | changes))


def test_the_nurse_names_the_right_patient_and_the_investigator_moves_the_form(
    correction: Correction, nurse: StaffBrowser, investigator: StaffBrowser
) -> None:
    asked = ask(correction, nurse, "participant", to_participant=OTHER_CODE)
    address = asked.request.path
    assert re.fullmatch(r"/clinic/clarifications/[0-9]+", address), asked.text
    assert "/decision" not in asked.text
    page = investigator.get(address)
    for code in ("15-001", OTHER_CODE):
        assert code in page.text
    basis = re.search(r'name="basis"[^>]*value="([^"]*)"', page.text)
    assert basis is not None
    said = {"decision": "accepted", "reason": "Vérifié sur la feuille.", "basis": basis[1]}
    done = investigator.post(f"{address}/decision", page=address, **said)
    assert done.status_code == 200
    assert correction.assessment().participant_code == OTHER_CODE
    # The page of the request goes on saying what it was about.
    assert "15-001" in investigator.get(address).text


def test_what_is_wrong_with_the_place_stands_at_its_field(
    correction: Correction, nurse: StaffBrowser
) -> None:
    for code in ("99-999", "15-001"):
        page = ask(correction, nurse, "participant", to_participant=code)
        assert (page.status_code, 'id="to_participant-error"' in page.text) == (400, True)
    page = ask(correction, nurse, "participant", to_participant="")
    assert (page.status_code, 'id="to_participant-error"' in page.text) == (400, True)


def test_a_patient_of_another_site_is_as_absent_as_nobody(
    correction: Correction, nurse: StaffBrowser
) -> None:
    clinic = correction.clinic
    with clinic.writing() as session:
        said = clinic.enrolment(
            site_id=clinic.other_site_id, participant_code="16-001", email="", telephone=""
        )
        enrol_participant(
            session,
            said,
            vault=clinic.vault,
            actor=clinic.other_nurse,
            now=correction.assessment().planned_at,
        )

    def answer(code: str) -> str:
        page = ask(correction, nurse, "participant", to_participant=code)
        assert page.status_code == 400
        return re.sub(r'(name="csrf_token"[^>]*value=")[^"]*', r"\1", page.text).replace(code, "")

    assert answer("16-001") == answer("99-999")


def test_where_no_other_visit_is_free_the_page_says_so_and_offers_none(
    correction: Correction, nurse: StaffBrowser
) -> None:
    page = nurse.get(f"/clinic/visits/{correction.assessment_id}/correction?kind=visit")
    assert page.status_code == 200
    assert 'name="to_visit"' not in page.text


def test_asking_for_a_place_needs_no_sight_of_an_answer(correction: Correction, nurse: StaffBrowser) -> None:
    page = nurse.get(f"/clinic/visits/{correction.assessment_id}/correction?kind=participant")
    assert page.status_code == 200
    assert 'id="items"' not in page.text
