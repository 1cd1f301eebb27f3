"""A sheet of paper on the pages of the clinic: without a script, by two people, and only at the own site."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from types import ModuleType

import pytest
from clinic_browser import StaffBrowser
from clinic_world import Clinic, noon
from conftest import SettableClock
from flask import Flask
from paper_world import PaperWorld, build_paper_world
from sqlalchemy import func, select

from pro_app.audit.actor import Actor
from pro_app.services.paper.desk import Desk, load_desk
from pro_app.services.paper.entries import discard, open_form
from pro_app.services.submission import submit_assessment
from pro_app.storage.database import Session
from pro_app.storage.tables.audit_trail import AuditEntry
from pro_app.storage.tables.paper_forms import PaperForm
from pro_app.web.clinic import paper, paper_entry, paper_heads

TODAY = date(2026, 1, 8)
HEAD = {"source_on": "2026-01-06", "respondent": "self"}


@pytest.fixture
def world(clinic: Clinic, clock: SettableClock) -> PaperWorld:
    """Enrol a patient whose first questionnaire is open."""
    clock.now = noon(TODAY)
    return build_paper_world(clinic)


@pytest.fixture
def colleague(app: Flask, world: PaperWorld) -> StaffBrowser:
    """Sign in another nurse of the same site."""
    browser = StaffBrowser(app.test_client())
    browser.post("/staff/sign-in", username="colleague", password="a long and unusual password 7!")
    assert world.assessment_id
    return browser


def address(world: PaperWorld, page: str = "") -> str:
    return f"/clinic/visits/{world.assessment_id}/paper{page}"


def test_a_sheet_is_opened_typed_counted_and_filed_without_a_script(
    nurse: StaffBrowser, world: PaperWorld
) -> None:
    record = nurse.get(f"/clinic/participants/{world.participant_id}")
    assert address(world) in record.text

    grid = nurse.post(address(world), **HEAD)
    assert grid.request.path == address(world, "/entry")
    assert len(re.findall(r'class="paper-mark"', grid.text)) == len(world.desk().cells)
    counts = nurse.post(address(world, "/entry"), **world.marks("2", c30_4="9"), go="review")
    assert counts.request.path == address(world, "/review")
    assert "illisible" in counts.text.lower() or "cannot be read" in counts.text.lower()
    filed = nurse.post(address(world, "/review"))

    assert filed.request.path == f"/clinic/participants/{world.participant_id}"
    receipt = world.desk().assessment.receipt_code
    assert receipt is not None
    assert receipt in filed.text
    assert world.answers()["qlq-c30:4"].remark == "illegible"


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(
    nurse: StaffBrowser, world: PaperWorld
) -> None:
    future = (TODAY + timedelta(days=3)).isoformat()
    refused = nurse.post(address(world), **HEAD | {"source_on": future, "sheet_code": "15-009 W8"})
    assert refused.status_code == 400
    assert 'id="sheet_code-error"' in refused.text
    assert 'value="15-009 W8"' in refused.text
    nurse.post(address(world), **HEAD)

    marks = world.marks("2", c30_4="6")
    del marks["qlq-ginet21:33"]
    wrong = nurse.post(address(world, "/entry"), **marks, go="review")

    assert wrong.status_code == 400
    assert 'href="#m-qlq-c30-4"' in wrong.text
    assert 'href="#m-qlq-ginet21-33"' in wrong.text
    assert wrong.text.count("aria-invalid") == 2
    again = nurse.get(address(world, "/entry"))
    assert again.text.count('value="2"') == len(world.desk().cells) - 2


def test_what_was_saved_on_the_way_is_there_after_signing_in_again(
    app: Flask, nurse: StaffBrowser, world: PaperWorld
) -> None:
    nurse.post(address(world), **HEAD)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', nurse.get(address(world, "/entry")).text)
    assert token is not None
    some = dict(list(world.marks("3").items())[:20])
    saved = nurse.client.post(
        address(world, "/entry"),
        data={"csrf_token": token[1], "go": "save", **some},
        headers={"Accept": "application/json"},
    )
    assert saved.json == {"saved": 20, "problems": []}
    nurse.client.delete_cookie("staff")
    fresh = StaffBrowser(app.test_client())
    lost = fresh.client.post(
        address(world, "/entry"), data={"go": "save", **some}, headers={"Accept": "application/json"}
    )
    assert lost.status_code in {400, 401}
    fresh.post("/staff/sign-in", username="member-0", password="a long and unusual password 7!")

    assert fresh.get(address(world, "/entry")).text.count('value="3"') == 20


def test_two_people_type_a_sheet_and_the_difference_is_decided(
    nurse: StaffBrowser, colleague: StaffBrowser, world: PaperWorld
) -> None:
    nurse.post(address(world), **HEAD, wants_second="y")
    assert "Member 0" in colleague.get(address(world)).text
    nurse.post(address(world, "/entry"), **world.marks("2"), go="review")
    waiting = nurse.post(address(world, "/review"))
    assert waiting.request.path == address(world)
    assert nurse.get(address(world, "/entry")).request.path == address(world)

    assert 'value="2"' not in colleague.get(address(world)).text
    colleague.post(address(world, "/entry"), **world.marks("2", c30_5="3"), go="review")
    differences = colleague.post(address(world, "/review"))
    assert differences.request.path == address(world, "/differences")
    assert differences.text.count('class="paper-mark"') == 1
    undecided = colleague.post(address(world, "/differences"), **{"qlq-c30:5": "3"})
    assert undecided.status_code == 400
    assert 'id="e-m-why-qlq-c30-5"' in undecided.text
    said = {"qlq-c30:5": "3", "why-qlq-c30:5": "Le 3 est entouré."}
    colleague.post(address(world, "/differences"), **said)

    assert world.answers()["qlq-c30:5"].value == 3


def test_the_list_of_things_to_do_names_the_second_entry_until_it_is_done(
    nurse: StaffBrowser, colleague: StaffBrowser, world: PaperWorld
) -> None:
    assert address(world) not in nurse.get("/clinic/tasks").text
    nurse.post(address(world), **HEAD, wants_second="y")
    nurse.post(address(world, "/entry"), **world.marks("2"), go="review")
    nurse.post(address(world, "/review"))

    assert address(world) in colleague.get("/clinic/tasks").text
    # Who typed the sheet first may not type it again: it is nothing to do for that person.
    assert address(world) not in nurse.get("/clinic/tasks").text
    colleague.post(address(world, "/entry"), **world.marks("2"), go="review")
    colleague.post(address(world, "/review"))
    assert address(world) not in colleague.get("/clinic/tasks").text


def test_a_form_that_came_by_phone_meanwhile_is_said_so(nurse: StaffBrowser, world: PaperWorld) -> None:
    nurse.post(address(world), **HEAD)
    nurse.post(address(world, "/entry"), **world.marks("2"), go="save")
    with world.clinic.writing() as session:
        submit_assessment(
            session,
            assessment_id=world.assessment_id,
            respondent="self",
            actor=world.clinic.person(world.participant_id),
            now=noon(TODAY),
        )

    told = nurse.get(address(world, "/entry"))

    assert told.request.path == address(world)
    assert world.desk().assessment.receipt_code in told.text
    with world.clinic.database.reading() as session:
        assert session.scalars(select(PaperForm.closed_how)).all() == ["overtaken"]


def test_saving_for_later_shows_what_could_not_be_saved_and_keeps_what_was(
    nurse: StaffBrowser, world: PaperWorld
) -> None:
    nurse.post(address(world), **HEAD)
    nurse.post(address(world, "/entry"), **world.marks("2"), go="save")

    wrong = nurse.post(address(world, "/entry"), **world.marks("2", c30_4="6"), go="save")

    assert wrong.status_code == 400
    assert 'href="#m-qlq-c30-4"' in wrong.text
    assert world.desk().own_marks(world.clinic.nurse.account_id) == world.marks("2")


def test_a_sheet_that_can_no_longer_be_filed_under_its_day_gets_another_one(
    nurse: StaffBrowser, world: PaperWorld
) -> None:
    nurse.post(address(world), **HEAD)
    nurse.post(address(world, "/entry"), **world.marks("2"), go="review")
    world.clinic.record(world.participant_id, "died", date(2026, 1, 5), at=TODAY)

    refused = nurse.post(address(world, "/review"))

    assert refused.status_code == 400
    assert 'id="source_on-error"' in refused.text
    assert f'action="{address(world, "/head")}"' in refused.text
    assert 'value="2026-01-06"' in refused.text
    assert nurse.post(address(world, "/head"), **HEAD).status_code == 400
    corrected = nurse.post(address(world, "/head"), source_on="2026-01-05", respondent="self")
    assert corrected.request.path == address(world, "/entry")
    nurse.post(address(world, "/review"))
    assert world.desk().assessment.source_on == date(2026, 1, 5)


def test_a_day_that_cannot_be_any_more_is_said_above_the_differences(
    nurse: StaffBrowser, colleague: StaffBrowser, world: PaperWorld
) -> None:
    nurse.post(address(world), **HEAD, wants_second="y")
    nurse.post(address(world, "/entry"), **world.marks("2"), go="review")
    nurse.post(address(world, "/review"))
    colleague.post(address(world, "/entry"), **world.marks("2", c30_5="3"), go="review")
    colleague.post(address(world, "/review"))
    world.clinic.record(world.participant_id, "died", date(2026, 1, 5), at=TODAY)

    said = {"qlq-c30:5": "3", "why-qlq-c30:5": "Le 3 est entouré."}
    refused = colleague.post(address(world, "/differences"), **said)

    assert refused.status_code == 400
    summary = refused.text.partition("error-summary")[2].partition("</ul>")[0]
    assert f'href="{address(world, "/head")}"' in summary
    assert "m-source_on" not in summary
    assert 'value="Le 3 est entouré."' in refused.text


RACES = [("", paper), ("/entry", paper_entry), ("/review", paper_entry), ("/discard", paper)]


@pytest.mark.parametrize(("page", "module"), [*RACES, ("/head", paper_heads)])
def test_a_form_that_comes_by_phone_while_a_page_works_is_told_in_words_for_staff(
    nurse: StaffBrowser, monkeypatch: pytest.MonkeyPatch, *, world: PaperWorld, page: str, module: ModuleType
) -> None:
    if page:
        nurse.post(address(world), **HEAD)
        nurse.post(address(world, "/entry"), **world.marks("2"), go="save")
    seen = nurse.get(address(world, "/discard" if page == "/review" else page))
    _act_between(monkeypatch, module, _send, world=world)
    fields = {**HEAD, "reason": "Mauvaise feuille.", "go": "save", "csrf_token": _token(seen.text)}

    told = nurse.client.post(address(world, page), data=fields, follow_redirects=True)

    assert (told.status_code, told.request.path) == (200, address(world))
    assert world.desk().assessment.mode == "own_device"
    assert world.desk().assessment.receipt_code in told.text


@pytest.mark.parametrize("why", ["sent", "in_other_hands"])
def test_the_script_is_told_by_409_that_the_sheet_is_no_longer_its_to_save(
    nurse: StaffBrowser, monkeypatch: pytest.MonkeyPatch, *, world: PaperWorld, why: str
) -> None:
    world.open()
    token = _token(nurse.get(address(world, "/discard")).text)
    _act_between(monkeypatch, paper_entry, _send if why == "sent" else _take_over, world=world)

    reply = nurse.client.post(
        address(world, "/entry"),
        data={"csrf_token": token, "go": "save", **world.marks("3")},
        headers={"Accept": "application/json"},
    )

    assert reply.status_code == 409
    assert all(not typed.marks for typed in world.desk().typed)


def _token(text: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', text)
    assert found is not None
    return found[1]


def _act_between(
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    act: Callable[[Session, PaperWorld], object],
    *,
    world: PaperWorld,
) -> None:
    """Have somebody act right after the next page read what lies on the desk."""

    def read_and_act(session: Session, assessment_id: int, *, actor: Actor) -> Desk:
        desk = load_desk(session, assessment_id, actor=actor)
        monkeypatch.undo()
        act(session, world)
        return desk

    monkeypatch.setattr(module, "load_desk", read_and_act)


def _send(session: Session, world: PaperWorld) -> None:
    """Send the form as the patient does on the phone."""
    person = world.clinic.person(world.participant_id)
    submit_assessment(
        session, assessment_id=world.assessment_id, respondent="self", actor=person, now=noon(TODAY)
    )


def _take_over(session: Session, world: PaperWorld) -> None:
    """Put the sheet aside and open it anew, as a colleague does."""
    colleague, now = world.colleague, noon(TODAY)
    discard(session, world.assessment_id, reason="Mauvaise feuille.", actor=colleague, now=now)
    open_form(session, world.assessment_id, world.head(), actor=colleague, now=now)


def test_a_sheet_is_put_aside_with_a_reason(nurse: StaffBrowser, world: PaperWorld) -> None:
    nurse.post(address(world), **HEAD)
    assert nurse.post(address(world, "/discard"), reason="").status_code == 400
    nurse.post(address(world, "/discard"), reason="Mauvaise feuille.")
    assert 'name="source_on"' in nurse.get(address(world)).text


def test_a_printed_sheet_names_the_visit_and_no_person_and_is_on_record(
    nurse: StaffBrowser, world: PaperWorld
) -> None:
    sheet = nurse.post(address(world, "/sheet"), page=address(world))

    assert sheet.status_code == 200
    desk = world.desk()
    assert f"{desk.assessment.participant_code} {desk.assessment.visit_code}" in sheet.text
    assert sheet.text.count("paper-qr") == len(desk.asked)
    assert sheet.text.count("paper-ribbon") == len(desk.asked)
    assert "dupont" not in sheet.text.lower()
    with world.clinic.database.reading() as session:
        printed = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "paper.print")
        assert session.scalar(printed) == 1


PAGES = ("", "/entry", "/review", "/differences", "/discard", "/head")


@pytest.mark.parametrize("page", PAGES)
def test_a_sheet_of_another_site_is_exactly_a_missing_one(
    other_nurse: StaffBrowser, world: PaperWorld, page: str
) -> None:
    theirs = other_nurse.get(address(world, page))
    missing = other_nurse.get(f"/clinic/visits/999999/paper{page}")
    assert (theirs.status_code, theirs.text) == (404, missing.text)


@pytest.mark.parametrize("page", [*PAGES, "/sheet"])
def test_nobody_but_the_own_site_changes_anything_about_a_sheet(
    other_nurse: StaffBrowser,
    coordinator: StaffBrowser,
    monitor: StaffBrowser,
    *,
    world: PaperWorld,
    page: str,
) -> None:
    for stranger in (other_nurse, coordinator, monitor):
        theirs = stranger.post(address(world, page), page="/clinic/", **HEAD, go="save", reason="x")
        missing = stranger.post(f"/clinic/visits/999999/paper{page}", page="/clinic/", **HEAD)
        assert (theirs.status_code, theirs.text) == (404, missing.text)
    assert world.desk().form is None
