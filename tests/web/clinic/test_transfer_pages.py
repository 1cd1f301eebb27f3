"""Changes of site at the browsers of both sites: who asks, who answers, and what the others find."""

import re
from datetime import date, timedelta

import pytest
from clinic_browser import StaffBrowser
from clinic_world import Clinic
from conftest import NOW
from transfer_world import Moving
from werkzeug.test import TestResponse

from pro_app.audit.actor import system_actor
from pro_app.services.sites import SiteDetails, save_site
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.transfers import SiteTransfer

MISSING = 999_999
TODAY = NOW.date()
WHY = "Déménagement à Rennes."


@pytest.fixture
def moving(clinic: Clinic) -> Moving:
    """Give a participant of the first site, enrolled some days ago."""
    return Moving(clinic, clinic.enrol(TODAY - timedelta(days=3)))


def ask(moving: Moving, browser: StaffBrowser, **changes: str) -> TestResponse:
    said = {"to_site_id": str(moving.clinic.other_site_id), "moves_on": TODAY.isoformat(), "reason": WHY}
    return browser.post(f"/clinic/participants/{moving.participant_id}/transfer", **(said | changes))


def key_of(page: TestResponse) -> int:
    found = re.fullmatch(r"/clinic/transfers/([0-9]+)", page.request.path)
    assert found is not None, page.request.path
    return int(found[1])


def answer(browser: StaffBrowser, key: int, how: str, **fields: str) -> TestResponse:
    return browser.post(f"/clinic/transfers/{key}/{how}", page=f"/clinic/transfers/{key}", **fields)


def test_a_patient_goes_from_one_nurse_to_another(
    moving: Moving, nurse: StaffBrowser, other_nurse: StaffBrowser
) -> None:
    key = key_of(ask(moving, nurse))
    listed = other_nurse.get("/clinic/tasks").text
    assert f'href="/clinic/transfers/{key}"' in listed
    assert f'href="/clinic/participants/{moving.participant_id}"' not in listed
    record = f"/clinic/participants/{moving.participant_id}"
    assert other_nurse.get(record).status_code == 404
    taken = answer(other_nurse, key, "acceptance")
    assert (taken.status_code, taken.request.path) == (200, record)
    theirs, missing = (
        nurse.get(f"/clinic/participants/{each}{page}")
        for page in ("",)
        for each in (moving.participant_id, MISSING)
    )
    assert (theirs.status_code, theirs.text) == (404, missing.text)
    for page in ("contact", "card", "transfer", "consent"):
        theirs = nurse.get(f"/clinic/participants/{moving.participant_id}/{page}")
        missing = nurse.get(f"/clinic/participants/{MISSING}/{page}")
        assert (theirs.status_code, theirs.text) == (404, missing.text)
    seen = nurse.get(f"/clinic/transfers/{key}")
    assert seen.status_code == 200
    assert f'href="{record}"' not in seen.text


def test_a_refusal_is_read_by_the_site_that_asked(
    moving: Moving, nurse: StaffBrowser, other_nurse: StaffBrowser
) -> None:
    key = key_of(ask(moving, nurse))
    assert answer(other_nurse, key, "refusal", reason="").status_code == 400
    assert answer(other_nurse, key, "refusal", reason="Pas de place avant mars.").status_code == 200
    assert "Pas de place avant mars." in nurse.get(f"/clinic/transfers/{key}").text
    assert moving.site_id() == moving.clinic.site_id


def test_a_request_is_taken_back_and_the_other_site_is_told_so(
    moving: Moving, nurse: StaffBrowser, other_nurse: StaffBrowser
) -> None:
    key = key_of(ask(moving, nurse))
    page = f"/clinic/transfers/{key}"
    before = other_nurse.get(page)
    assert f'action="{page}/acceptance"' in before.text
    assert answer(nurse, key, "withdrawal").status_code == 200
    late = other_nurse.post(f"{page}/acceptance", page="/clinic/")
    assert late.status_code == 200
    assert f'action="{page}/acceptance"' not in late.text
    assert moving.row(key).settled_how == "withdrawn"
    assert moving.site_id() == moving.clinic.site_id


def test_each_field_that_is_wrong_is_named(moving: Moving, nurse: StaffBrowser) -> None:
    page = ask(moving, nurse, to_site_id="", moves_on="", reason="")
    assert page.status_code == 400
    for name in ("to_site_id", "moves_on", "reason"):
        assert f'id="{name}-error"' in page.text
    far = ask(moving, nurse, moves_on=(TODAY + timedelta(days=90)).isoformat())
    assert (far.status_code, 'id="moves_on-error"' in far.text) == (400, True)
    own = ask(moving, nurse, to_site_id=str(moving.clinic.site_id))
    assert (own.status_code, 'id="to_site_id-error"' in own.text) == (400, True)


def test_while_one_request_waits_there_is_no_form_for_another(moving: Moving, nurse: StaffBrowser) -> None:
    key = key_of(ask(moving, nurse))
    page = nurse.get(f"/clinic/participants/{moving.participant_id}/transfer").text
    assert 'name="to_site_id"' not in page
    assert f'href="/clinic/transfers/{key}"' in page


def test_those_who_only_read_see_the_line_and_no_way_to_answer(
    moving: Moving, nurse: StaffBrowser, coordinator: StaffBrowser, *, monitor: StaffBrowser
) -> None:
    key = key_of(ask(moving, nurse))
    for browser in (coordinator, monitor):
        assert f'href="/clinic/transfers/{key}"' in browser.get("/clinic/transfers").text
        shown = browser.get(f"/clinic/transfers/{key}")
        assert shown.status_code == 200
        assert "/acceptance" not in shown.text
        assert browser.get(f"/clinic/participants/{moving.participant_id}/transfer").status_code == 404
        for how in ("acceptance", "refusal", "withdrawal"):
            said = browser.post(f"/clinic/transfers/{key}/{how}", page="/clinic/", reason="x")
            assert said.status_code == 404
    assert moving.row(key).settled_at is None


def test_the_site_that_asks_cannot_answer_for_the_other_one(moving: Moving, nurse: StaffBrowser) -> None:
    key = key_of(ask(moving, nurse))
    for how in ("acceptance", "refusal"):
        own = nurse.post(f"/clinic/transfers/{key}/{how}", page="/clinic/", reason="x")
        missing = nurse.post(f"/clinic/transfers/{MISSING}/{how}", page="/clinic/", reason="x")
        # The request is the site's own and known to it; only the answer is not.
        assert (own.status_code, missing.status_code) == (403, 404)
    assert moving.row(key).settled_at is None


def test_a_third_site_finds_exactly_a_missing_request(
    moving: Moving, nurse: StaffBrowser, other_nurse: StaffBrowser
) -> None:
    key = key_of(ask(moving, nurse))
    with moving.clinic.writing() as session:
        row = session.get_one(SiteTransfer, key)
        person = session.get_one(Participant, row.participant_id)
        assert person.site_id == moving.clinic.site_id
    # The same request between two other sites: the second nurse is then of a third one.
    third = _third_site(moving.clinic)
    with moving.clinic.writing() as session:
        session.get_one(SiteTransfer, key).to_site_id = third
    theirs, missing = (other_nurse.get(f"/clinic/transfers/{each}") for each in (key, MISSING))
    assert (theirs.status_code, theirs.text) == (404, missing.text)
    assert str(key) not in re.findall(
        r"/clinic/transfers/([0-9]+)", other_nurse.get("/clinic/transfers").text
    )


def _third_site(clinic: Clinic) -> int:
    said = SiteDetails(
        clinic.study_id, "17", "Centre 17", "Rennes", "Europe/Paris", "04 67 61 31 00", "Suivi 35"
    )
    with clinic.writing() as session:
        return save_site(session, said, actor=system_actor("test", "setup"), now=NOW).id


def test_the_record_says_where_the_patient_came_from(
    moving: Moving, nurse: StaffBrowser, other_nurse: StaffBrowser
) -> None:
    key = key_of(ask(moving, nurse))
    answer(other_nurse, key, "acceptance")
    record = other_nurse.get(f"/clinic/participants/{moving.participant_id}").text
    assert f'href="/clinic/transfers/{key}"' in record
    assert date.fromisoformat(TODAY.isoformat()) == moving.row(key).moves_on
