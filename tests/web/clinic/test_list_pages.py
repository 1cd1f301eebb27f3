import re
from datetime import date, timedelta

from clinic_browser import StaffBrowser
from clinic_world import Clinic
from werkzeug.test import TestResponse

ENOUGH = 5


def codes(page: TestResponse) -> list[str]:
    return re.findall(r'class="row-link" href="[^"]*">([^<]+)<', page.text)


def fill(clinic: Clinic, enrolled_on: date = date(2025, 12, 22)) -> None:
    """Enrol three people: one answered W08, one began it, one did nothing; it closes 70 days after."""
    for number in (1, 2, 3):
        participant_id = clinic.enrol(enrolled_on, participant_code=f"15-00{number}")
        clinic.record(participant_id, "randomised", enrolled_on + timedelta(days=7), arm="LUTATHERA")
    clinic.answer(1, "W08", enrolled_on + timedelta(days=64), items=ENOUGH)
    clinic.answer(2, "W08", enrolled_on + timedelta(days=64), submit=False)


def test_an_empty_list_says_what_would_appear_and_how(clinic: Clinic, nurse: StaffBrowser) -> None:
    page = nurse.get("/clinic/")
    assert clinic.assessments(1) == {}
    assert "empty-state" in page.text
    assert "/clinic/participants/new" in page.text


def test_the_list_is_filtered_by_state_searched_by_code_and_sorted(
    clinic: Clinic, nurse: StaffBrowser
) -> None:
    fill(clinic)
    assert codes(nurse.get("/clinic/")) == ["15-001", "15-002", "15-003"]
    assert codes(nurse.get("/clinic/?sort=-code")) == ["15-003", "15-002", "15-001"]
    assert codes(nurse.get("/clinic/?sort=state")) == ["15-002", "15-003", "15-001"]
    assert codes(nurse.get("/clinic/?state=started")) == ["15-002"]
    assert codes(nurse.get("/clinic/?q=15-00")) == ["15-001", "15-002", "15-003"]
    assert codes(nurse.get("/clinic/?q=003")) == ["15-003"]
    assert codes(nurse.get("/clinic/?q=zzz&state=nonsense&sort=nonsense&page=99&site=")) == []


def test_every_number_of_the_completion_leads_to_its_list(clinic: Clinic, nurse: StaffBrowser) -> None:
    fill(clinic, date(2025, 12, 15))
    page = nurse.get("/clinic/completion")
    links = re.findall(r'href="(/clinic/completion/list[^"]*)">([^<]+)<', page.text.replace("&amp;", "&"))
    assert len(links) == 22
    for link, number in links:
        listed = codes(nurse.get(link))
        assert len(listed) == int(re.split(r"\D", number)[0])


def test_an_unknown_figure_is_a_missing_page(clinic: Clinic, nurse: StaffBrowser) -> None:
    fill(clinic)
    assert nurse.get("/clinic/completion/list?visit=W08&figure=answers").status_code == 404


def test_a_closed_visit_is_reopened_and_its_reason_recorded(clinic: Clinic, nurse: StaffBrowser) -> None:
    participant_id = clinic.enrol(date(2025, 12, 15))
    clinic.record(participant_id, "randomised", date(2025, 12, 22), arm="LUTATHERA")
    visit = clinic.assessments(participant_id)["W08"]
    record = nurse.get(f"/clinic/participants/{participant_id}")
    assert f"/clinic/visits/{visit.assessment_id}/reopen" in record.text
    reason = f"/clinic/visits/{visit.assessment_id}/reason"
    assert nurse.post(reason, reason="OTHER", said_by="patient", text=" ").status_code == 400
    assert nurse.post(reason, reason="FORGOT", said_by="patient", text="").status_code == 200
    reopen = f"/clinic/visits/{visit.assessment_id}/reopen"
    assert nurse.post(reopen, reason="").status_code == 400
    for _ in range(2):
        assert nurse.post(reopen, page="/clinic/", reason="was away").status_code == 200
    after = clinic.assessments(participant_id)["W08"]
    assert (after.not_done_reason, after.reopened_reason) == ("FORGOT", "was away")


def test_of_two_who_say_why_the_second_is_told_and_asked_once_more(
    clinic: Clinic, nurse: StaffBrowser
) -> None:
    participant_id = clinic.enrol(date(2025, 12, 15))
    clinic.record(participant_id, "randomised", date(2025, 12, 22), arm="LUTATHERA")
    page = f"/clinic/visits/{clinic.assessments(participant_id)['W08'].assessment_id}/reason"
    seen = find_seen(nurse.get(page).text)
    nurse.post(page, reason="TOO_ILL", said_by="patient", text="", seen=seen)

    again = nurse.post(page, reason="TOO_ILL", said_by="patient", text="", seen=seen)
    other = nurse.post(page, reason="REFUSED", said_by="site", text="", seen=seen)

    assert (again.status_code, other.status_code) == (200, 409)
    assert "error-summary" in other.text
    assert re.search(r'value="REFUSED"[^>]*checked|checked[^>]*value="REFUSED"', other.text)
    assert clinic.assessments(participant_id)["W08"].not_done_reason == "TOO_ILL"
    assert find_seen(other.text) != seen
    nurse.post(page, reason="REFUSED", said_by="site", text="", seen=find_seen(other.text))
    assert clinic.assessments(participant_id)["W08"].not_done_reason == "REFUSED"


def find_seen(page: str) -> str:
    """Find the mark of what the page shows as recorded."""
    found = re.search(r'name="seen" type="hidden" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def test_the_baseline_says_that_it_cannot_be_reopened(clinic: Clinic, nurse: StaffBrowser) -> None:
    participant_id = clinic.enrol(date(2025, 12, 15))
    clinic.record(participant_id, "randomised", date(2025, 12, 22), arm="LUTATHERA")
    assessment_id = clinic.assessments(participant_id)["BASELINE"].assessment_id
    page = nurse.get(f"/clinic/visits/{assessment_id}/reopen")
    assert "empty-state" in page.text
    refused = nurse.post(f"/clinic/visits/{assessment_id}/reopen", page="/clinic/", reason="please")
    assert refused.status_code == 400
    assert clinic.assessments(participant_id)["BASELINE"].reopened_at is None
