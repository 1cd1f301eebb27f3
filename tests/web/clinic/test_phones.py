"""The list of a patient's phones at the site, and shutting out one of them."""

import pytest
from clinic_browser import StaffBrowser
from clinic_world import Clinic
from conftest import NOW, TEST_SECRET
from flask import Flask
from participant_world import activate
from sqlalchemy import select

from pro_app.services.cards import print_card
from pro_app.storage.tables.credentials import Device


@pytest.fixture
def participant_id(clinic: Clinic) -> int:
    """Enrol somebody."""
    return clinic.enrol(NOW.date())


@pytest.fixture
def device_id(app: Flask, clinic: Clinic, participant_id: int) -> int:
    """Let the person activate the card on a phone."""
    with clinic.writing() as session:
        card = print_card(
            session, participant_id=participant_id, secret_key=TEST_SECRET, actor=clinic.nurse, now=NOW
        )
    activate(app.test_client(), card)
    with clinic.database.reading() as session:
        return session.scalars(select(Device.id)).one()


def is_remembered(clinic: Clinic, device_id: int) -> bool:
    with clinic.database.reading() as session:
        return session.get_one(Device, device_id).revoked_at is None


def test_one_phone_is_shut_out_after_one_question(
    clinic: Clinic, nurse: StaffBrowser, participant_id: int, *, device_id: int
) -> None:
    address = f"/clinic/participants/{participant_id}/phones"
    assert f'href="{address}/{device_id}"' in nurse.get(address).text
    nurse.get(f"{address}/{device_id}")
    assert is_remembered(clinic, device_id)
    done = nurse.post(f"{address}/{device_id}")
    assert (done.request.path, is_remembered(clinic, device_id)) == (address, False)
    assert "empty-state" in done.text


def test_the_second_click_is_told_that_it_is_done(
    nurse: StaffBrowser, participant_id: int, device_id: int
) -> None:
    address = f"/clinic/participants/{participant_id}/phones"
    nurse.post(f"{address}/{device_id}")
    again = nurse.post(f"{address}/{device_id}", page="/clinic/participants/new")
    assert (again.request.path, again.status_code) == (address, 200)
    assert "notice-attention" in again.text
    assert nurse.get(f"{address}/{device_id}").status_code == 404


def test_nobody_has_a_phone_before_the_card_is_used(nurse: StaffBrowser, participant_id: int) -> None:
    page = nurse.get(f"/clinic/participants/{participant_id}/phones")
    assert "empty-state" in page.text


@pytest.mark.parametrize("role", ["monitor", "coordinator", "other_nurse"])
def test_for_others_there_is_no_such_page(
    request: pytest.FixtureRequest, participant_id: int, device_id: int, *, role: str
) -> None:
    browser: StaffBrowser = request.getfixturevalue(role)
    for end in ("", f"/{device_id}"):
        theirs = browser.get(f"/clinic/participants/{participant_id}/phones{end}")
        missing = browser.get(f"/clinic/participants/999999/phones{end}")
        assert (theirs.status_code, theirs.text) == (404, missing.text)


def test_another_site_shuts_out_nothing(
    clinic: Clinic, other_nurse: StaffBrowser, participant_id: int, *, device_id: int
) -> None:
    theirs, missing = (
        other_nurse.post(f"/clinic/participants/{key}/phones/{device_id}", page="/clinic/participants/new")
        for key in (participant_id, 999_999)
    )
    assert (theirs.status_code, theirs.text) == (404, missing.text)
    assert is_remembered(clinic, device_id)
