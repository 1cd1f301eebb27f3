"""The pages of rates: filters, lists behind every number, reasons, and the sites side by side."""

import re
from datetime import date

import pytest
from clinic_browser import StaffBrowser, sign_in
from clinic_world import Clinic, noon
from conftest import SettableClock
from flask import Flask
from werkzeug.test import TestResponse

from pro_app.services.visits import NotDone, record_not_done

ENOUGH = 5
PAGES = ("/clinic/completion", "/clinic/completion/list?figure=expected", "/clinic/completion/reasons")


@pytest.fixture
def filled(clinic: Clinic, clock: SettableClock) -> Clinic:
    """Give three people: one answered W08, one missed it and said why, one nobody knows about."""
    for number in (1, 2, 3):
        participant_id = clinic.enrol(date(2026, 1, 5), participant_code=f"15-00{number}")
        clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    clinic.answer(1, "W08", date(2026, 3, 9), items=ENOUGH)
    clock.now = noon(date(2026, 4, 10))
    with clinic.writing() as session:
        form = clinic.assessments(2)["W08"].assessment_id
        said = NotDone("FORGOT", "patient", "")
        record_not_done(session, form, said, actor=clinic.nurse, now=clock.now)
    return clinic


def links(page: TestResponse) -> list[tuple[str, str]]:
    """Give every number of a page with the address of its list."""
    text = page.text.replace("&amp;", "&")
    return re.findall(r'href="(/clinic/completion/list[^"]*)">([^<]+)<', text)


def count_lines(page: TestResponse) -> int:
    return len(re.findall(r'class="row-link" href="/clinic/participants/', page.text))


@pytest.mark.parametrize(
    "narrowed",
    [
        "",
        "?visit=W08",
        "?instrument=qlq-c30",
        "?mode=own_device",
        "?period=2026-Q1",
        "?period=2026",
        "?by=site",
        "?by=quarter",
        "?visit=W08&instrument=qlq-ginet21&period=2026-Q1&by=site",
        "?period=nonsense&by=nonsense&site=",
    ],
)
def test_every_number_leads_to_a_list_of_so_many_lines(
    filled: Clinic, nurse: StaffBrowser, narrowed: str
) -> None:
    assert filled.study_id
    page = nurse.get(f"/clinic/completion{narrowed}")
    assert page.status_code == 200
    found = links(page)
    assert len(found) > 3
    for link, number in found:
        assert count_lines(nurse.get(link)) == int(re.split(r"\D", number)[0]), link


def test_a_way_of_sending_has_numbers_and_no_rates(filled: Clinic, nurse: StaffBrowser) -> None:
    assert filled.study_id
    narrowed = nurse.get("/clinic/completion?mode=own_device").text
    assert "figure=expected" not in narrowed
    assert "figure=completed" not in narrowed
    assert "figure=received" in narrowed


def test_a_choice_that_nothing_fits_says_so(filled: Clinic, nurse: StaffBrowser) -> None:
    assert filled.study_id
    for narrowed in ("visit=NONE", "instrument=unknown&mode=paper", "period=2019"):
        page = nurse.get(f"/clinic/completion?{narrowed}")
        assert page.status_code == 200
        assert "empty-state" in page.text


def test_reasons_stand_with_who_said_them_and_lead_to_their_lists(
    filled: Clinic, nurse: StaffBrowser
) -> None:
    assert filled.study_id
    page = nurse.get("/clinic/completion/reasons")
    found = links(page)
    by_reason = {link: int(number) for link, number in found if "visit=W08" in link}
    assert sorted(by_reason.values()) == [1, 1]
    for link, number in found:
        assert count_lines(nurse.get(link)) == int(number), link
    [forgot] = [link for link in by_reason if "reason=FORGOT" in link]
    assert "15-002" in nurse.get(forgot).text


def test_nothing_missing_is_said_plainly(clinic: Clinic, nurse: StaffBrowser) -> None:
    assert clinic.study_id
    assert "empty-state" in nurse.get("/clinic/completion/reasons").text


@pytest.mark.parametrize("page", PAGES)
def test_another_site_is_exactly_as_missing_as_one_that_never_was(
    filled: Clinic, nurse: StaffBrowser, other_nurse: StaffBrowser, *, page: str
) -> None:
    joined = "&" if "?" in page else "?"
    assert nurse.get(page).status_code == 200
    theirs = other_nurse.get(f"{page}{joined}site={filled.site_id}")
    missing = other_nurse.get(f"{page}{joined}site=999999")
    assert (theirs.status_code, theirs.text) == (404, missing.text)
    own = other_nurse.get(page)
    assert own.status_code == 200
    assert "15-00" not in own.text


def test_the_sites_are_compared_by_those_who_see_all_of_them(
    filled: Clinic, coordinator: StaffBrowser, monitor: StaffBrowser
) -> None:
    assert filled.study_id
    for browser in (coordinator, monitor):
        page = browser.get("/clinic/sites")
        assert page.status_code == 200
        assert 'role="img"' in page.text
        assert 'aria-sort="ascending"' in page.text
        found = links(page)
        assert {re.search(r"figure=(\w+)", link)[1] for link, _number in found} >= {  # type: ignore[index]  # each has one
            "expected",
            "completed",
            "available",
            "unexplained",
        }
        for link, number in found:
            assert count_lines(browser.get(link)) == int(re.split(r"\D", number)[0]), link
    order = [
        re.findall(r'row-link" href="[^"]*">([^<]+)<', coordinator.get(f"/clinic/sites?sort={sort}").text)
        for sort in ("expected", "-expected")
    ]
    assert order[0] == order[1][::-1]
    assert coordinator.get("/clinic/sites?visit=W08&period=2026-Q1&sort=nonsense").status_code == 200


def test_one_site_never_sees_how_the_others_do(filled: Clinic, nurse: StaffBrowser) -> None:
    assert filled.study_id
    assert nurse.get("/clinic/sites").status_code == 404
    assert "/clinic/sites" not in nurse.get("/clinic/completion").text


def test_the_coordinator_begins_the_day_with_the_sites(filled: Clinic, app: Flask) -> None:
    assert filled.study_id
    browser = sign_in(app, 2)
    assert browser.get("/staff/sign-in").request.path == "/clinic/sites"


def test_sites_without_a_closed_period_say_what_would_appear(
    clinic: Clinic, coordinator: StaffBrowser
) -> None:
    assert clinic.study_id
    assert "empty-state" in coordinator.get("/clinic/sites").text
