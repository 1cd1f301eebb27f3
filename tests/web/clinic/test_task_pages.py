import re
from datetime import date, timedelta

import pytest
from clinic_browser import StaffBrowser
from clinic_world import Clinic, noon
from conftest import NOW, SettableClock
from sqlalchemy import select

from pro_app.storage.queries.outbox import list_messages_with_visits
from pro_app.storage.tables.channel_reports import ChannelStop
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.site_tasks import SiteTaskRecord

# The tests' clock stands at Monday 2 March 2026: week 8 after 29 December is open from 16 February.
RANDOMISED = date(2026, 1, 2)
CALL_DAY = date(2026, 3, 1)
TEXTS = "/clinic/message-texts"
WAYS = ("e-mail", "SMS", "notification")


@pytest.fixture
def participant_id(clinic: Clinic) -> int:
    """Enrol somebody under surveillance who is to be called about week 8."""
    enrolled = clinic.enrol(RANDOMISED)
    clinic.record(enrolled, "randomised", RANDOMISED, arm="SURVEILLANCE")
    clinic.answer(enrolled, "BASELINE", RANDOMISED)
    return enrolled


def task_address(browser: StaffBrowser, page: str = "/clinic/tasks") -> str:
    found = re.search(r'href="(/clinic/participants/\d+/tasks/[0-9a-f]{16})"', browser.get(page).text)
    assert found is not None
    return found[1]


def count_records(clinic: Clinic) -> int:
    with clinic.database.reading() as session:
        return len(session.scalars(select(SiteTaskRecord)).all())


def a_stop(clinic: Clinic, participant_id: int, reason: str = "bounced") -> int:
    with clinic.writing() as session:
        stop = ChannelStop(participant_id=participant_id, channel="email", reason=reason, since_at=NOW)
        session.add(stop)
        session.flush()
        return stop.id


def test_the_list_says_who_is_to_be_called_and_the_menu_how_many(
    nurse: StaffBrowser, participant_id: int
) -> None:
    page = nurse.get("/clinic/tasks")
    assert page.status_code == 200
    assert "15-001" in page.text
    assert f'href="/clinic/participants/{participant_id}"' in page.text
    assert re.search(r'href="/clinic/tasks"[^>]*>[^<]*<span class="count">1</span>', page.text)


def test_without_tasks_the_page_says_what_would_appear(nurse: StaffBrowser) -> None:
    page = nurse.get("/clinic/tasks")
    assert "empty-state" in page.text
    assert '<span class="count">0</span>' in page.text


def test_what_was_done_is_recorded_on_the_task_s_own_page(
    clinic: Clinic, nurse: StaffBrowser, participant_id: int
) -> None:
    address = task_address(nurse)
    key = f"call:{participant_id}:W08:site-call:1"
    assert key in nurse.get(address).text
    assert key not in address
    done = nurse.post(address, task_key=key, outcome="reached", note="ce soir")
    assert (done.status_code, done.request.path) == (200, "/clinic/tasks")
    assert "empty-state" in done.text
    record = nurse.get(f"/clinic/participants/{participant_id}").text
    assert "ce soir" in record
    assert count_records(clinic) == 1


def test_a_task_without_an_outcome_is_marked_at_its_field_and_keeps_the_note(
    clinic: Clinic, nurse: StaffBrowser, participant_id: int
) -> None:
    page = nurse.post(task_address(nurse), task_key=f"call:{participant_id}:W08:site-call:1", note="presque")
    assert (page.status_code, re.findall(r'id="(\w+)-error"', page.text)) == (400, ["outcome"])
    assert "presque" in page.text
    assert count_records(clinic) == 0


def test_a_form_that_was_sent_twice_counts_once(
    clinic: Clinic, nurse: StaffBrowser, participant_id: int
) -> None:
    address, key = task_address(nurse), f"call:{participant_id}:W08:site-call:1"
    for _ in range(2):
        nurse.post(address, page="/clinic/participants/new", task_key=key, outcome="reached")
    assert count_records(clinic) == 1


def test_a_task_whose_reason_went_while_its_page_was_open_is_not_recorded(
    clinic: Clinic, nurse: StaffBrowser, participant_id: int
) -> None:
    address, key = task_address(nurse), f"call:{participant_id}:W08:site-call:1"
    clinic.answer(participant_id, "W08", CALL_DAY)
    page = nurse.post(address, page="/clinic/participants/new", task_key=key, outcome="reached")
    assert page.request.path == "/clinic/tasks"
    assert "notice-attention" in page.text
    assert nurse.get(address).request.path == "/clinic/tasks"
    assert count_records(clinic) == 0


def test_another_site_finds_no_such_page(
    clinic: Clinic, nurse: StaffBrowser, other_nurse: StaffBrowser, *, participant_id: int
) -> None:
    address, key = task_address(nurse), f"call:{participant_id}:W08:site-call:1"
    assert other_nurse.get(address).status_code == 404
    answer = other_nurse.post(address, page="/clinic/participants/new", task_key=key, outcome="reached")
    assert (answer.status_code, count_records(clinic)) == (404, 0)
    assert "15-001" not in other_nurse.get("/clinic/tasks").text


@pytest.mark.usefixtures("participant_id")
def test_those_of_all_sites_see_counts_and_no_patient(
    coordinator: StaffBrowser, monitor: StaffBrowser
) -> None:
    for browser in (coordinator, monitor):
        page = browser.get("/clinic/tasks")
        assert page.status_code == 200
        assert "Centre 15" in page.text
        assert "15-001" not in page.text
        assert 'class="count"' not in page.text


def test_the_record_shows_the_patient_s_own_tasks(
    nurse: StaffBrowser, coordinator: StaffBrowser, participant_id: int
) -> None:
    page = f"/clinic/participants/{participant_id}"
    assert task_address(nurse, page)
    seen = coordinator.get(page).text
    assert "/tasks/" not in seen


def test_a_pause_is_told_before_anybody_calls(
    clinic: Clinic, nurse: StaffBrowser, participant_id: int
) -> None:
    without = nurse.get(task_address(nurse)).text
    clinic.record(participant_id, "paused", CALL_DAY, until="2026-04-01")
    assert "1 avr. 2026" not in without
    assert "1 avr. 2026" in nurse.get(task_address(nurse)).text


def test_a_check_is_recorded_from_its_page(
    app_clock_2028: SettableClock, clinic: Clinic, nurse_2028: StaffBrowser
) -> None:
    assert app_clock_2028.now.year == 2028
    enrolled = clinic.enrol(RANDOMISED)
    clinic.record(enrolled, "randomised", RANDOMISED, arm="SURVEILLANCE")
    clinic.record(enrolled, "treatment_ended", date(2026, 3, 1))
    address = task_address(nurse_2028)
    done = nurse_2028.post(address, task_key=f"check_status_and_contacts:{enrolled}:Y2", outcome="confirmed")
    assert (done.request.path, count_records(clinic)) == ("/clinic/tasks", 1)


@pytest.fixture
def app_clock_2028(clock: SettableClock) -> SettableClock:
    """Set the clock to the time of the first check."""
    clock.now = noon(date(2028, 1, 20))
    return clock


@pytest.fixture
def nurse_2028(app_clock_2028: SettableClock, request: pytest.FixtureRequest) -> StaffBrowser:
    """Sign in the nurse at that time."""
    assert app_clock_2028
    browser = request.getfixturevalue("nurse")
    assert isinstance(browser, StaffBrowser)
    return browser


def test_the_contact_page_lets_a_resting_way_be_used_again(
    clinic: Clinic, nurse: StaffBrowser, participant_id: int
) -> None:
    stop_id = a_stop(clinic, participant_id)
    contact = f"/clinic/participants/{participant_id}/contact"
    lift = f"/clinic/participants/{participant_id}/channels/{stop_id}"
    assert lift in nurse.get(contact).text
    done = nurse.post(lift, page=contact)
    assert (done.request.path, lift in done.text) == (contact, False)
    with clinic.database.reading() as session:
        assert session.get_one(ChannelStop, stop_id).lifted_at is not None
    assert "notice-good" in done.text
    again = nurse.post(lift, page=contact)
    assert ("notice-good" in again.text, "notice-info" in again.text) == (False, True)


def test_nobody_lifts_the_stop_of_another_site(
    clinic: Clinic, other_nurse: StaffBrowser, participant_id: int
) -> None:
    stop_id = a_stop(clinic, participant_id)
    lift = f"/clinic/participants/{participant_id}/channels/{stop_id}"
    assert other_nurse.post(lift, page="/clinic/participants/new").status_code == 404
    with clinic.database.reading() as session:
        assert session.get_one(ChannelStop, stop_id).lifted_at is None


@pytest.mark.parametrize(("channel", "sent"), [("email", ["email"]), ("sms", []), ("pigeon", [])])
def test_a_test_message_goes_by_the_way_that_was_asked_for(
    clinic: Clinic, nurse: StaffBrowser, *, participant_id: int, channel: str, sent: list[str]
) -> None:
    nurse.post(f"/clinic/participants/{participant_id}/test-message", page="/clinic/", channel=channel)
    with clinic.database.reading() as session:
        rows = list_messages_with_visits(session, participant_id)
        assert [row.channel for row, _visit in rows if row.rule_code == "test"] == sent


def test_with_text_messages_the_order_of_ways_is_chosen_and_a_landline_warned_about(
    with_sms: None, clinic: Clinic, nurse: StaffBrowser, *, participant_id: int
) -> None:
    assert with_sms is None
    address = f"/clinic/participants/{participant_id}/contact"
    said = {"language": "fr", "zone": "Europe/Paris", "reminder_hour": "10", "email": "a@example.fr"}
    page = nurse.post(address, **said, telephone="04 67 61 31 00", channels="sms,email")
    assert page.status_code == 200
    assert "notice-attention" in page.text
    with clinic.database.reading() as session:
        assert session.get_one(Participant, participant_id).channels == "sms,email"
    assert 'value="sms,email" selected' in _selected_first(nurse.get(address).text)
    refused = nurse.post(address, **said, telephone="0612345678", channels="sms,fax")
    assert (refused.status_code, re.findall(r'id="(\w+)-error"', refused.text)) == (400, ["channels"])


def _selected_first(html: str) -> str:
    """Write the attributes of a chosen option in one order."""
    return re.sub(r'<option selected value="([^"]*)"', r'<option value="\1" selected', html)


def test_an_enrolment_can_choose_the_ways(with_sms: None, clinic: Clinic, nurse: StaffBrowser) -> None:
    assert with_sms is None
    said = {
        "participant_code": "15-009", "consented_on": "2026-03-02", "notice_version": "2.1",
        "telephone": "0612345678", "language": "fr", "zone": "Europe/Paris", "reminder_hour": "10",
    }  # fmt: skip
    page = nurse.post("/clinic/participants/new", **said, channels="sms")
    assert page.request.path.endswith("/first-steps")
    assert 'name="channel" value="sms"' in page.text
    with clinic.database.reading() as session:
        assert session.scalars(select(Participant.channels)).all() == ["sms"]


@pytest.mark.parametrize("who", ["nurse", "coordinator", "monitor"])
def test_every_text_is_shown_in_both_languages_and_by_every_way(
    who: str, request: pytest.FixtureRequest
) -> None:
    browser: StaffBrowser = request.getfixturevalue(who)
    french, english = (browser.get(f"/clinic/message-texts?in={code}").text for code in ("fr", "en"))
    assert french.count('class="phone-message"') == english.count('class="phone-message"') == 20
    assert english.count('class="phone-bubble" lang="en"') == 20
    # A code for a new PIN never comes as a notification, which shows on a locked phone.
    assert [french.count(f'<span class="soft">{way}</span>') for way in WAYS] == [7, 7, 6]
    assert "Your questionnaire is ready" in english
    assert "Your questionnaire is ready" not in french
    assert "Suivi 34" in french
    assert "04 67 61 31 00" in french
    assert "http://localhost" in french


def test_texts_of_another_site_or_language_are_no_page(clinic: Clinic, nurse: StaffBrowser) -> None:
    for asked in (f"site={clinic.other_site_id}", "site=999999", "in=de"):
        assert nurse.get(f"/clinic/message-texts?{asked}").status_code == 404


def test_the_last_day_in_a_previewed_text_is_an_example_in_the_future(nurse: StaffBrowser) -> None:
    page = nurse.get("/clinic/message-texts?in=fr").text
    assert f"{(NOW.date() + timedelta(days=14)).day} mars 2026" in page


@pytest.mark.parametrize(("who", "in_menu"), [("nurse", True), ("coordinator", False), ("monitor", False)])
def test_the_texts_are_found_in_the_menu_of_a_site_and_beside_the_sending(
    who: str, request: pytest.FixtureRequest, *, in_menu: bool
) -> None:
    browser: StaffBrowser = request.getfixturevalue(who)
    menu = re.search(r"<nav class=\"staff-bar-nav.*?</nav>", browser.get("/clinic/").text, re.DOTALL)
    assert menu is not None
    assert (f'href="{TEXTS}"' in menu[0]) == in_menu
    if not in_menu:
        assert f'href="{TEXTS}"' in browser.get("/admin/sending").text


def test_the_ways_that_are_not_set_up_are_named(with_sms: None, nurse: StaffBrowser) -> None:
    assert with_sms is None
    said = re.search(r'</form>\s*<p class="soft">([^<]+)</p>', nurse.get(TEXTS).text)
    assert said is not None
    assert ("notification" in said[1], "SMS" in said[1], "e-mail" in said[1]) == (True, False, False)
