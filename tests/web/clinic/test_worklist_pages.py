import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from clinic_browser import StaffBrowser, sign_in
from clinic_world import Clinic, noon
from conftest import NOW, SettableClock
from flask import Flask
from sqlalchemy import select

from pro_app.contacts.vault import Contact, ContactVault
from pro_app.reminders.task_outcomes import CLARIFICATION
from pro_app.reminders.task_situation import Matter
from pro_app.services import task_matters
from pro_app.services.task_records import TaskSaid, record_task
from pro_app.storage.queries.outbox import list_messages_with_visits
from pro_app.storage.tables.read_log import RecordRead
from pro_app.storage.tables.site_tasks import SiteTaskRecord
from pro_app.web.clinic.task_words import task_mark

# The tests' clock stands at Monday 2 March 2026: week 8 after 2 January is open to 6 March.
RANDOMISED = date(2026, 1, 2)
TELEPHONE = "06 12 34 56 78"
LIST = "/clinic/tasks"
SHEET = "/clinic/tasks/call-sheet"


@pytest.fixture
def participant_id(clinic: Clinic) -> int:
    """Enrol somebody under surveillance who is to be called about week 8."""
    enrolled = clinic.enrol(RANDOMISED)
    clinic.record(enrolled, "randomised", RANDOMISED, arm="SURVEILLANCE")
    clinic.answer(enrolled, "BASELINE", RANDOMISED)
    return enrolled


@pytest.fixture
def key(participant_id: int) -> str:
    """Name the call about week 8."""
    return f"call:{participant_id}:W08:site-call:1"


def task_address(browser: StaffBrowser) -> str:
    found = re.search(r'action="(/clinic/participants/\d+/tasks/[0-9a-f]{16})"', browser.get(LIST).text)
    assert found is not None
    return found[1]


def records(clinic: Clinic) -> list[tuple[str, date | None, str | None]]:
    with clinic.database.reading() as session:
        rows = session.scalars(select(SiteTaskRecord).order_by(SiteTaskRecord.id))
        return [(row.outcome, row.again_on, row.reason_code) for row in rows]


def looks(clinic: Clinic) -> list[str]:
    with clinic.database.reading() as session:
        return list(session.scalars(select(RecordRead.what).where(RecordRead.what == "telephone")))


@pytest.mark.parametrize("outcome", ["reached", "not_reached", "message_left", "prefers_paper"])
def test_one_click_on_the_list_records_a_plain_outcome(
    clinic: Clinic, nurse: StaffBrowser, *, key: str, outcome: str
) -> None:
    page = nurse.get(LIST).text
    assert f'name="outcome" value="{outcome}"' in page
    done = nurse.post(task_address(nurse), page=LIST, task_key=key, outcome=outcome)
    assert (done.request.path, records(clinic)) == (LIST, [(outcome, None, None)])
    assert "empty-state" in done.text


@pytest.mark.parametrize("reason", ["TOO_ILL", "REFUSED"])
def test_one_click_on_the_list_records_why_the_person_will_not_answer(
    clinic: Clinic, nurse: StaffBrowser, *, participant_id: int, key: str, reason: str
) -> None:
    page = nurse.get(LIST).text
    form = next(one for one in re.findall(r"<form.*?</form>", page, re.DOTALL) if 'name="said_by"' in one)
    assert f'name="reason" value="{reason}"' in form
    hidden = dict(re.findall(r'type="hidden" name="(task_key|outcome|said_by)" value="([^"]*)"', form))
    assert hidden == {"task_key": key, "outcome": "not_this_time", "said_by": "patient"}
    done = nurse.post(task_address(nurse), page=LIST, reason=reason, **hidden)
    assert (done.request.path, records(clinic)) == (LIST, [("not_this_time", None, reason)])
    visit = clinic.assessments(participant_id)["W08"]
    assert (visit.not_done_reason, visit.not_done_said_by) == (reason, "patient")
    assert "notice-info" in done.text


def test_one_click_says_that_the_number_is_wrong_and_then_the_contact_is_the_task(
    clinic: Clinic, nurse: StaffBrowser, key: str
) -> None:
    done = nurse.post(task_address(nurse), page=LIST, task_key=key, outcome="wrong_number")
    assert records(clinic) == [("wrong_number", None, None)]
    assert 'name="outcome" value="reached"' not in done.text
    assert task_mark(key) not in done.text


def test_the_list_leads_to_the_number_in_one_click(clinic: Clinic, nurse: StaffBrowser, key: str) -> None:
    assert key
    found = re.search(r'href="([^"]+/telephone)#number"', nurse.get(LIST).text)
    assert found is not None
    assert looks(clinic) == []
    assert TELEPHONE in nurse.get(found[1]).text
    assert looks(clinic) == ["telephone"]


def test_an_interview_is_not_offered(nurse: StaffBrowser, key: str) -> None:
    assert key
    assert "answers_now" not in nurse.get(LIST).text + nurse.get(task_address(nurse)).text


@pytest.fixture
def on_day(clock: SettableClock, app: Flask) -> Callable[[date], StaffBrowser]:
    """Sign the nurse in on another day than the tests' own."""

    def sign_in_on(day: date) -> StaffBrowser:
        clock.now = noon(day)
        return sign_in(app, 0)

    return sign_in_on


def test_the_list_says_why_in_one_sentence_and_how_many_days_are_left(
    clinic: Clinic, on_day: Callable[[date], StaffBrowser], participant_id: int
) -> None:
    clinic.answer(participant_id, "W08", date(2026, 3, 3), submit=False, items=30)
    page = on_day(date(2026, 3, 4)).get(LIST).text
    said = re.search(r'<td class="wrap wrap-wide">([^<]+)', page)
    assert said is not None
    assert [number for number in ("8", "2", "30", "51") if number in re.findall(r"\d+", said[1])] == [
        "8", "2", "30", "51",
    ]  # fmt: skip


def test_the_second_of_two_nurses_is_told_who_did_what_and_when(
    clinic: Clinic, nurse: StaffBrowser, key: str
) -> None:
    address = task_address(nurse)
    colleague = clinic.other_nurse.account_id
    with clinic.writing() as session:
        row = record_task(session, key, said=TaskSaid("reached"), actor=clinic.nurse, now=NOW)
        row.recorded_by_id = colleague
    told = nurse.post(address, page="/clinic/participants/new", task_key=key, outcome="wrong_number")
    assert "Member 1" in told.text
    assert "notice-attention" in told.text
    assert records(clinic) == [("reached", None, None)]
    assert "Member 1" in nurse.get(address).text


def test_a_double_click_does_nothing_twice_and_says_that_it_is_recorded(
    clinic: Clinic, nurse: StaffBrowser, key: str
) -> None:
    address = task_address(nurse)
    pages = [
        nurse.post(address, page="/clinic/participants/new", task_key=key, outcome="not_reached")
        for _ in range(2)
    ]
    assert records(clinic) == [("not_reached", None, None)]
    assert ["notice-good" in page.text for page in pages] == [True, True]


@pytest.mark.parametrize(
    "said",
    [
        {"outcome": "not_reached", "again_on": "2026-03-04"},
        {"outcome": "not_this_time", "reason": "TOO_ILL", "said_by": "relative", "note": "fatigue"},
    ],
    ids=lambda said: said["outcome"],
)
def test_a_double_click_with_a_day_or_a_reason_is_told_that_it_is_recorded_too(
    clinic: Clinic, nurse: StaffBrowser, *, key: str, said: dict[str, str]
) -> None:
    address = task_address(nurse)
    pages = [nurse.post(address, page="/clinic/participants/new", task_key=key, **said) for _ in range(2)]
    assert len(records(clinic)) == 1
    assert ["notice-good" in page.text for page in pages] == [True, True]
    assert "notice-attention" not in pages[1].text


def test_who_will_not_answer_this_time_gets_no_more_messages_about_it_and_the_page_says_so(
    clinic: Clinic, nurse: StaffBrowser, *, participant_id: int, key: str
) -> None:
    address, events = task_address(nurse), f'href="/clinic/participants/{participant_id}/events/new"'
    assert count_planned(clinic, participant_id) > 0
    before = nurse.get(address).text
    outcome, reason = (before.index(f'name="{name}"') for name in ("outcome", "reason"))
    assert outcome < before.index(events) < reason
    done = nurse.post(address, task_key=key, outcome="not_this_time", reason="TOO_ILL", said_by="relative")
    assert (done.request.path, records(clinic)) == (LIST, [("not_this_time", None, "TOO_ILL")])
    assert count_planned(clinic, participant_id) == 0
    assert "notice-info" in done.text
    assert f'href="/clinic/participants/{participant_id}"' in done.text


def test_a_reason_is_taken_back_where_it_was_given_and_messages_go_out_again(
    clinic: Clinic, nurse: StaffBrowser, other_nurse: StaffBrowser, *, participant_id: int, key: str
) -> None:
    said = {"outcome": "not_this_time", "reason": "TOO_ILL", "said_by": "relative"}
    nurse.post(task_address(nurse), task_key=key, **said)
    page = f"/clinic/visits/{clinic.assessments(participant_id)['W08'].assessment_id}/reason"
    assert f'action="{page}/withdraw"' in nurse.get(page).text
    missing = other_nurse.post("/clinic/visits/999999/reason/withdraw", page="/clinic/participants/new")
    foreign = other_nurse.post(f"{page}/withdraw", page="/clinic/participants/new")
    assert (missing.status_code, foreign.status_code, count_planned(clinic, participant_id)) == (404, 404, 0)
    done = nurse.post(f"{page}/withdraw", page=page)
    assert ("notice-good" in done.text, count_planned(clinic, participant_id) > 0) == (True, True)
    assert f'action="{page}/withdraw"' not in nurse.get(page).text


def test_other_outcomes_and_patients_without_messages_are_not_warned(
    clinic: Clinic, nurse: StaffBrowser, *, participant_id: int, key: str
) -> None:
    address, events = task_address(nurse), f"/clinic/participants/{participant_id}/events/new"
    clinic.record(participant_id, "messages_stopped", NOW.date())
    assert events not in nurse.get(address).text
    done = nurse.post(address, task_key=key, outcome="not_this_time", reason="TOO_ILL", said_by="relative")
    assert (events in done.text, len(records(clinic))) == (False, 1)


def count_planned(clinic: Clinic, participant_id: int) -> int:
    """Count the messages about week 8 that are still to go."""
    with clinic.database.reading() as session:
        rows = list_messages_with_visits(session, participant_id)
        return len([row for row, visit in rows if (row.state, visit) == ("planned", "W08")])


def test_a_reason_of_the_protocol_is_recorded_with_who_said_it(
    clinic: Clinic, nurse: StaffBrowser, *, participant_id: int, key: str
) -> None:
    address = task_address(nurse)
    incomplete = nurse.post(address, task_key=key, outcome="not_this_time", note="fatigue")
    assert incomplete.status_code == 400
    assert sorted(re.findall(r'id="(\w+)-error"', incomplete.text)) == ["reason", "said_by"]
    assert ("fatigue" in incomplete.text, records(clinic)) == (True, [])
    done = nurse.post(address, task_key=key, outcome="not_this_time", reason="TOO_ILL", said_by="relative")
    assert (done.request.path, records(clinic)) == (LIST, [("not_this_time", None, "TOO_ILL")])
    visit = clinic.assessments(participant_id)["W08"]
    assert (visit.not_done_reason, visit.not_done_said_by) == ("TOO_ILL", "relative")


@pytest.mark.parametrize(
    ("day", "status"), [("2026-03-04", 200), ("2026-03-02", 400), ("2026-03-20", 400), ("gestern", 400)]
)
def test_a_day_to_try_again_is_taken_where_it_can_be(
    clinic: Clinic, nurse: StaffBrowser, *, key: str, day: str, status: int
) -> None:
    page = nurse.post(task_address(nurse), task_key=key, outcome="not_reached", again_on=day)
    assert page.status_code == status
    assert ("again_on-error" in page.text, len(records(clinic))) == (status == 400, int(status == 200))


def test_the_number_is_shown_by_an_act_of_its_own_and_each_look_is_logged(
    clinic: Clinic, nurse: StaffBrowser, key: str
) -> None:
    assert key
    address = task_address(nurse)
    assert TELEPHONE not in nurse.get(LIST).text + nurse.get(address).text
    assert looks(clinic) == []
    shown = nurse.get(f"{address}/telephone").text
    assert (TELEPHONE in shown, looks(clinic)) == (True, ["telephone"])
    assert shown.index("tel:") > shown.index('id="telephone-title"')


def test_another_site_sees_neither_number_nor_sheet_nor_outcome(
    clinic: Clinic, nurse: StaffBrowser, other_nurse: StaffBrowser, *, key: str
) -> None:
    address = task_address(nurse)
    missing = re.sub(r"/participants/\d+/", "/participants/999999/", address)
    for path in (address, f"{address}/telephone"):
        theirs = other_nurse.get(path)
        nobody = other_nurse.get(path.replace(address, missing))
        assert (theirs.status_code, theirs.text) == (404, nobody.text)
    posted = [
        other_nurse.post(path, page="/clinic/participants/new", task_key=key, outcome="reached")
        for path in (address, missing)
    ]
    assert (posted[0].status_code, posted[0].text) == (404, posted[1].text)
    for path in (LIST, SHEET, f"{SHEET}/numbers"):
        assert "15-001" not in other_nurse.get(path).text
    assert (looks(clinic), records(clinic)) == ([], [])


def test_those_of_all_sites_have_no_sheet_no_number_and_the_same_explanation(
    nurse: StaffBrowser, coordinator: StaffBrowser, monitor: StaffBrowser, *, key: str
) -> None:
    assert key
    address = task_address(nurse)
    for browser in (coordinator, monitor):
        for path in (SHEET, f"{SHEET}/numbers", address, f"{address}/telephone"):
            assert browser.get(path).status_code == 404
        assert browser.get("/clinic/tasks/ranking").status_code == 200


def test_the_sheet_prints_without_numbers_unless_they_are_asked_for(
    clinic: Clinic, nurse: StaffBrowser, key: str
) -> None:
    assert key
    plain = nurse.get(SHEET).text
    assert ("15-001" in plain, TELEPHONE in plain, looks(clinic)) == (True, False, [])
    full = nurse.get(f"{SHEET}/numbers").text
    assert (TELEPHONE in full, looks(clinic)) == (True, ["telephone"])


def test_every_look_at_a_number_is_kept_before_the_first_number_is_read(
    clinic: Clinic, nurse: StaffBrowser, *, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = clinic.enrol(RANDOMISED, participant_code="15-002", email="b@example.fr")
    clinic.record(other, "randomised", RANDOMISED, arm="SURVEILLANCE")
    clinic.answer(other, "BASELINE", RANDOMISED)
    assert key
    read, seen = ContactVault.find, list[int]()

    def find(self: ContactVault, contact_ref: str) -> Contact:
        seen.append(len(looks(clinic)))
        return read(self, contact_ref)

    monkeypatch.setattr(ContactVault, "find", find)
    page = nurse.get(f"{SHEET}/numbers")
    assert ("15-001" in page.text, "15-002" in page.text, seen) == (True, True, [2, 2])


def test_the_telephone_of_what_another_part_asks_is_asked_for_on_its_own_page(
    nurse: StaffBrowser, clinic: Clinic, *, participant_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Matter(participant_id, CLARIFICATION, "7", why="answered", since_on=NOW.date())
    monkeypatch.setattr(task_matters, "SOURCES", (lambda _session, _scope, *, now: [asked] if now else [],))
    mark = task_mark(f"{CLARIFICATION}:{participant_id}:7")
    address = f"/clinic/participants/{participant_id}/tasks/{mark}"
    own, telephone = (nurse.client.get(path) for path in (address, f"{address}/telephone"))
    assert (telephone.status_code, telephone.location) == (302, own.location)
    assert looks(clinic) == []


def test_a_sheet_without_calls_says_what_would_stand_there(nurse: StaffBrowser) -> None:
    assert "empty-state" in nurse.get(SHEET).text


def test_the_reason_of_a_missed_visit_is_said_from_the_list_and_leads_back_to_it(
    clinic: Clinic, on_day: Callable[[date], StaffBrowser], participant_id: int
) -> None:
    nurse = on_day(date(2026, 3, 9))
    link = re.search(r'href="(/clinic/participants/\d+/tasks/[0-9a-f]{16})"', nurse.get(LIST).text)
    assert link is not None
    visit = re.search(r'href="(/clinic/visits/\d+/reason\?from=tasks)"', nurse.get(link[1]).text)
    assert visit is not None
    done = nurse.post(visit[1], reason="FORGOT", said_by="patient")
    assert done.request.path == LIST
    assert "empty-state" in done.text
    assert clinic.assessments(participant_id)["W08"].not_done_reason == "FORGOT"


def test_the_menu_counts_as_many_tasks_on_every_page(nurse: StaffBrowser, key: str) -> None:
    assert key
    for path in (LIST, "/clinic/", SHEET, "/clinic/tasks/ranking"):
        assert '<span class="count">1</span>' in nurse.get(path).text


def test_a_long_list_comes_in_pages(clinic: Clinic, nurse: StaffBrowser) -> None:
    for number in range(52):
        code = f"15-{number:03}"
        enrolled = clinic.enrol(
            NOW.date() - timedelta(days=8), participant_code=code, email=None, telephone=None
        )
        assert enrolled
    pages = [nurse.get(f"{LIST}?page={number}").text for number in (1, 2, 99)]
    assert [page.count('<th scope="row"') for page in pages] == [50, 2, 2]
    assert all('<span class="count">52</span>' in page for page in pages)
