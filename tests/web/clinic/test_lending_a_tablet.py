"""Lending the tablet of the site over HTTP: one browser that holds both cookies."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from clinic_browser import PASSWORD, StaffBrowser, sign_in
from clinic_world import Clinic
from conftest import NOW, SettableClock
from flask import Flask
from flask.testing import FlaskClient
from participant_world import form_fields, post
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from pro_app.storage.tables.accounts import Account
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.audit_trail import AuditEntry
from pro_app.storage.tables.participants import Participant

CONSENTED_ON = date(2026, 3, 2)
PAGES_OF_STAFF = ("/clinic/", "/staff/", "/staff/account", "/staff/sign-in", "/admin/", "/statistics/")
OTHER_PAGES = ("/", "/p/home", "/p/sign-in", "/p/pin", "/p/history", "/p/settings", "/p/devices", "/p/data")


@pytest.fixture
def participant_id(clinic: Clinic) -> int:
    """Enrol somebody whose baseline is open."""
    return clinic.enrol(CONSENTED_ON)


@pytest.fixture
def lent(nurse: StaffBrowser, participant_id: int) -> Iterator[StaffBrowser]:
    """Lend the nurse's browser."""
    page = lend(nurse, participant_id)
    assert page.request.path == "/p/tablet"
    yield nurse
    assert_nothing_is_stored(page)


def lend(nurse: StaffBrowser, participant_id: int) -> TestResponse:
    """Lend the browser for the one questionnaire that is due."""
    path = f"/clinic/participants/{participant_id}/tablet"
    fields = form_fields(nurse.get(path), path)
    return nurse.client.post(path, data=fields, follow_redirects=True)


def assert_nothing_is_stored(page: TestResponse) -> None:
    assert page.headers["Cache-Control"] == "no-store"
    for word in ("manifest", "phone.js", "sw.js"):
        assert word not in page.text


def tap(browser: StaffBrowser, page: TestResponse, **said: str) -> TestResponse:
    """Send the questionnaire's own form of a page."""
    own = re.search(r'<form id="(?:answer-form|send)".*?</form>', page.text, re.DOTALL)
    assert own is not None
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*type="hidden"[^>]*value="([^"]*)"', own[0]))
    return browser.client.post(page.request.path, data=fields | said)


def code_of(clinic: Clinic, participant_id: int) -> str:
    with clinic.database.reading() as session:
        return session.get_one(Participant, participant_id).participant_code


def first_item(client: FlaskClient, clinic: Clinic, participant_id: int) -> tuple[str, TestResponse]:
    """Open the first item and give its address."""
    assessment_id = clinic.assessments(participant_id)["BASELINE"].assessment_id
    path = f"/p/q/{assessment_id}/2"
    return path, client.get(path)


def list_values(clinic: Clinic) -> list[tuple[int | None, str]]:
    with clinic.database.reading() as session:
        return [(a.value, a.mode) for a in session.scalars(select(Answer).order_by(Answer.id))]


def unlock(browser: StaffBrowser, password: str = PASSWORD) -> TestResponse:
    return post(browser.client, browser.get("/staff/tablet"), {"password": password}, to="/staff/tablet")


def test_the_record_leads_to_lending_and_says_why_it_cannot_be(clinic: Clinic, nurse: StaffBrowser) -> None:
    person = clinic.enrol(CONSENTED_ON)
    clinic.answer(person, "BASELINE", CONSENTED_ON)
    record = f"/clinic/participants/{person}"
    assert f'href="{record}/tablet"' in nurse.get(record).text
    page = nurse.get(f"{record}/tablet")
    assert 'name="assessment_id"' not in page.text
    assert 'id="lend"' not in page.text
    assert "empty-state" in page.text


@pytest.mark.parametrize("role", ["monitor", "coordinator", "other_nurse"])
def test_others_lend_nothing(request: pytest.FixtureRequest, participant_id: int, role: str) -> None:
    browser: StaffBrowser = request.getfixturevalue(role)
    assert browser.get(f"/clinic/participants/{participant_id}/tablet").status_code == 404


def test_a_lent_browser_shows_the_questionnaire_and_no_page_of_staff_or_of_an_own_phone(
    lent: StaffBrowser, clinic: Clinic, participant_id: int
) -> None:
    welcome = lent.get("/p/tablet")
    code = code_of(clinic, participant_id)
    assert welcome.status_code == 200
    assert code in welcome.text
    assert (lent.get("/p/help").status_code, lent.get("/p/help").request.path) == (200, "/p/help")
    assert "tel:" not in lent.get("/p/help").text
    for path in OTHER_PAGES:
        assert lent.get(path).request.path == "/p/tablet", path
    for path in (*PAGES_OF_STAFF, f"/clinic/participants/{participant_id}"):
        assert lent.get(path).request.path == "/staff/tablet", path
    assert code not in lent.get("/staff/tablet").text


def test_no_sign_in_gets_past_a_lent_browser(lent: StaffBrowser) -> None:
    token = form_fields(lent.get("/staff/tablet"))["csrf_token"]
    fields = {"csrf_token": token, "username": "member-1", "password": PASSWORD}
    assert lent.client.post("/staff/sign-in", data=fields).headers["Location"] == "/staff/tablet"
    assert lent.get("/clinic/").request.path == "/staff/tablet"


def test_the_plain_pages_keep_an_answer_under_the_mode_of_the_tablet(
    lent: StaffBrowser, clinic: Clinic, participant_id: int
) -> None:
    _path, page = first_item(lent.client, clinic, participant_id)
    assert page.status_code == 200
    assert 'autocomplete="off"' in page.text
    assert 'data-keeps="nothing"' in page.text
    assert 'rel="manifest"' not in page.text
    tap(lent, page, answer="3", go="next")
    assert list_values(clinic) == [(3, "site_tablet")]


def test_the_receipt_says_to_give_the_tablet_back_and_leads_nowhere_else(
    lent: StaffBrowser, clinic: Clinic, participant_id: int
) -> None:
    path, _page = first_item(lent.client, clinic, participant_id)
    send = path.replace("/2", "/send")
    page = tap(lent, lent.get(send), respondent="self")
    receipt = lent.get(page.headers["Location"])
    main = receipt.text.split("<main", 1)[1]
    assert 'action="/p/tablet/lock"' in main
    for address in ("/p/home", ".ics", 'href="/"'):
        assert address not in main
    assert lent.get("/p/tablet").request.path == receipt.request.path


def test_locking_ends_the_session_and_takes_the_cookie(
    lent: StaffBrowser, clinic: Clinic, participant_id: int
) -> None:
    path, _page = first_item(lent.client, clinic, participant_id)
    cookie = lent.client.get_cookie("participant")
    assert cookie is not None
    locked = lent.post("/p/tablet/lock", page="/p/tablet")
    assert locked.request.path == "/staff/tablet"
    assert locked.headers["Clear-Site-Data"] == '"cache"'
    assert lent.client.get_cookie("participant") is None
    for again in (path, "/p/tablet", "/", "/p/sign-in"):
        assert lent.get(again).request.path == "/staff/tablet", again
    lent.client.set_cookie("participant", cookie.value)  # what a page out of the history would bring back
    assert lent.get(path).request.path == "/staff/tablet"


def test_a_stale_form_after_the_lock_saves_nothing_and_offers_no_sign_in(
    lent: StaffBrowser, clinic: Clinic, participant_id: int
) -> None:
    _path, page = first_item(lent.client, clinic, participant_id)
    lent.post("/p/tablet/lock", page="/p/tablet")
    assert tap(lent, page, answer="3", go="next").headers["Location"] == "/staff/tablet"
    assert list_values(clinic) == []


def test_an_untouched_tablet_is_locked_by_the_server(  # noqa: PLR0917 -- fixtures
    lent: StaffBrowser, clock: SettableClock, clinic: Clinic, participant_id: int
) -> None:
    path, page = first_item(lent.client, clinic, participant_id)
    clock.now += timedelta(minutes=9)
    assert lent.get("/p/tablet/alive").status_code == 200
    clock.now += timedelta(minutes=9)
    assert lent.get(path).status_code == 200
    clock.now += timedelta(minutes=11)
    assert tap(lent, page, answer="3", go="next").headers["Location"] == "/staff/tablet"
    alive = lent.client.get("/p/tablet/alive", headers={"Accept": "application/json"})
    assert alive.status_code == 401
    assert list_values(clinic) == []


def test_without_a_script_the_page_asks_before_it_locks(lent: StaffBrowser, clock: SettableClock) -> None:
    refresh = re.search(
        r'<noscript><meta http-equiv="refresh" content="(\d+);url=([^"]+)"', lent.get("/p/tablet").text
    )
    assert refresh is not None
    assert int(refresh[1]) == 9 * 60
    clock.now += timedelta(minutes=9)
    asked = lent.get(refresh[2].replace("&amp;", "&"))
    assert 'href="/p/tablet"' in asked.text
    then = re.search(r'<meta http-equiv="refresh" content="(\d+);url=/staff/tablet"', asked.text)
    assert then is not None
    clock.now += timedelta(seconds=int(then[1]))
    assert 'href="/p/tablet"' not in lent.get("/staff/tablet").text  # asking was no use of the tablet
    assert lent.get("/p/tablet").request.path == "/staff/tablet"


def test_the_question_leads_back_to_the_own_questionnaire_only(
    lent: StaffBrowser, clinic: Clinic, participant_id: int
) -> None:
    path, _page = first_item(lent.client, clinic, participant_id)
    for wanted, given in ((path, path), ("//evil.example", "/p/tablet"), ("/p/q/99999/2", "/p/tablet")):
        assert f'href="{given}"' in lent.get(f"/p/tablet/still-here?from={wanted}").text


def test_the_password_of_the_lender_opens_the_list_of_patients(lent: StaffBrowser) -> None:
    lent.post("/p/tablet/lock", page="/p/tablet")
    refused = unlock(lent, "not the password at all")
    assert (refused.status_code, lent.get("/clinic/").request.path) == (403, "/staff/tablet")
    opened = unlock(lent)
    assert opened.headers["Location"] == "/staff/"
    assert lent.get("/clinic/").request.path == "/clinic/"


def test_no_browser_fills_in_the_password_that_it_knows(lent: StaffBrowser) -> None:
    field = re.search(r'<input[^>]*name="password"[^>]*>', lent.get("/staff/tablet").text)
    assert field is not None
    assert 'autocomplete="new-password"' in field[0]


@pytest.mark.parametrize("waits", [True, False])
def test_the_storage_is_cleared_only_where_no_answer_waits_in_it(
    nurse: StaffBrowser, participant_id: int, *, waits: bool
) -> None:
    path = f"/clinic/participants/{participant_id}/tablet"
    fields = form_fields(nurse.get(path), path) | {"nothing_waits": "" if waits else "1"}
    cleared = nurse.client.post(path, data=fields).headers["Clear-Site-Data"]
    assert cleared == ('"cache"' if waits else '"cache", "storage"')


def test_tries_at_the_lock_page_wait_like_those_at_the_sign_in(lent: StaffBrowser) -> None:
    statuses = [unlock(lent, "not the password at all").status_code for _ in range(6)]
    assert statuses[-1] == 429
    assert unlock(lent).status_code == 429


def test_a_closed_account_is_told_and_can_only_be_signed_out(lent: StaffBrowser, clinic: Clinic) -> None:
    with clinic.database.writing() as session:
        session.execute(update(Account).where(Account.username == "member-0").values(disabled_at=NOW))
    page = lent.get("/staff/tablet")
    assert "Member 0" in page.text
    assert 'name="password"' not in page.text
    assert lent.get("/p/tablet").status_code == 200  # the patient goes on
    out = lent.post("/staff/tablet/sign-out", page="/staff/tablet")
    assert out.request.path == "/staff/sign-in"
    assert lent.client.get_cookie("participant") is None


def test_signing_out_at_the_lock_page_ends_both_sessions(lent: StaffBrowser, clinic: Clinic) -> None:
    page = lent.post("/staff/tablet/sign-out", page="/staff/tablet")
    assert page.request.path == "/staff/sign-in"
    assert lent.get("/p/tablet").request.path == "/"
    with clinic.database.reading() as session:
        actions = session.scalars(select(AuditEntry.action).where(AuditEntry.action.startswith("tablet.")))
        assert list(actions) == ["tablet.lend", "tablet.lock"]


def test_the_next_patient_sees_nothing_of_the_one_before(
    lent: StaffBrowser, clinic: Clinic, participant_id: int
) -> None:
    path, page = first_item(lent.client, clinic, participant_id)
    tap(lent, page, answer="3", go="next")
    lent.post("/p/tablet/lock", page="/p/tablet")
    unlock(lent)
    other_id = clinic.enrol(CONSENTED_ON, participant_code="15-002")
    welcome = lend(lent, other_id)
    assert code_of(clinic, other_id) in welcome.text
    assert code_of(clinic, participant_id) not in welcome.text
    other_path, item = first_item(lent.client, clinic, other_id)
    assert other_path != path
    assert " checked" not in item.text
    assert lent.get(path).status_code == 404


def assert_asks_for_the_tablet(page: TestResponse) -> None:
    assert page.status_code == 409
    assert 'action="/p/tablet/lock"' in page.text.split("<main", 1)[1]


def test_a_withdrawal_while_it_is_lent_ends_the_questionnaire_and_asks_for_the_tablet(
    lent: StaffBrowser, clinic: Clinic, participant_id: int
) -> None:
    _path, page = first_item(lent.client, clinic, participant_id)
    tap(lent, page, answer="3", go="next")
    clinic.record(participant_id, "questionnaires_stopped", CONSENTED_ON)
    assert_asks_for_the_tablet(tap(lent, page, answer="1", go="next"))
    assert_asks_for_the_tablet(lent.get("/p/tablet"))
    assert list_values(clinic) == [(3, "site_tablet")]  # the second one came too late


def test_a_period_that_ends_while_it_is_lent_asks_for_the_tablet(
    app: Flask, clinic: Clinic, clock: SettableClock
) -> None:
    person = clinic.enrol(CONSENTED_ON)
    clinic.record(person, "randomised", CONSENTED_ON, arm="LUTATHERA")
    clock.now = datetime(2026, 3, 2, 22, 55, tzinfo=UTC)  # five to midnight in Paris
    browser = sign_in(app, 0)
    lend(browser, person)
    path, page = first_item(browser.client, clinic, person)
    clock.now += timedelta(minutes=8)
    assert_asks_for_the_tablet(tap(browser, page, answer="3", go="next"))
    assert_asks_for_the_tablet(browser.get(path))
    assert list_values(clinic) == []
