"""Corrections at the browser: who may ask, see and decide; what is shown to whom."""

import re
from datetime import date

import pytest
from clarification_world import INSTRUMENT, Correction, build_correction
from clinic_browser import StaffBrowser, sign_in
from clinic_world import Clinic, noon, staff_actor
from conftest import NOW
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import select
from werkzeug.test import TestResponse

from pro_app.audit.actor import system_actor
from pro_app.services.accounts import create_account
from pro_app.services.clarifications.views import MOST
from pro_app.services.staff_roles import grant_role
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.clarifications import Clarification
from pro_app.storage.tables.read_log import RecordRead
from pro_app.web.clinic.clarification_words import EVIDENCE_WORDS
from pro_app.web.clinic.matter_words import list_matter_titles

MISSING = 999_999
SAID = {
    "asked_on": "2026-01-08",
    "evidence": "letter",
    "evidence_ref": "Classeur source, onglet 4",
    "request": "La mauvaise ligne a été cochée.",
    f"item:{INSTRUMENT}:5": "4",
}


@pytest.fixture
def correction(clinic: Clinic) -> Correction:
    """Give a form that was sent, and the investigators of both sites."""
    return build_correction(clinic)


@pytest.fixture
def investigator(app: Flask, correction: Correction) -> StaffBrowser:
    """Sign in the investigator of the first site."""
    assert correction.investigator
    return sign_in(app, 4)


@pytest.fixture
def other_investigator(app: Flask, correction: Correction) -> StaffBrowser:
    """Sign in the investigator of the second site."""
    assert correction.other_investigator
    return sign_in(app, 5)


@pytest.fixture
def statistician(app: Flask, correction: Correction) -> StaffBrowser:
    """Sign in the statistician of the study."""
    actor = system_actor("test", "setup")
    clinic = correction.clinic
    with clinic.writing() as session:
        account = create_account(
            session,
            username="member-6",
            display_name="Member 6",
            password="a long and unusual password 7!",
            language="fr",
            actor=actor,
            now=noon(date(2026, 1, 6)),
        )
        grant_role(
            session,
            account_id=account.id,
            study_id=clinic.study_id,
            role="statistician",
            site_id=None,
            actor=actor,
            now=noon(date(2026, 1, 6)),
        )
        staff_actor("statistician", study_id=clinic.study_id, site_id=None, account_id=account.id)
    return sign_in(app, 6)


def ask(correction: Correction, browser: StaffBrowser, **changes: str) -> TestResponse:
    return browser.post(f"/clinic/visits/{correction.assessment_id}/correction", **(SAID | changes))


def key_of(page: TestResponse) -> int:
    found = re.fullmatch(r"/clinic/clarifications/([0-9]+)", page.request.path)
    assert found is not None, page.request.path
    return int(found[1])


def decide(browser: StaffBrowser, key: int, decision: str = "accepted", **changes: str) -> TestResponse:
    page = browser.get(f"/clinic/clarifications/{key}")
    basis = re.search(r'name="basis"[^>]*value="([^"]*)"', page.text)
    assert basis is not None
    said = {"decision": decision, "reason": "Datée et signée.", "basis": basis[1]} | changes
    return browser.post(
        f"/clinic/clarifications/{key}/decision", page=f"/clinic/clarifications/{key}", **said
    )


def list_reads(correction: Correction, what: str) -> list[int]:
    with correction.clinic.database.reading() as session:
        statement = select(RecordRead.account_id).where(RecordRead.what == what)
        return list(session.scalars(statement.order_by(RecordRead.id)))


def test_a_nurse_asks_and_the_investigator_decides(
    correction: Correction, nurse: StaffBrowser, investigator: StaffBrowser
) -> None:
    key = key_of(ask(correction, nurse))
    done = decide(investigator, key)
    assert done.status_code == 200
    assert correction.row(key).decision == "accepted"
    assert correction.answers(correction.responses()[1])[5].value == 4


def test_nothing_that_was_answered_is_on_any_page_of_the_nurse(
    correction: Correction, nurse: StaffBrowser, investigator: StaffBrowser
) -> None:
    form = nurse.get(f"/clinic/visits/{correction.assessment_id}/correction")
    assert form.status_code == 200
    assert " selected" not in form.text.split('id="items"')[1]
    assert "field-error" not in form.text
    own = ask(correction, nurse)
    key = key_of(own)
    shown = investigator.get(f"/clinic/clarifications/{key}").text
    present = re.search(r'data-head="[^"]+">(2[^<]*)</td>', shown)
    assert present is not None
    for page in (own, nurse.get("/clinic/clarifications"), nurse.get(f"/clinic/clarifications/{key}")):
        assert present[1] not in page.text


def test_the_look_of_the_investigator_is_logged_and_that_of_the_nurse_needs_no_log(
    correction: Correction, nurse: StaffBrowser, investigator: StaffBrowser
) -> None:
    key = key_of(ask(correction, nurse))
    assert list_reads(correction, "clarification") == []
    investigator.get(f"/clinic/clarifications/{key}")
    assert list_reads(correction, "clarification") == [correction.investigator.account_id]


def test_a_request_about_no_answer_shows_none_and_logs_no_look(
    correction: Correction, nurse: StaffBrowser, investigator: StaffBrowser
) -> None:
    said = {name: text for name, text in SAID.items() if not name.startswith("item:")} | {"mode": "interview"}
    asked = nurse.post(f"/clinic/visits/{correction.assessment_id}/correction?kind=mode", **said)
    assert decide(investigator, key_of(asked)).status_code == 200
    assert correction.assessment().mode == "interview"
    assert list_reads(correction, "clarification") == []


def test_a_decision_that_lacks_something_says_so_and_keeps_what_was_typed(
    correction: Correction, nurse: StaffBrowser, investigator: StaffBrowser
) -> None:
    key = key_of(ask(correction, nurse))
    before = len(list_reads(correction, "clarification"))
    page = decide(investigator, key, "", reason="Une raison déjà tapée")
    assert page.status_code == 400
    assert "Une raison déjà tapée" in page.text
    assert len(list_reads(correction, "clarification")) > before + 1
    assert correction.row(key).decision is None


def test_a_decision_on_an_old_page_is_told_and_nothing_happens(
    correction: Correction, nurse: StaffBrowser, investigator: StaffBrowser
) -> None:
    key = key_of(ask(correction, nurse))
    page = decide(investigator, key, basis="qlq-c30.9")
    assert page.status_code == 400
    assert len(correction.responses()) == 1


def test_an_investigator_of_another_site_finds_a_request_as_absent_as_a_missing_one(
    correction: Correction, nurse: StaffBrowser, other_investigator: StaffBrowser
) -> None:
    key = key_of(ask(correction, nurse))
    theirs, missing = (other_investigator.get(f"/clinic/clarifications/{each}") for each in (key, MISSING))
    assert (theirs.status_code, theirs.text) == (404, missing.text)


OTHERS = ("nurse", "other_investigator", "coordinator", "monitor", "statistician")


@pytest.mark.parametrize("other", OTHERS)
def test_those_who_do_not_decide_find_no_way_to(
    correction: Correction, nurse: StaffBrowser, request: pytest.FixtureRequest, *, other: str
) -> None:
    browser: StaffBrowser = request.getfixturevalue(other)
    key = key_of(ask(correction, nurse))
    said = {"decision": "accepted", "reason": "Moi aussi", "basis": ""}
    page = browser.post(f"/clinic/clarifications/{key}/decision", page="/staff/account", **said)
    assert page.status_code == 404
    assert correction.row(key).decision is None
    assert len(correction.responses()) == 1


@pytest.mark.parametrize("other", OTHERS[2:])
def test_those_outside_the_site_find_none_of_these_pages(
    correction: Correction, nurse: StaffBrowser, request: pytest.FixtureRequest, *, other: str
) -> None:
    browser: StaffBrowser = request.getfixturevalue(other)
    addresses = (
        f"/clinic/clarifications/{key_of(ask(correction, nurse))}",
        "/clinic/clarifications",
        f"/clinic/visits/{correction.assessment_id}/correction",
        f"/clinic/participants/{correction.participant_id}/answers",
    )
    assert {browser.get(address).status_code for address in addresses} == {404}


def test_a_form_of_another_site_is_exactly_a_missing_one(
    correction: Correction, other_investigator: StaffBrowser
) -> None:
    for address in ("/clinic/visits/{}/correction", "/clinic/participants/{}/answers"):
        own = correction.assessment_id if "visits" in address else correction.participant_id
        theirs, missing = (other_investigator.get(address.format(each)) for each in (own, MISSING))
        assert (theirs.status_code, theirs.text) == (404, missing.text)


def test_a_request_that_lacks_something_names_each_field(correction: Correction, nurse: StaffBrowser) -> None:
    page = ask(correction, nurse, evidence_ref="", asked_on="2026-01-02", request="Gardé tel quel")
    assert page.status_code == 400
    assert "Gardé tel quel" in page.text
    page = ask(correction, nurse, **{f"item:{INSTRUMENT}:5": "9", "asked_on": "2026-01-02"})
    assert page.status_code == 400
    assert "i-qlq-c30-5-error" in page.text
    assert "6 janvier 2026" in page.text


def test_two_clicks_are_one_request(correction: Correction, nurse: StaffBrowser) -> None:
    assert key_of(ask(correction, nurse)) == key_of(ask(correction, nurse))


def test_the_answers_are_closed_until_a_reason_is_given_and_each_look_is_logged(
    correction: Correction, investigator: StaffBrowser, nurse: StaffBrowser
) -> None:
    address = f"/clinic/participants/{correction.participant_id}/answers"
    assert nurse.get(address).status_code == 404
    closed = investigator.get(address)
    assert "<details" not in closed.text
    assert list_reads(correction, "answers") == []
    assert investigator.post(address, reason=" ").status_code == 400
    opened = investigator.post(address, reason="Douleurs dites au téléphone")
    assert "<details" in opened.text
    assert opened.headers["Refresh"].startswith(("1800", "1801"))
    assert list_reads(correction, "answers") == [correction.investigator.account_id]
    investigator.get(address)
    assert len(list_reads(correction, "answers")) == 2


def test_what_was_done_is_asked_until_it_is_said(correction: Correction, investigator: StaffBrowser) -> None:
    address = f"/clinic/participants/{correction.participant_id}/answers"
    opened = investigator.post(address, reason="Douleurs dites au téléphone")
    reading = re.search(r"/clinic/readings/[0-9]+", opened.text)
    assert reading is not None
    assert reading[0] in investigator.get("/clinic/tasks").text
    assert investigator.post(reading[0], follow_up="other", text="").status_code == 400
    assert investigator.post(reading[0], follow_up="called", text="").status_code == 200
    assert reading[0] not in investigator.get("/clinic/tasks").text
    assert investigator.get(reading[0]).status_code == 200


def test_a_request_stands_on_the_list_of_the_investigator_only(
    correction: Correction, nurse: StaffBrowser, investigator: StaffBrowser
) -> None:
    key = key_of(ask(correction, nurse))
    address = f"/clinic/clarifications/{key}"
    assert address in investigator.get("/clinic/tasks").text
    assert address not in nurse.get("/clinic/tasks").text
    decide(investigator, key, "refused")
    assert address not in investigator.get("/clinic/tasks").text


def test_the_clock_of_the_tests_is_after_the_form(correction: Correction) -> None:
    assert (correction.assessment().submitted_at or NOW) < NOW


def test_a_day_that_can_no_longer_be_is_told_on_the_page_of_the_decision(
    correction: Correction, nurse: StaffBrowser, investigator: StaffBrowser
) -> None:
    with correction.clinic.writing() as session:
        form = session.get_one(Assessment, correction.assessment_id)
        form.submitted_mode, form.submitted_by_id = "paper", correction.nurse.account_id
    said = {name: text for name, text in SAID.items() if not name.startswith("item:")}
    asked = nurse.post(
        f"/clinic/visits/{correction.assessment_id}/correction?kind=date", **said, source_on="2026-01-05"
    )
    with correction.clinic.writing() as session:
        visit = session.get_one(PlannedVisit, correction.assessment().planned_visit_id)
        visit.opens_on = date(2026, 1, 6)
    page = decide(investigator, key_of(asked))
    assert page.status_code == 400
    assert "6 janvier 2026" in page.text.split('role="alert"')[1].split("</div>")[0]
    assert correction.row(key_of(asked)).decision is None
    assert correction.assessment().source_on is None


def test_a_list_that_does_not_show_everything_says_so(correction: Correction, nurse: StaffBrowser) -> None:
    ask(correction, nurse)
    assert 'id="cut-off"' not in nurse.get("/clinic/clarifications").text
    asked_at = noon(date(2026, 1, 8))
    with correction.clinic.writing() as session:
        session.add_all(
            Clarification(
                assessment_id=correction.assessment_id,
                kind="mode",
                asked_by="site",
                asked_on=asked_at.date(),
                evidence="other",
                evidence_ref=f"Binder, tab {number}",
                request="By telephone",
                requested_at=asked_at,
                requested_by_id=correction.nurse.account_id,
                withdrawn_at=asked_at,
            )
            for number in range(MOST)
        )
    page = nurse.get("/clinic/clarifications")
    assert page.text.count("row-link") == MOST
    assert str(MOST) in page.text.split('id="cut-off"')[1].split("</p>")[0]


def test_the_evidence_on_paper_is_not_named_like_the_task_of_typing_a_sheet(app: Flask) -> None:
    with app.test_request_context(), force_locale("en"):
        assert str(EVIDENCE_WORDS["paper_form"]) not in map(str, list_matter_titles().values())
