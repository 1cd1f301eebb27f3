"""What happened with somebody in the order of time, or one kind of it; states and counts, never answers."""

import re
from datetime import date

from clinic_browser import StaffBrowser
from clinic_world import Clinic
from trail_world import ENROLLED, enrol_and_answer
from werkzeug.test import TestResponse

MISSING = 999_999


def titles(page: TestResponse) -> list[str]:
    entries = re.search(r'<ol class="timeline">.*?</ol>', page.text, re.DOTALL)
    return re.findall(r'class="timeline-title">(?:<a[^>]*>)?([^<]+)', entries[0]) if entries else []


def tab_counts(page: TestResponse) -> list[int]:
    return [int(number) for number in re.findall(r'show=\w+"[^>]*>[^<]*<span class="count">(\d+)', page.text)]


def address(participant_id: int, query: str = "") -> str:
    return f"/clinic/participants/{participant_id}/history{query}"


def test_what_happened_stands_in_one_order_and_each_kind_by_itself(
    clinic: Clinic, nurse: StaffBrowser
) -> None:
    participant_id = enrol_and_answer(clinic, "15-001", "3")
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    page = nurse.get(address(participant_id))
    everything = titles(page)
    kinds = ("form", "event", "message", "task", "device")
    each = [titles(nurse.get(address(participant_id, f"?show={kind}"))) for kind in kinds]
    assert sorted(everything) == sorted(title for found in each for title in found)
    assert tab_counts(page) == [len(found) for found in each]
    assert (len(each[0]), len(each[1])) == (1, 2)
    assert everything.index(each[1][0]) < everything.index(each[0][0]) < everything.index(each[1][1])


def test_an_empty_kind_says_so_and_a_page_beyond_the_last_is_the_last(
    clinic: Clinic, nurse: StaffBrowser
) -> None:
    participant_id = clinic.enrol(ENROLLED)
    assert "empty-state" in nurse.get(address(participant_id, "?show=device")).text
    assert titles(nurse.get(address(participant_id, "?page=99&show="))) != []
    assert "empty-state" in nurse.get(address(participant_id, "?show=nonsense")).text


def test_those_of_all_sites_read_it_without_links_to_change_and_another_site_finds_nothing(
    clinic: Clinic, monitor: StaffBrowser, other_nurse: StaffBrowser
) -> None:
    participant_id = clinic.enrol(ENROLLED)
    page = monitor.get(address(participant_id))
    assert page.status_code == 200
    assert not any(word in page.text for word in ("dupont", "12345678", "/events", "/contact"))
    theirs, missing = (other_nurse.get(address(key)) for key in (participant_id, MISSING))
    assert (theirs.status_code, theirs.text) == (404, missing.text)


def test_the_record_counts_the_questionnaires_by_state(clinic: Clinic, nurse: StaffBrowser) -> None:
    participant_id = enrol_and_answer(clinic, "15-001", "3")
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    page = nurse.get(f"/clinic/participants/{participant_id}")
    legend = re.search(r'<ul class="legend".*?</ul>', page.text, re.DOTALL)
    assert legend is not None
    counted = [int(number) for number in re.findall(r'class="number">(\d+)<', legend[0])]
    assert sum(counted) == len(clinic.assessments(participant_id))
