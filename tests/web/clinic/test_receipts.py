from datetime import date

import pytest
from clinic_browser import StaffBrowser
from clinic_world import Clinic

CONSENT = date(2026, 1, 5)


@pytest.fixture
def code(clinic: Clinic) -> str:
    """Give the receipt code of a questionnaire that a participant of the first site has sent."""
    participant_id = clinic.enrol(CONSENT)
    clinic.answer(participant_id, "BASELINE", CONSENT)
    found = clinic.assessments(participant_id)["BASELINE"].receipt_code
    assert found is not None
    return found


def test_the_list_of_patients_leads_to_the_page(nurse: StaffBrowser) -> None:
    assert 'href="/clinic/receipts"' in nurse.get("/clinic/").text
    assert "found-title" not in nurse.get("/clinic/receipts").text


@pytest.mark.parametrize("typed", ["{code}", " {code} ", "{lower}", "{code:.3}-{rest}"])
def test_a_code_leads_to_patient_visit_and_moment_however_it_is_typed(
    nurse: StaffBrowser, code: str, typed: str
) -> None:
    said = typed.format(code=code, lower=code.lower(), rest=code[3:])
    page = nurse.get(f"/clinic/receipts?code={said}").text
    assert "found-title" in page
    assert code in page
    assert "15-001" in page
    assert "5 janv. 2026, 12:05" in page
    assert 'href="/clinic/participants/' in page


def test_no_answer_is_shown(nurse: StaffBrowser, code: str) -> None:
    page = nurse.get(f"/clinic/receipts?code={code}").text
    assert "qlq" not in page.lower()
    main = page[page.index("<main") : page.index("</main>")]
    assert main.count("<dt>") == 5


def test_the_code_of_another_site_is_as_unknown_as_a_wrong_one(
    nurse: StaffBrowser, other_nurse: StaffBrowser, code: str
) -> None:
    wrong = "0" * 7 if code != "0" * 7 else "1" * 7
    strange = other_nurse.get(f"/clinic/receipts?code={code}").text
    assert "found-title" not in strange
    assert "15-001" not in strange
    assert strange == other_nurse.get(f"/clinic/receipts?code={wrong}").text.replace(wrong, code)
    assert "found-title" not in nurse.get(f"/clinic/receipts?code={wrong}").text


def test_coordinator_and_monitor_see_the_site_too(
    coordinator: StaffBrowser, monitor: StaffBrowser, code: str
) -> None:
    for browser in (coordinator, monitor):
        page = browser.get(f"/clinic/receipts?code={code}").text
        assert "found-title" in page
        assert "Centre 15" in page


@pytest.mark.parametrize("typed", ["", "ABC", "7KQ2M9A7KQ2M9A", "%3Cscript%3E", "é" * 7])
def test_what_is_no_receipt_code_finds_nothing(nurse: StaffBrowser, typed: str) -> None:
    page = nurse.get(f"/clinic/receipts?code={typed}").text
    assert "found-title" not in page
    assert "<script>" not in page
