"""Consent records at the browser: what is recorded, corrected and shown to whom."""

import re
from datetime import date, timedelta

import pytest
from clinic_browser import StaffBrowser
from clinic_world import Clinic
from conftest import NOW
from werkzeug.test import TestResponse

MISSING = 999_999
TODAY = NOW.date()
SIGNED = {"kind": "notice_signed", "occurred_on": TODAY.isoformat(), "notice_version": "3.0"}


@pytest.fixture
def address(clinic: Clinic) -> str:
    """Give the address of the consent of a participant of the first site."""
    return f"/clinic/participants/{clinic.enrol(TODAY - timedelta(days=3))}/consent"


def entries(page: TestResponse, address: str) -> list[int]:
    return [int(key) for key in re.findall(rf'href="{address}/([0-9]+)"', page.text)]


def test_a_notice_that_was_signed_stands_on_the_record(nurse: StaffBrowser, address: str) -> None:
    page = nurse.post(address, **SIGNED)
    assert page.status_code == 200
    (key,) = entries(page, address)
    record = nurse.get(address.removesuffix("/consent"))
    assert entries(record, address) == [key]
    assert "3.0" in record.text


def test_a_part_withdrawn_needs_words_and_a_notice_its_version(nurse: StaffBrowser, address: str) -> None:
    page = nurse.post(address, kind="partly_withdrawn", occurred_on=TODAY.isoformat())
    assert (page.status_code, 'id="remark-error"' in page.text) == (400, True)
    page = nurse.post(address, kind="copy_given", occurred_on=TODAY.isoformat())
    assert (page.status_code, 'id="notice_version-error"' in page.text) == (400, True)
    page = nurse.post(address, **(SIGNED | {"occurred_on": (TODAY + timedelta(days=1)).isoformat()}))
    assert (page.status_code, 'id="occurred_on-error"' in page.text) == (400, True)


def test_an_entry_is_corrected_by_the_next_one(nurse: StaffBrowser, address: str) -> None:
    (key,) = entries(nurse.post(address, **SIGNED), address)
    wrong = f"{address}/{key}"
    assert nurse.post(wrong, **SIGNED, reason="").status_code == 400
    page = nurse.post(wrong, **(SIGNED | {"notice_version": "3.1"}), reason="Mauvaise version lue.")
    (following,) = entries(page, address)
    assert following != key
    assert "Mauvaise version lue." in page.text
    gone = nurse.get(wrong)
    assert gone.status_code == 200
    assert "<form" not in gone.text.split("<main")[1].split("</main")[0]
    page = nurse.post(f"{address}/{following}", **SIGNED, never_happened="y", reason="Autre patient.")
    assert entries(page, address) == []


def test_words_about_a_person_stay_with_those_of_the_site(
    nurse: StaffBrowser, monitor: StaffBrowser, coordinator: StaffBrowser, *, address: str
) -> None:
    words = "Refuse la conservation des messages."
    nurse.post(address, kind="partly_withdrawn", occurred_on=TODAY.isoformat(), remark=words)
    record = address.removesuffix("/consent")
    assert words in nurse.get(record).text
    for browser in (monitor, coordinator):
        shown = browser.get(record)
        assert shown.status_code == 200
        assert words not in shown.text
        assert browser.get(address).status_code == 404


def test_another_site_finds_exactly_a_missing_consent(
    nurse: StaffBrowser, other_nurse: StaffBrowser, address: str
) -> None:
    (key,) = entries(nurse.post(address, **SIGNED), address)
    for page in ("", f"/{key}"):
        theirs = other_nurse.get(address + page)
        missing = other_nurse.get(f"/clinic/participants/{MISSING}/consent{page}")
        assert (theirs.status_code, theirs.text) == (404, missing.text)
        said = other_nurse.post(address + page, page="/clinic/", **SIGNED, reason="x")
        assert said.status_code == 404
    assert len(entries(nurse.get(address), address)) == 1


def test_an_entry_is_reached_only_below_its_own_participant(
    clinic: Clinic, nurse: StaffBrowser, address: str
) -> None:
    (key,) = entries(nurse.post(address, **SIGNED), address)
    other = clinic.enrol(TODAY - timedelta(days=2), participant_code="15-002")
    assert nurse.get(f"/clinic/participants/{other}/consent/{key}").status_code == 404
    assert date.fromisoformat(SIGNED["occurred_on"]) == TODAY
