"""What the form of enrolment says while it is typed."""

import re
from datetime import date

import pytest
from clinic_browser import StaffBrowser
from clinic_world import Clinic

NEW, CHECK = "/clinic/participants/new", "/clinic/participants/check"
SAID = {
    "participant_code": "15-001",
    "consented_on": "2026-03-02",
    "notice_version": "2.1",
    "language": "fr",
    "zone": "Europe/Paris",
    "reminder_hour": "10",
}


def findings(browser: StaffBrowser, **typed: str) -> list[tuple[str, bool]]:
    """List what is said: at which field, and whether it will be refused."""
    page = browser.client.get(CHECK, query_string=typed)
    assert page.status_code == 200
    said = re.findall(r'<p class="field-(\w+)" data-place="(\w+)">', page.text)
    return [(place, tone == "error") for tone, place in said]


def test_a_number_that_is_free_is_said_to_be(clinic: Clinic, nurse: StaffBrowser) -> None:
    assert clinic.site_id
    assert findings(nurse, participant_code="15-001") == [("participant_code", False)]


@pytest.mark.parametrize("code", ["é15", "15*001", "1" * 120, "-15"])
def test_a_number_that_none_can_be_is_said_before_it_is_sent(
    clinic: Clinic, nurse: StaffBrowser, code: str
) -> None:
    assert clinic.site_id
    assert findings(nurse, participant_code=code) == [("participant_code", True)]


def test_a_number_of_the_own_site_names_its_consent_and_one_of_another_site_nothing(
    clinic: Clinic, nurse: StaffBrowser, other_nurse: StaffBrowser
) -> None:
    clinic.enrol(date(2026, 1, 5))
    own = nurse.client.get(CHECK, query_string={"participant_code": " 15-001 "})
    theirs = other_nurse.client.get(CHECK, query_string={"participant_code": "15-001"})
    assert findings(other_nurse, participant_code="15-001") == [("participant_code", True)]
    assert "5 janvier 2026" in own.text
    assert "2026" not in theirs.text


def test_a_number_that_begins_otherwise_is_worth_a_look_and_not_refused(
    clinic: Clinic, nurse: StaffBrowser
) -> None:
    clinic.enrol(date(2026, 1, 5))
    clinic.enrol(date(2026, 1, 6), participant_code="15-002", email=None, telephone=None)
    page = nurse.client.get(CHECK, query_string={"participant_code": "51-003"})
    assert "15-" in page.text
    assert nurse.post(NEW, **(SAID | {"participant_code": "51-003"})).request.path.endswith("/first-steps")
    # Now two kinds of numbers are in use, so that neither is strange.
    assert "15-" not in nurse.client.get(CHECK, query_string={"participant_code": "77-004"}).text


@pytest.mark.parametrize(
    ("day", "refused"),
    [("2026-03-03", True), ("2000-01-01", True), ("2026-01-05", False), ("2026-03-02", None), ("soon", None)],
)
def test_the_day_of_consent_is_looked_at(
    clinic: Clinic, nurse: StaffBrowser, day: str, *, refused: bool | None
) -> None:
    assert clinic.site_id
    expected = [] if refused is None else [("consented_on", refused)]
    assert findings(nurse, consented_on=day) == expected


def test_the_notice_is_the_last_one_that_the_site_used(clinic: Clinic, nurse: StaffBrowser) -> None:
    assert re.search(r'name="notice_version"[^>]*value=""', nurse.get(NEW).text)
    clinic.enrol(date(2026, 1, 5), notice_version="3.4")
    assert re.search(r'name="notice_version"[^>]*value="3\.4"', nurse.get(NEW).text)
    assert findings(nurse, notice_version="3.4") == []
    assert findings(nurse, notice_version="2.1") == [("notice_version", False)]
    assert findings(nurse, notice_version="x" * 41) == [("notice_version", True)]


def test_nothing_is_said_of_what_is_not_typed_yet(clinic: Clinic, nurse: StaffBrowser) -> None:
    assert clinic.site_id
    assert findings(nurse, participant_code="", notice_version=" ") == []


@pytest.mark.parametrize("role", ["monitor", "coordinator"])
def test_only_who_enrols_is_told(request: pytest.FixtureRequest, role: str) -> None:
    browser: StaffBrowser = request.getfixturevalue(role)
    assert browser.client.get(CHECK, query_string={"participant_code": "15-001"}).status_code == 404


@pytest.mark.parametrize("name", ["participant_code", "notice_version", "email", "telephone"])
def test_what_is_far_too_long_is_said_at_its_field_and_kept_in_the_form(
    clinic: Clinic, nurse: StaffBrowser, name: str
) -> None:
    assert clinic.site_id
    long = "a" * 120 if name != "telephone" else "6" * 120
    page = nurse.post(NEW, **(SAID | {name: long}))
    assert (page.status_code, re.findall(r'id="(\w+)-error"', page.text)) == (400, [name])
    assert f'value="{long}"' in page.text
