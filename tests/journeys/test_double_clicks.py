"""Two clicks where one was meant, and two nurses at the same call: one row, and a page that says so."""

from datetime import timedelta
from http import HTTPStatus
from http.client import HTTPConnection
from urllib.parse import urlsplit

import builders
import pytest
from journey_desks import (
    Person,
    add_site,
    add_staff,
    at_desk,
    enrol_days_ago,
    own_nurse,
    send_form_days_ago,
)
from journey_world import Installation, new_participant_code, today
from playwright.sync_api import Locator, Page, Request, Route, expect
from sqlalchemy import ColumnElement, func, select

from pro_app.clock import system_clock
from pro_app.services.paper.desk import load_desk
from pro_app.services.paper.entries import SheetHead, open_form, save_marks
from pro_app.storage.tables.clarifications import Clarification
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.responses import Response
from pro_app.storage.tables.site_tasks import SiteTaskRecord
from pro_app.storage.tables.transfers import SiteTransfer

COLLEAGUE = "colleague-of-clicks"
RECEIVER = "nurse-of-79"
INVESTIGATOR = "investigator-of-clicks"
LONGER_THAN_AN_ANSWER_MS = 300
LONGER_THAN_A_DOUBLE_CLICK_MS = 1000
SILENT_FOR = 6
"""Days after which somebody who has not begun is to be called."""


@pytest.fixture(scope="module")
def other_site_id(installation: Installation) -> int:
    """Add a colleague, an investigator, and another site with its nurse; gives the site."""
    add_staff(installation, "nurse", COLLEAGUE, site_id=installation.site_id)
    add_staff(installation, "investigator", INVESTIGATOR, site_id=installation.site_id)
    site_id = add_site(installation, "79")
    add_staff(installation, "nurse", RECEIVER, site_id=site_id)
    return site_id


def test_an_enrolment(installation: Installation) -> None:
    code = new_participant_code()
    with at_desk(installation, "nurse") as page:
        page.goto("/clinic/participants/new")
        page.get_by_label("Numéro d’inclusion").fill(code)
        page.get_by_label("Date du consentement").fill(today().isoformat())
        page.get_by_label("Version de la notice").fill("1.0")
        page.get_by_label("E-mail").fill(f"{code}@example.org")
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        page.route("**/participants/new", hold)
        hit_twice(page.get_by_role("button", name="Inclure", exact=True))
        assert len(held) == 1
        held[0].continue_()
        expect(page.get_by_role("heading", level=1)).to_contain_text("inclusion enregistrée")
    assert count(installation, Participant.participant_code == code) == 1


def test_an_outcome_of_a_call_from_the_list(installation: Installation) -> None:
    person = enrol_days_ago(installation, SILENT_FOR)
    with at_desk(installation, "nurse") as page:
        row = find_call(page, person)
        click_twice(row.get_by_role("button", name="Va répondre"))
        check_told(page, "Ce qui a été fait est enregistré.")
        expect(page).to_have_url(f"{installation.url}/clinic/tasks")
        expect(row).to_have_count(0)
    assert count(installation, SiteTaskRecord.participant_id == person.participant_id) == 1


CLICK_ON_THE_NEW_PAGE = """
window.addEventListener("pageshow", () => setTimeout(() => {
  const lines = [...document.querySelectorAll("main tbody tr")];
  const line = lines.find((row) => row.innerText.includes("%s"));
  if (!line || !document.querySelector(".notice-good")) return;
  document.documentElement.dataset.clicked = "yes";
  line.querySelector("button[value=reached]").click();
}));
"""


def test_the_slow_half_of_a_double_click_is_not_the_next_patient_s(installation: Installation) -> None:
    meant, beside = (enrol_days_ago(installation, SILENT_FOR) for _ in range(2))
    with at_desk(installation, "nurse") as page:
        row = find_call(page, meant)
        page.add_init_script(CLICK_ON_THE_NEW_PAGE % beside.code)
        row.get_by_role("button", name="Va répondre").click()
        check_told(page, "Ce qui a été fait est enregistré.")
        expect(page.locator("html")).to_have_attribute("data-clicked", "yes")
        page.wait_for_timeout(LONGER_THAN_A_DOUBLE_CLICK_MS)
        expect(find_row(page, beside)).to_have_count(1)
        assert count(installation, SiteTaskRecord.participant_id == beside.participant_id) == 0
        find_row(page, beside).get_by_role("button", name="Pas joint(e)").click()
        expect(find_row(page, beside)).to_have_count(0)
    assert count(installation, SiteTaskRecord.participant_id == meant.participant_id) == 1
    assert count(installation, SiteTaskRecord.participant_id == beside.participant_id) == 1


def test_an_outcome_of_a_call_with_its_reason(installation: Installation) -> None:
    person = enrol_days_ago(installation, SILENT_FOR)
    with at_desk(installation, "nurse") as page:
        find_call(page, person).get_by_role("link", name="Autre…").click()
        page.locator('input[value="not_this_time"]').check()
        page.locator("#reason").select_option("TOO_ILL")
        page.locator("#said_by").select_option("patient")
        click_twice(page.locator("main form .form-actions button"))
        check_told(page, "Ce qui a été fait est enregistré.")
    assert count(installation, SiteTaskRecord.participant_id == person.participant_id) == 1


def test_two_nurses_at_the_same_call(installation: Installation, other_site_id: int) -> None:
    assert other_site_id
    person = enrol_days_ago(installation, SILENT_FOR)
    with at_desk(installation, "nurse") as first, at_desk(installation, COLLEAGUE) as second:
        for page in (first, second):
            find_call(page, person)
        find_call(first, person).get_by_role("button", name="Va répondre").click(no_wait_after=True)
        find_row(second, person).get_by_role("button", name="Pas joint(e)").click()
        told = [page.locator(".notice-good, .notice-attention") for page in (first, second)]
        for notices in told:
            expect(notices).to_have_count(1)
        faster, slower = sorted(told, key=lambda notices: "notice-good" not in classes_of(notices))
        expect(faster).to_contain_text("Ce qui a été fait est enregistré.")
        expect(slower).to_contain_text("Rien d’autre n’a été enregistré.")
        expect(slower).to_contain_text("A member of staff, nurse")
        for page in (first, second):
            expect(find_row(page, person)).to_have_count(0)
    assert count(installation, SiteTaskRecord.participant_id == person.participant_id) == 1


def test_a_sheet_of_paper(installation: Installation) -> None:
    person = enrol_days_ago(installation, 1)
    form = builders.find_assessment(installation.database, person.participant_id)
    actor, now = own_nurse(installation), system_clock()
    with installation.database.writing() as session:
        open_form(session, form, SheetHead(today() - timedelta(days=1), "self"), actor=actor, now=now)
    with installation.database.writing() as session:
        desk = load_desk(session, form, actor=actor)
        save_marks(session, form, {cell.key: "2" for cell in desk.open_cells}, actor=actor, now=now)
    with at_desk(installation, "nurse") as page:
        page.goto(f"/clinic/visits/{form}/paper/review")
        click_twice(page.get_by_role("button", name="Enregistrer le questionnaire"))
        expect(page.locator(".notice-good")).to_contain_text("de réception")
    assert count(installation, Response.assessment_id == form) == len(desk.assessment.protocol.instruments)


def test_an_event_its_correction_and_its_undoing(installation: Installation) -> None:
    person = enrol_days_ago(installation, 3)
    rows = ParticipantEvent.participant_id == person.participant_id
    with at_desk(installation, "nurse") as page:
        page.goto(f"{person.record}/events/new")
        line = page.get_by_role("row").filter(has_text="Tirage au sort")
        line.get_by_role("button", name="Choisir").click()
        page.get_by_label("Surveillance").check()
        page.get_by_label("Date", exact=True).fill((today() - timedelta(days=2)).isoformat())
        page.get_by_role("button", name="Voir ce que cela change").click()
        click_twice(page.get_by_role("button", name="Enregistrer", exact=True))
        check_told(page, "Enregistré : Tirage au sort")
        assert count(installation, rows) == 2

        page.locator(f"a[href^='{person.record}/events/']").filter(has_text="Tirage au sort").click()
        page.get_by_label("Date", exact=True).fill((today() - timedelta(days=1)).isoformat())
        page.get_by_label("Motif").fill("Mal lu.")
        page.get_by_role("button", name="Voir ce que cela change").click()
        click_twice(page.get_by_role("button", name="Corriger"))
        check_told(page, "Corrigé : Tirage au sort")
        assert count(installation, rows) == 3

        page.get_by_role("link", name="Annuler cet enregistrement").click()
        click_twice(page.get_by_role("button", name="Corriger"))
        check_told(page, "Corrigé : Tirage au sort")
    assert count(installation, rows) == 4


def test_a_request_for_a_correction_and_its_decision(installation: Installation, other_site_id: int) -> None:
    assert other_site_id
    person = enrol_days_ago(installation, 3)
    form = send_form_days_ago(installation, person, days=1)
    with at_desk(installation, "nurse") as page:
        page.goto(f"/clinic/visits/{form}/correction?kind=mode")
        page.locator("[name=mode]:not(:checked)").first.check()
        page.locator("[name=asked_on]").fill(today().isoformat())
        page.locator("[name=evidence]").select_option("letter")
        page.locator("[name=evidence_ref]").fill("Classeur source, onglet 4")
        page.locator("[name=request]").fill("Rempli sur la tablette du centre.")
        click_twice(page.get_by_role("button", name="Demander la correction"))
        check_told(page, "un investigateur du centre décide")
        request = page.url
    assert count(installation, Clarification.assessment_id == form) == 1
    with at_desk(installation, INVESTIGATOR) as page:
        page.goto(request)
        page.get_by_label("Accepter").check()
        page.get_by_label("Motif de la décision").fill("Le cahier de la tablette le montre.")
        click_twice(page.get_by_role("button", name="Enregistrer la décision"))
        check_told(page, "Acceptée")


def test_a_transfer_and_its_acceptance(installation: Installation, other_site_id: int) -> None:
    person = enrol_days_ago(installation, 3)
    with at_desk(installation, "nurse") as page:
        page.goto(f"{person.record}/transfer")
        page.locator("#to_site_id").select_option(str(other_site_id))
        page.locator("#moves_on").fill(today().isoformat())
        page.locator("#reason").fill("Déménagement.")
        click_twice(page.get_by_role("button", name="Solliciter l’autre centre"))
        expect(page.locator(".notice-good").first).to_be_visible()
        request = page.url
    assert count(installation, SiteTransfer.participant_id == person.participant_id) == 1
    with at_desk(installation, RECEIVER) as page:
        page.goto(request)
        click_twice(page.get_by_role("button", name="Accepter"))
        check_told(page, "Votre centre suit désormais")
        expect(page).to_have_url(f"{installation.url}{person.record}")


def click_twice(button: Locator) -> None:
    """Click once more while the page still waits: both requests arrive, the first one's answer is lost.

    A browser that is clicked faster than that sends one request only.
    """
    page = button.page
    posts: list[Request] = []

    def meet(route: Route) -> None:
        if route.request.method == "POST":
            posts.append(route.request)
            if len(posts) == 1:
                send_apart(page, route.request)
                return
        route.continue_()

    page.route("**/*", meet)
    hit_twice(button)
    page.wait_for_load_state()
    page.unroute_all(behavior="ignoreErrors")
    assert len(posts) == 2


def hit_twice(button: Locator) -> None:
    """Press the mouse twice where a button is, whatever the page is doing."""
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box is not None
    for _ in range(2):
        button.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        button.page.wait_for_timeout(LONGER_THAN_AN_ANSWER_MS)


def send_apart(page: Page, request: Request) -> None:
    """Send what a page sends, in its name, and read nothing of the answer but that it was taken."""
    address = urlsplit(request.url)
    cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in page.context.cookies())
    path = f"{address.path}?{address.query}" if address.query else address.path
    line = HTTPConnection(address.netloc)
    line.request("POST", path, request.post_data_buffer, request.headers | {"cookie": cookies})
    assert line.getresponse().status == HTTPStatus.FOUND
    line.close()


def check_told(page: Page, told: str) -> None:
    """See that the page says once that it is done, and nothing else."""
    notice = page.locator(".notice-good, .notice-attention")
    expect(notice.first).to_contain_text(told)
    assert page.locator(".notice-attention").count() == 0


def find_call(page: Page, person: Person) -> Locator:
    """Open the list of things to do, and give the line of somebody."""
    page.goto("/clinic/tasks")
    return find_row(page, person)


def find_row(page: Page, person: Person) -> Locator:
    return page.locator("main tbody tr").filter(has_text=person.code)


def classes_of(notice: Locator) -> str:
    return notice.get_attribute("class") or ""


def count(installation: Installation, wanted: ColumnElement[bool]) -> int:
    """Count the rows of one table that a condition names."""
    with installation.database.reading() as session:
        return session.scalars(select(func.count()).where(wanted)).one()
