"""A sheet of paper typed in by two people with the keyboard alone, a difference, a session that ends."""

import time
from datetime import timedelta

import builders
import pytest
from accessibility import STAFF_LOOKS, list_violations
from builders import PASSWORD
from journey_desks import at_desk, read_token, tab_to, type_date
from journey_people import sign_in_staff
from journey_world import Installation, today
from journeys.offline_phone import wait_for
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from pro_app.clock import system_clock
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.responses import Response
from pro_app.storage.tables.sessions import StaffSession

QUESTIONS = 51
LONGEST_S = 60
"""How long a person has for a sheet; the page itself must be far from being what takes the time."""


@pytest.fixture(scope="module")
def colleague(installation: Installation) -> str:
    """Give the nurse a colleague of the same site, and the name to sign in with."""
    with installation.database.reading() as session:
        study_id = session.scalars(select(Participant.study_id)).first()
    if study_id is None:
        installation.enrol()
        with installation.database.reading() as session:
            study_id = session.scalars(select(Participant.study_id)).one()
    builders.build_staff(
        installation.database,
        "nurse",
        study_id=study_id,
        site_id=installation.site_id,
        username="paper-colleague",
        now=system_clock(),
    )
    return "paper-colleague"


@pytest.fixture
def assessment_id(installation: Installation) -> int:
    """Enrol a patient, whose first questionnaire is open."""
    card = installation.enrol()
    with installation.database.reading() as session:
        wanted = select(Assessment.id).where(Assessment.participant_id == card.participant_id)
        return session.scalars(wanted.order_by(Assessment.id)).first() or 0


def open_sheet(page: Page, assessment_id: int, *, twice: bool = False) -> None:
    """Say whose sheet it is and of which day, with the keyboard; ends in the grid."""
    page.goto(f"/clinic/visits/{assessment_id}/paper")
    type_date(page, "[name=source_on]", today())
    tab_to(page, "[name=respondent]")
    page.keyboard.press("Space")
    if twice:
        tab_to(page, "[name=wants_second]")
        page.keyboard.press("Space")
    tab_to(page, "main button[type=submit].button-primary")
    page.keyboard.press("Enter")
    expect(page.locator("input[data-codes]:focus")).to_have_count(1)  # its script has come


def test_a_sheet_is_typed_twice_by_keyboard_and_the_difference_decided(
    installation: Installation, colleague: str, assessment_id: int
) -> None:
    with at_desk(installation, "nurse") as page:
        open_sheet(page, assessment_id, twice=True)
        began = time.monotonic()
        page.keyboard.type("2" * QUESTIONS)
        expect(page.locator("#paper-count")).to_have_text(str(QUESTIONS))
        assert time.monotonic() - began < LONGEST_S
        assert page.evaluate("document.activeElement.id") == "m-qlq-ginet21-51"
        page.keyboard.press("Enter")
        page.wait_for_url("**/paper/review")
        tab_to(page, "main button[type=submit].button-primary")
        page.keyboard.press("Enter")
        page.wait_for_url("**/paper")
        check_not_typed_again(page, assessment_id)
    with at_desk(installation, colleague) as page:
        page.goto(f"/clinic/visits/{assessment_id}/paper")
        expect(page.locator("#paper-count")).to_have_text("0")
        page.keyboard.type("2222")
        page.keyboard.type("6")
        expect(page.locator("#paper-said")).to_contain_text("5")
        assert page.evaluate("document.activeElement.id") == "m-qlq-c30-5"
        page.keyboard.type("3" + "2" * (QUESTIONS - 5))
        page.keyboard.press("Enter")
        page.wait_for_url("**/paper/review")
        tab_to(page, "main button[type=submit].button-primary")
        page.keyboard.press("Enter")
        page.wait_for_url("**/paper/differences")
        expect(page.locator("tbody tr")).to_have_count(1)
        tab_to(page, "[name='qlq-c30:5']")
        page.keyboard.type("3")
        page.keyboard.press("Tab")
        page.keyboard.type("Le 3 est entouré.")
        page.keyboard.press("Enter")
        page.wait_for_url("**/clinic/participants/*")
    with installation.database.reading() as session:
        form = session.get_one(Assessment, assessment_id)
        fifth = session.scalars(
            select(Answer)
            .join(Response, Response.id == Answer.response_id)
            .where(Response.assessment_id == assessment_id, Answer.item_number == 5)
        ).one()
    assert (form.submitted_mode, fifth.value, fifth.mode) == ("paper", 3, "paper")


def check_not_typed_again(page: Page, assessment_id: int) -> None:
    """See that who typed a sheet first is told that somebody else types it now, and can do nothing more."""
    sheet = f"/clinic/visits/{assessment_id}/paper"
    for address in (sheet, f"{sheet}/entry", f"{sheet}/review"):
        page.goto(address)
        page.wait_for_url(f"**{sheet}")
        expect(page.get_by_role("main")).to_contain_text("Vous avez saisi cette feuille")
        expect(page.locator("#paper-grid")).to_have_count(0)
    again = {"csrf_token": read_token(page), "qlq-c30:5": "4", "go": "review"}
    for address in (f"{sheet}/entry", f"{sheet}/review"):
        assert "Vous avez saisi cette feuille" in page.request.post(address, form=again).text()


def test_what_was_typed_outlives_the_session(installation: Installation, assessment_id: int) -> None:
    with at_desk(installation, "nurse", 400, 401) as page:
        open_sheet(page, assessment_id)
        grid, state = page.locator("#paper-grid"), page.locator("#paper-state")
        page.keyboard.type("1234")
        expect(state).to_have_text(grid.get_attribute("data-saved") or "-")
        with installation.database.writing() as session:
            long_ago = system_clock() - timedelta(days=2)
            session.execute(update(StaffSession).values(seen_at=long_ago))
        page.keyboard.type("4321")
        expect(state).to_have_text(grid.get_attribute("data-signed-out") or "-")

        beside = page.context.new_page()
        sign_in_staff(beside, "nurse", PASSWORD)
        beside.close()
        page.bring_to_front()
        page.keyboard.type("2" * (QUESTIONS - 8))

        expect(page.locator("#paper-count")).to_have_text(str(QUESTIONS))
        expect(state).to_have_text(grid.get_attribute("data-saved") or "-")
        page.reload()
        marks = page.locator("input[data-codes]").evaluate_all("(cells) => cells.map((cell) => cell.value)")
        assert "".join(marks) == "12344321" + "2" * (QUESTIONS - 8)


SLOW_NETWORK = """
const send = window.fetch;
let waits = true;
window.fetch = async (...what) => {
  if (what[1]?.method === "POST" && waits) {
    waits = false;
    await new Promise((go) => (window.goOn = go));
  }
  return send(...what);
};
"""


def test_what_was_typed_is_saved_while_the_keys_go_on_and_when_the_page_is_left(
    installation: Installation, assessment_id: int
) -> None:
    with at_desk(installation, "nurse") as page:
        open_sheet(page, assessment_id)
        with page.expect_request(lambda request: request.method == "POST") as saved:
            for _ in range(QUESTIONS - 1):
                page.keyboard.type("2", delay=200)  # never as long as what is taken for a pause
        typed = page.locator("#paper-count").inner_text()
        assert saved.value.post_data_json["qlq-ginet21:51"] == ""
        page.keyboard.type("2")
        page.goto("/clinic/")
        page.goto(f"/clinic/visits/{assessment_id}/paper")
        expect(page.locator("#paper-count")).to_have_text(str(QUESTIONS))
        assert typed == str(QUESTIONS - 1)


def test_what_was_typed_earlier_never_arrives_after_what_was_typed_later(
    installation: Installation, assessment_id: int
) -> None:
    with at_desk(installation, "nurse") as page:
        page.add_init_script(SLOW_NETWORK)
        open_sheet(page, assessment_id)
        page.keyboard.type("12")
        wait_for(page, "Boolean(window.goOn)")  # the first save waits for the network now
        page.keyboard.type("34")
        page.wait_for_timeout(2000)  # long enough for a second save that does not wait for its turn
        page.evaluate("goOn()")
        saved = page.locator("#paper-grid").get_attribute("data-saved") or ""
        expect(page.locator("#paper-state")).to_have_text(saved)
        page.reload()
        marks = page.locator("input[data-codes]").evaluate_all("(cells) => cells.map((cell) => cell.value)")
    assert "".join(marks) == "1234"


def press(page: Page, key: str, code: str) -> None:
    """Press a key as a keyboard of another layout has it: `key` is what it gives, `code` where it lies."""
    session = page.context.new_cdp_session(page)
    about = {"key": key, "code": code}
    session.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": key, **about})
    session.send("Input.dispatchKeyEvent", {"type": "keyUp", **about})
    session.detach()


def test_the_upper_row_of_a_french_keyboard_gives_digits_and_never_guesses_between_6_and_a_refusal(
    installation: Installation, assessment_id: int
) -> None:
    with at_desk(installation, "nurse") as page:
        open_sheet(page, assessment_id)

        def cells(count: int) -> str:
            found = page.locator("input[data-codes]").evaluate_all("(all) => all.map((cell) => cell.value)")
            return "".join(value or "." for value in found[:count])

        press(page, "é", "Digit2")
        press(page, "-", "Digit6")
        assert cells(2) == "2."
        expect(page.locator("#paper-said")).to_contain_text("6")
        assert page.evaluate("document.activeElement.id") == "m-qlq-c30-2"
        press(page, "r", "KeyR")
        press(page, "-", "NumpadSubtract")
        press(page, "-", "Minus")
        assert cells(5) == "2---."
        expect(page.locator("#paper-said")).to_have_text("")
        # Item 29 goes up to 7: the key is neither taken for a 6 there, and "è" is a 7.
        page.locator("#m-qlq-c30-29").focus()
        press(page, "-", "Digit6")
        assert page.locator("#m-qlq-c30-29").input_value() == ""
        press(page, "è", "Digit7")
        assert page.locator("#m-qlq-c30-29").input_value() == "7"


def test_every_page_about_a_sheet_keeps_the_rules_of_accessibility(
    installation: Installation, colleague: str, assessment_id: int
) -> None:
    found: list[str] = []
    with at_desk(installation, "nurse") as page:
        page.goto(f"/clinic/visits/{assessment_id}/paper")
        found += list_violations(page, STAFF_LOOKS)
        open_sheet(page, assessment_id, twice=True)
        found += list_violations(page, STAFF_LOOKS)
        for other in ("discard", "head"):
            page.goto(f"/clinic/visits/{assessment_id}/paper/{other}")
            found += list_violations(page, STAFF_LOOKS)
        type_whole(page, assessment_id, "2" * QUESTIONS)
        found += list_violations(page, STAFF_LOOKS)
        page.keyboard.press("Enter")
    with at_desk(installation, colleague) as page:
        type_whole(page, assessment_id, "3" * QUESTIONS)
        page.keyboard.press("Enter")
        page.wait_for_url("**/paper/differences")
        found += list_violations(page, STAFF_LOOKS)
    assert found == []


def type_whole(page: Page, assessment_id: int, marks: str) -> None:
    """Type a whole sheet; ends with the focus on the button below the counts."""
    page.goto(f"/clinic/visits/{assessment_id}/paper")
    page.keyboard.type(marks)
    page.keyboard.press("Enter")
    page.wait_for_url("**/paper/review")
    tab_to(page, "main button[type=submit].button-primary")
