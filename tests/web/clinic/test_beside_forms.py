"""The record says how many answers are kept beside a form, since when and what to do; never which."""

from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from clinic_browser import StaffBrowser
from clinic_world import Clinic

from pro_app.services.answers import Operation
from pro_app.services.synchronisation import Batch, Submission, take_batch

CONSENT = date(2026, 1, 5)
DAY = timedelta(days=1)


@pytest.fixture
def participant_id(clinic: Clinic) -> int:
    """Enrol and randomise, so that the first form closes."""
    participant_id = clinic.enrol(CONSENT)
    clinic.record(participant_id, "randomised", CONSENT + DAY, arm="LUTATHERA")
    return participant_id


def closing(clinic: Clinic, participant_id: int) -> datetime:
    closes_at = clinic.assessments(participant_id)["BASELINE"].window.closes_at
    assert closes_at is not None
    return closes_at


def send(
    clinic: Clinic,
    participant_id: int,
    values: dict[int, int],
    *,
    given_at: datetime,
    at: datetime,
    with_form: bool = False,
) -> None:
    """Let answers that were given on a phone arrive."""
    taps = [
        Operation(str(uuid4()), "qlq-c30", item, "answered", value, device_at=given_at)
        for item, value in values.items()
    ]
    submission = Submission("self", given_at) if with_form else None
    assessment_id = clinic.assessments(participant_id)["BASELINE"].assessment_id
    batch = Batch(assessment_id, taps, device_now=at, submission=submission)
    with clinic.writing() as session:
        take_batch(session, batch, actor=clinic.person(participant_id), now=at)


def read(browser: StaffBrowser, participant_id: int) -> str:
    return browser.get(f"/clinic/participants/{participant_id}?language=en").text


def test_answers_after_sending_are_counted_with_what_to_do_and_no_value(
    clinic: Clinic, nurse: StaffBrowser, participant_id: int
) -> None:
    before = closing(clinic, participant_id) - timedelta(hours=1)
    send(clinic, participant_id, {1: 2}, given_at=before, at=before, with_form=True)
    assert "set aside" not in read(nurse, participant_id)
    send(clinic, participant_id, {1: 4, 2: 3}, given_at=before, at=before + 3 * DAY)

    page = read(nurse, participant_id)
    assert "2 answers came too late for this questionnaire, the last one on 9 Jan 2026, 23:00." in page
    assert "2 answers set aside" in page
    assert "the investigator decides on a dated request" in page
    assert "qlq-c30" not in page.lower()


def test_the_monitor_sees_it_too(clinic: Clinic, monitor: StaffBrowser, participant_id: int) -> None:
    after = closing(clinic, participant_id) + timedelta(hours=1)
    send(clinic, participant_id, {1: 2}, given_at=after, at=after)
    assert "1 answer set aside" in read(monitor, participant_id)


def test_answers_after_the_period_are_counted_with_what_to_do(
    clinic: Clinic, nurse: StaffBrowser, participant_id: int
) -> None:
    after = closing(clinic, participant_id) + timedelta(hours=1)
    send(clinic, participant_id, {1: 2}, given_at=after, at=after)
    page = read(nurse, participant_id)
    assert "1 answer set aside" in page
    assert "otherwise record the reason" in page
    assert "the investigator decides" not in page


def test_a_form_that_came_after_its_period_but_was_given_in_it_says_so(
    clinic: Clinic, nurse: StaffBrowser, participant_id: int
) -> None:
    before = closing(clinic, participant_id) - timedelta(hours=1)
    send(clinic, participant_id, {1: 2}, given_at=before, at=before + 3 * DAY, with_form=True)
    page = read(nurse, participant_id)
    assert "answered in the period, received after it" in page
    assert "set aside" not in page


def test_different_answers_from_two_hands_are_both_kept_and_counted(
    clinic: Clinic, nurse: StaffBrowser, participant_id: int
) -> None:
    before = closing(clinic, participant_id) - timedelta(hours=1)
    send(clinic, participant_id, {1: 2, 2: 1}, given_at=before, at=before)
    assert "two devices" not in read(nurse, participant_id)
    with clinic.writing() as session:
        # The same person on a remembered phone would do; the nurse's hands need no phone here.
        batch = Batch(
            clinic.assessments(participant_id)["BASELINE"].assessment_id,
            [Operation(str(uuid4()), "qlq-c30", 1, "answered", 4)],
            device_now=before,
        )
        take_batch(session, batch, actor=clinic.nurse, now=before + timedelta(minutes=1))
    page = read(nurse, participant_id)
    assert "1 question was answered differently on two devices, or by two people." in page
    assert "All of these answers are kept" in page
