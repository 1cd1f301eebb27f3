"""A questionnaire asked by telephone over HTTP: one browser that holds both cookies."""

import re
from datetime import date, timedelta

import pytest
from clinic_browser import StaffBrowser
from clinic_world import Clinic, noon
from conftest import NOW, SettableClock
from participant_world import form_fields, list_notices
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from pro_app.storage.tables.accounts import Account
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.site_tasks import SiteTaskRecord

CONSENTED_ON = date(2026, 3, 2)
RANDOMISED, CALL_DAY = date(2026, 1, 5), date(2026, 3, 4)


@pytest.fixture
def participant_id(clinic: Clinic) -> int:
    """Enrol somebody whose baseline is open."""
    return clinic.enrol(CONSENTED_ON)


def begin(nurse: StaffBrowser, participant_id: int, **said: str) -> TestResponse:
    """Begin to ask the questionnaire that is due."""
    path = f"/clinic/participants/{participant_id}/interview"
    fields = form_fields(nurse.get(path), path) | said
    return nurse.client.post(path, data=fields, follow_redirects=True)


def item_path(clinic: Clinic, participant_id: int, number: int = 2) -> str:
    return f"/p/q/{clinic.assessments(participant_id)['BASELINE'].assessment_id}/{number}"


def tap(browser: StaffBrowser, page: TestResponse, **said: str) -> TestResponse:
    """Send the questionnaire's own form of a page."""
    own = re.search(r'<form id="(?:answer-form|send)".*?</form>', page.text, re.DOTALL)
    assert own is not None
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*type="hidden"[^>]*value="([^"]*)"', own[0]))
    return browser.client.post(page.request.full_path.rstrip("?"), data=fields | said)


def stored(clinic: Clinic) -> list[tuple[int | None, str, bool]]:
    """List each answer: value, mode, whether it stands."""
    with clinic.database.reading() as session:
        answers = session.scalars(select(Answer).order_by(Answer.id)).all()
        return [(a.value, a.mode, a.superseded_at is None) for a in answers]


def main(page: TestResponse) -> str:
    return page.text.split("<main", 1)[1]


def test_the_record_leads_to_asking_which_names_the_identity_before_it_begins(
    nurse: StaffBrowser, participant_id: int
) -> None:
    record = f"/clinic/participants/{participant_id}"
    assert f'href="{record}/interview"' in nurse.get(record).text
    page = nurse.get(f"{record}/interview")
    text = main(page)
    assert text.index("identit") < text.index("<form")


def test_nothing_is_open_where_everything_was_sent(clinic: Clinic, nurse: StaffBrowser) -> None:
    person = clinic.enrol(CONSENTED_ON)
    clinic.answer(person, "BASELINE", CONSENTED_ON)
    page = nurse.get(f"/clinic/participants/{person}/interview")
    assert 'name="assessment_id"' not in page.text
    assert "empty-state" in page.text


@pytest.mark.parametrize("role", ["monitor", "coordinator", "other_nurse"])
def test_others_ask_nothing(request: pytest.FixtureRequest, participant_id: int, role: str) -> None:
    browser: StaffBrowser = request.getfixturevalue(role)
    theirs = browser.get(f"/clinic/participants/{participant_id}/interview")
    missing = browser.get("/clinic/participants/999999/interview")
    assert (theirs.status_code, theirs.text) == (404, missing.text)


def test_a_form_of_another_site_is_exactly_a_missing_one(
    clinic: Clinic, other_nurse: StaffBrowser, participant_id: int
) -> None:
    path = f"/clinic/participants/{participant_id}/interview"
    key = str(clinic.assessments(participant_id)["BASELINE"].assessment_id)
    theirs = other_nurse.post(path, page="/clinic/participants/new", assessment_id=key)
    missing = other_nurse.post(
        "/clinic/participants/999999/interview", page="/clinic/participants/new", assessment_id=key
    )
    assert (theirs.status_code, theirs.text) == (404, missing.text)


def test_the_same_screens_keep_the_answer_under_the_mode_of_an_interview(
    clinic: Clinic, nurse: StaffBrowser, participant_id: int
) -> None:
    first = begin(nurse, participant_id)
    assert first.request.path.startswith("/p/q/")
    page = nurse.get(item_path(clinic, participant_id))
    tap(nurse, page, answer="3", go="next")
    assert stored(clinic) == [(3, "interview", True)]
    assert nurse.get("/clinic/tasks").status_code == 200


def test_the_browser_of_who_asks_keeps_nothing_and_sends_nothing_by_itself(
    clinic: Clinic, nurse: StaffBrowser, participant_id: int
) -> None:
    begin(nurse, participant_id)
    path = item_path(clinic, participant_id)
    page = nurse.get(path)
    assert page.headers["Cache-Control"] == "no-store"
    for word in ("manifest", ".js", 'id="phone"', "data-owner"):
        assert word not in page.text
    for address in (path.replace("/2", "/whole"), path.replace("/2", "/answers"), "/p/sync", "/p/home", "/"):
        assert nurse.get(address).request.path == "/p/tablet", address


def test_an_own_answer_shows_as_given_and_is_asked_anew_only_where_the_patient_changes_it(
    clinic: Clinic, nurse: StaffBrowser, participant_id: int
) -> None:
    clinic.answer(participant_id, "BASELINE", CONSENTED_ON, submit=False)
    begin(nurse, participant_id)
    path = item_path(clinic, participant_id)
    page = nurse.get(path)
    assert 'type="radio"' not in page.text
    assert 'value="2"' not in main(page)
    assert tap(nurse, page, go="next").headers["Location"].endswith("/3")
    assert stored(clinic) == [(2, "own_device", True)]
    changing = nurse.get(f"{path}?change=1")
    assert 'type="radio"' in changing.text
    assert " checked" not in changing.text
    tap(nurse, changing, answer="4", go="next")
    assert stored(clinic) == [(2, "own_device", False), (4, "interview", True)]


def test_the_review_of_an_interview_shows_no_own_answer(
    clinic: Clinic, nurse: StaffBrowser, participant_id: int
) -> None:
    clinic.answer(participant_id, "BASELINE", CONSENTED_ON, submit=False)
    begin(nurse, participant_id)
    tap(nurse, nurse.get(item_path(clinic, participant_id, 3)), answer="4", go="next")
    page = nurse.get(item_path(clinic, participant_id).replace("/2", "/review"))
    answers = re.findall(r'<span class="review-answer([^"]*)">([^<]*)</span>', page.text)
    own, asked, silent = answers[:3]
    assert len({own[1], asked[1], silent[1]}) == 3
    assert not re.search(r"\d", own[1])  # the provisional words of every option begin with its number
    assert asked[1].startswith("4")


def test_an_answer_that_came_from_home_meanwhile_is_not_written_over_by_a_page_that_did_not_know(
    clinic: Clinic, nurse: StaffBrowser, participant_id: int
) -> None:
    begin(nurse, participant_id)
    page = nurse.get(item_path(clinic, participant_id))
    clinic.answer(participant_id, "BASELINE", CONSENTED_ON, submit=False)
    told = tap(nurse, page, answer="4", go="next")
    assert told.headers["Location"] == page.request.path
    assert stored(clinic) == [(2, "own_device", True)]


def test_the_receipt_ends_the_interview_and_leads_back_to_the_list(
    clinic: Clinic, nurse: StaffBrowser, participant_id: int
) -> None:
    begin(nurse, participant_id)
    path = item_path(clinic, participant_id)
    tap(nurse, nurse.get(path), answer="3", go="next")
    receipt = nurse.get(
        tap(nurse, nurse.get(path.replace("/2", "/send")), respondent="self").headers["Location"]
    )
    assert receipt.request.path.endswith("/receipt")
    record = nurse.get(f"/clinic/participants/{participant_id}").text
    assert re.search(r'<td class="wrap-wide">[^<]+<br>[^<]*Member 0', record)
    for address in ("/p/home", ".ics", 'href="/"'):
        assert address not in main(receipt)
    ended = nurse.post("/p/tablet/lock", page=receipt.request.path)
    assert ended.request.path == "/clinic/tasks"
    assert nurse.get(receipt.request.path).request.path == "/p/interview-over"


def test_a_page_out_of_the_history_saves_nothing_and_offers_no_pin(
    clinic: Clinic, nurse: StaffBrowser, participant_id: int
) -> None:
    begin(nurse, participant_id)
    page = nurse.get(item_path(clinic, participant_id))
    nurse.post("/p/tablet/lock", page="/p/tablet")
    stale = tap(nurse, page, answer="3", go="next")
    assert stale.headers["Location"] == "/p/interview-over"
    assert nurse.get("/p/interview-over").status_code == 200
    assert stored(clinic) == []


@pytest.mark.parametrize("ending", ["disabled", "signed_out", "idle"])
def test_it_ends_at_the_next_request_with_what_lets_in_who_asks(
    clinic: Clinic,
    nurse: StaffBrowser,
    participant_id: int,
    *,
    clock: SettableClock,
    ending: str,
) -> None:
    begin(nurse, participant_id)
    path = item_path(clinic, participant_id)
    tap(nurse, nurse.get(path), answer="3", go="next")
    page = nurse.get(path.replace("/2", "/3"))
    if ending == "disabled":
        with clinic.database.writing() as session:
            session.execute(update(Account).where(Account.username == "member-0").values(disabled_at=NOW))
    elif ending == "signed_out":
        nurse.post("/staff/sign-out", page="/clinic/tasks")
    else:
        clock.now += timedelta(minutes=62)
    assert tap(nurse, page, answer="4", go="next").headers["Location"] == "/p/interview-over"
    assert nurse.get(path).request.path == "/p/interview-over"
    assert stored(clinic) == [(3, "interview", True)]


def test_the_pause_says_how_far_it_is_and_leads_back(
    clinic: Clinic, nurse: StaffBrowser, participant_id: int
) -> None:
    begin(nurse, participant_id)
    tap(nurse, nurse.get(item_path(clinic, participant_id)), answer="3", go="next")
    pause = nurse.get("/p/tablet")
    with clinic.database.reading() as session:
        assert session.get_one(Participant, participant_id).participant_code in pause.text
    assert f'href="{item_path(clinic, participant_id).removesuffix("/2")}"' in pause.text
    assert 'action="/p/tablet/lock"' in pause.text
    here = nurse.get(f"/clinic/participants/{participant_id}/interview")
    assert f'href="{item_path(clinic, participant_id).removesuffix("/2")}"' in main(here)


def test_a_form_that_arrived_or_whose_period_is_over_is_not_begun(
    clinic: Clinic, nurse: StaffBrowser, participant_id: int
) -> None:
    path = f"/clinic/participants/{participant_id}/interview"
    fields = form_fields(nurse.get(path), path)
    clinic.record(participant_id, "questionnaires_stopped", CONSENTED_ON)
    over = nurse.client.post(path, data=fields, follow_redirects=True)
    assert over.request.path == f"/clinic/participants/{participant_id}"
    assert list_notices(over)[0] == "attention"
    other = clinic.enrol(CONSENTED_ON, participant_code="15-002")
    path = f"/clinic/participants/{other}/interview"
    fields = form_fields(nurse.get(path), path)
    clinic.answer(other, "BASELINE", CONSENTED_ON)
    assert nurse.client.post(path, data=fields).headers["Location"] == f"/clinic/participants/{other}"


def test_a_call_is_answered_from_the_list_and_is_gone_once_the_form_is_sent(
    clinic: Clinic, nurse: StaffBrowser, clock: SettableClock
) -> None:
    person = clinic.enrol(RANDOMISED)
    clinic.record(person, "randomised", RANDOMISED, arm="SURVEILLANCE")
    clinic.answer(person, "BASELINE", RANDOMISED)
    clock.now = noon(CALL_DAY)
    nurse.post("/staff/sign-in", username="member-0", password="a long and unusual password 7!")
    start = f"/clinic/participants/{person}/interview?visit=W08"
    assert start in nurse.get("/clinic/tasks").text
    begin(nurse, person)
    with clinic.database.reading() as session:
        (record,) = session.scalars(select(SiteTaskRecord)).all()
    assert (record.outcome, record.recorded_by_id) == ("answers_now", clinic.nurse.account_id)
    assert start not in nurse.get("/clinic/tasks").text
    clock.now += timedelta(days=1)
    nurse.post("/staff/sign-in", username="member-0", password="a long and unusual password 7!")
    assert start in nurse.get("/clinic/tasks").text  # what broke off comes back
    begin(nurse, person)
    send = f"/p/q/{clinic.assessments(person)['W08'].assessment_id}/send"
    tap(nurse, nurse.get(send), respondent="self")
    clock.now += timedelta(minutes=10)
    assert start not in nurse.get("/clinic/tasks").text
    clock.now += timedelta(days=3)
    nurse.post("/staff/sign-in", username="member-0", password="a long and unusual password 7!")
    assert start not in nurse.get("/clinic/tasks").text
