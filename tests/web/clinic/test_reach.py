from datetime import date

import pytest
from clinic_browser import StaffBrowser
from clinic_world import Clinic

MISSING = 999_999
PAGES = (
    "/clinic/participants/{participant}",
    "/clinic/participants/{participant}/first-steps",
    "/clinic/participants/{participant}/card",
    "/clinic/participants/{participant}/lost-phone",
    "/clinic/participants/{participant}/contact",
    "/clinic/participants/{participant}/events/new",
    "/clinic/participants/{participant}/events/{event}",
    "/clinic/participants/{participant}/events/{event}/undo",
    "/clinic/visits/{assessment}/reopen",
    "/clinic/visits/{assessment}/reason",
)
FORMS = (
    *(page for page in PAGES[2:] if "/undo" not in page),
    "/clinic/participants/{participant}/test-message",
)
CHANGING = (*PAGES[1:], "/clinic/participants/new")


def enrol(clinic: Clinic) -> dict[str, int]:
    """Enrol at the first site and give the keys that the addresses hold."""
    participant_id = clinic.enrol(date(2026, 1, 5))
    event_id = clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    assessment_id = clinic.assessments(participant_id)["BASELINE"].assessment_id
    return {"participant": participant_id, "event": event_id, "assessment": assessment_id}


NOBODY = {"participant": MISSING, "event": MISSING, "assessment": MISSING}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_another_site_is_exactly_a_missing_one(
    clinic: Clinic, nurse: StaffBrowser, other_nurse: StaffBrowser, *, page: str
) -> None:
    keys = enrol(clinic)
    assert nurse.get(page.format(**keys)).status_code == 200
    theirs, missing = other_nurse.get(page.format(**keys)), other_nurse.get(page.format(**NOBODY))
    assert (theirs.status_code, theirs.text) == (404, missing.text)


@pytest.mark.parametrize("form", FORMS)
def test_a_form_of_another_site_is_exactly_a_missing_one_and_changes_nothing(
    clinic: Clinic, other_nurse: StaffBrowser, form: str
) -> None:
    keys = enrol(clinic)
    before = clinic.assessments(keys["participant"])
    said = {"kind": "died", "step": "confirm", "occurred_on": "2026-02-01", "reason": "x"}
    theirs, missing = (
        other_nurse.post(form.format(**each), page="/clinic/", **said) for each in (keys, NOBODY)
    )
    assert (theirs.status_code, theirs.text) == (404, missing.text)
    assert clinic.assessments(keys["participant"]) == before


def test_an_event_is_reached_only_below_its_own_participant(clinic: Clinic, nurse: StaffBrowser) -> None:
    keys = enrol(clinic)
    other = clinic.enrol(date(2026, 1, 5), participant_code="15-002")
    assert nurse.get(f"/clinic/participants/{other}/events/{keys['event']}").status_code == 404


@pytest.mark.parametrize("page", CHANGING)
def test_those_who_only_read_find_no_page_that_changes_or_shows_a_contact(
    clinic: Clinic, coordinator: StaffBrowser, monitor: StaffBrowser, *, page: str
) -> None:
    address = page.format(**enrol(clinic))
    assert [browser.get(address).status_code for browser in (coordinator, monitor)] == [404, 404]


def test_those_who_only_read_see_records_of_every_site_without_contact_or_links_to_change(
    clinic: Clinic, coordinator: StaffBrowser, monitor: StaffBrowser
) -> None:
    address = "/clinic/participants/{participant}".format(**enrol(clinic))
    for browser in (coordinator, monitor):
        page = browser.get(address)
        assert page.status_code == 200
        assert not any(word in page.text for word in ("dupont", "12345678", "/contact", "/card", "/events"))


@pytest.mark.parametrize("address", ["/clinic/", "/clinic/completion"])
def test_a_nurse_cannot_choose_another_site(clinic: Clinic, nurse: StaffBrowser, address: str) -> None:
    assert nurse.get(f"{address}?site={clinic.site_id}").status_code == 200
    assert nurse.get(f"{address}?site={clinic.other_site_id}").status_code == 404
