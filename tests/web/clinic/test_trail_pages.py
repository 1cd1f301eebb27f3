"""The audit trail as people read it: sentences, search, files, and who may see it."""

import csv
import json
import re
from datetime import date
from html import unescape
from io import StringIO

import pytest
from clarification_world import build_correction, wants
from clinic_browser import StaffBrowser
from clinic_world import Clinic
from export_world import give_answers
from sqlalchemy import select
from trail_world import ANSWERED, ENROLLED, correct_day, enrol_and_answer
from werkzeug.test import TestResponse

from pro_app.storage.tables.read_log import RecordRead

NUMBERED = re.compile(
    r"15-00\d|participants/\d+|assessments?/\d+|visits/\d+|events/\d+|csrf[^>]*>|[A-Z0-9]{4}-[A-Z0-9]{4}"
)
ENTRY = re.compile(r'"entry": "\d+|15-00\d,\d+,')
SOFT = re.compile(r'<span class="soft">[^<]*</span>')


def lines(page: TestResponse) -> list[str]:
    found = re.search(r'<ol class="trail".*?</ol>', page.text, re.DOTALL)
    items = re.findall(r"<li>(.*?)</li>", found[0], re.DOTALL) if found else []
    return [unescape(re.sub(r"<[^>]+>", "", item)).strip() for item in items]


def address(participant_id: int, kind: str = "", query: str = "") -> str:
    return f"/clinic/participants/{participant_id}/trail{kind}{query}"


def test_a_corrected_event_is_one_sentence_with_who_what_from_what_to_what_and_why(
    clinic: Clinic, nurse: StaffBrowser
) -> None:
    participant_id = clinic.enrol(ENROLLED)
    event_id = clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    correct_day(clinic, event_id, date(2026, 1, 13), reason="Lu sur la fiche")
    newest = lines(nurse.get(address(participant_id)))[0]
    assert "12 janv. 2026 → 13 janv. 2026" in newest
    assert "15" in newest
    assert "Member 0" in newest
    assert newest.endswith("Lu sur la fiche")
    assert newest in lines(nurse.get(f"/clinic/participants/{participant_id}"))


def test_savings_of_one_form_that_follow_each_other_are_one_line_of_the_page_and_each_one_of_the_file(
    clinic: Clinic, nurse: StaffBrowser
) -> None:
    participant_id = clinic.enrol(ENROLLED)
    for number in (1, 2, 3):
        give_answers(clinic, participant_id, "BASELINE", on=ANSWERED, answers={"qlq-c30": {number: "2"}})
    assert len(lines(nurse.get(address(participant_id)))) == 2
    rows = json.loads(nurse.get(address(participant_id, ".json")).text)
    assert [row["action"] for row in rows] == ["answers.save"] * 3 + ["participant.enrol"]


def test_words_kind_person_and_period_narrow_it_down_on_the_page_and_in_the_files(
    clinic: Clinic, nurse: StaffBrowser
) -> None:
    participant_id = enrol_and_answer(clinic, "15-001", "2")
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    everything = lines(nurse.get(address(participant_id)))
    assert len(everything) == 4
    for query, left in (
        ("?q=MEMBER%20janv", 2),
        ("?q=zzz", 0),
        ("?kind=event", 1),
        ("?kind=form", 2),
        ("?from=2026-01-06&until=2026-01-06", 2),
        ("?from=2026-01-99&until=nonsense&page=77", 4),
        ("?from=0001-01-01&until=9999-12-30", 4),
        ("?until=0001-01-01", 4),
    ):
        assert len(lines(nurse.get(address(participant_id, query=query)))) == left, query
        assert len(json.loads(nurse.get(address(participant_id, ".json", query)).text)) == left, query
    who = json.loads(nurse.get(address(participant_id, ".json")).text)[0]["who"]
    assert len(lines(nurse.get(address(participant_id, query=f"?who={who}")))) == 2


def test_both_files_say_the_same_when_they_are_read_again(clinic: Clinic, nurse: StaffBrowser) -> None:
    participant_id = clinic.enrol(date(2025, 12, 15))
    clinic.record(participant_id, "randomised", date(2025, 12, 22), arm="LUTATHERA")
    reopened = nurse.post(
        f"/clinic/visits/{clinic.assessments(participant_id)['W08'].assessment_id}/reopen",
        page="/clinic/",
        reason='=1+1; "quoted", é\nsecond line',
    )
    assert reopened.status_code == 200
    rows = json.loads(nurse.get(address(participant_id, ".json")).text)
    shown = nurse.get(address(participant_id, ".csv"))
    assert shown.headers["Content-Disposition"].startswith("attachment")
    table = list(csv.DictReader(StringIO(shown.text, newline="")))
    assert [{k: v[1:] if v[:2] == "'=" else v for k, v in row.items()} for row in table] == rows
    assert any(row["reason"].startswith("'=1+1") for row in table), "a spreadsheet must not compute it"


def test_nothing_that_is_shown_depends_on_what_was_answered(
    clinic: Clinic, nurse: StaffBrowser, monitor: StaffBrowser
) -> None:
    low, high = enrol_and_answer(clinic, "15-001", "1"), enrol_and_answer(clinic, "15-002", "4")
    for browser in (nurse, monitor):
        for kind in ("", ".csv", ".json"):
            seen = [
                NUMBERED.sub("", ENTRY.sub("", browser.get(address(key, kind)).text)) for key in (low, high)
            ]
            assert seen[0] == seen[1]
        records = [browser.get(f"/clinic/participants/{key}").text for key in (low, high)]
        plain = [SOFT.sub("", NUMBERED.sub("", text)).partition('class="definitions"')[0] for text in records]
        assert plain[0] == plain[1]


def test_no_contact_and_nothing_that_was_written_about_the_person_is_in_page_or_files(
    clinic: Clinic, nurse: StaffBrowser, monitor: StaffBrowser
) -> None:
    correction = build_correction(clinic)
    asked = correction.request(wants(request="Mot de la patiente", evidence_ref="Classeur Dupont"))
    correction.decide(asked, reason="Elle a dit quatre")
    for browser in (nurse, monitor):
        for kind in ("", ".csv", ".json"):
            text = browser.get(address(correction.participant_id, kind)).text
            for word in ("dupont", "Dupont", "12345678", "12 34 56", "Mot de la", "dit quatre"):
                assert word not in text


@pytest.mark.parametrize("kind", ["", ".csv", ".json"])
def test_each_look_is_noted_and_another_site_s_person_is_as_absent_as_one_who_never_was(
    clinic: Clinic, nurse: StaffBrowser, other_nurse: StaffBrowser, *, monitor: StaffBrowser, kind: str
) -> None:
    participant_id = clinic.enrol(ENROLLED)
    theirs, missing = (other_nurse.get(address(key, kind)) for key in (participant_id, 999_999))
    assert (theirs.status_code, theirs.text) == (404, missing.text)
    assert [browser.get(address(participant_id, kind)).status_code for browser in (nurse, monitor)] == [
        200,
        200,
    ]
    with clinic.database.reading() as session:
        looks = session.scalars(select(RecordRead.account_id).where(RecordRead.what == "trail")).all()
    assert looks == [clinic.nurse.account_id, clinic.monitor.account_id]


def test_a_hundred_entries_are_one_page(clinic: Clinic, nurse: StaffBrowser) -> None:
    participant_id = clinic.enrol(ENROLLED)
    for _ in range(101):
        nurse.post(f"/clinic/participants/{participant_id}/test-message", page="/clinic/", channel="email")
    first = nurse.get(address(participant_id))
    assert len(lines(first)) == 100
    assert len(lines(nurse.get(address(participant_id, query="?page=2")))) == 2
