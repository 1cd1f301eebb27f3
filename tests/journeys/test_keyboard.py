"""A whole questionnaire by the keyboard alone, and what a screen reader is told on the way."""

import re

import pytest
from accessibility import HIDDEN_FOCUS
from journey_people import PIN, Patient
from journey_world import SMALL_PHONE, Installation
from participant_screens import TinyStudy
from playwright.sync_api import Page, expect

from pro_app.services.cards import PrintedCard

MOST_TABS = 15
WHAT_HAS_FOCUS = """() => {
  const {type, localName, textContent, value} = document.activeElement;
  return `${type || localName} ${textContent.trim() || value || ""}`;
}"""
DESCRIBED = """(one) => (one.getAttribute("aria-describedby") || "").split(" ")
  .map((id) => document.getElementById(id)?.textContent.trim() || `missing ${id}`).join(" ")"""


@pytest.fixture(scope="module")
def study(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> TinyStudy:
    """Load a study whose questionnaire has four items."""
    return TinyStudy(installation, tmp_path_factory.mktemp("study"))


@pytest.fixture
def card(study: TinyStudy) -> PrintedCard:
    """Give the card of a new participant."""
    return study.enrol()


@pytest.mark.parametrize("size", [SMALL_PHONE, {"width": 844, "height": 390}], ids=["upright", "sideways"])
def test_a_questionnaire_is_answered_and_sent_by_the_keyboard_with_the_focus_always_in_sight(
    installation: Installation, card: PrintedCard, size: dict[str, int]
) -> None:
    with installation.open_window(viewport=size, reduced_motion="reduce") as page:
        Patient(page).activate(f"/p/activate#{card.token}")
        _press(page, "link", "Commencer")
        for number in range(1, 5):
            if number in {1, 3}:
                _leave_instruction(page)
            expect(page.get_by_role("heading", level=1)).to_contain_text(f"{number}.")
            if number == 2:
                _press(page, "submit", "Suivant")
                expect(page.get_by_text("Vous n’avez pas choisi de réponse")).to_be_visible()
                _press(page, "submit", "Je préfère ne pas répondre")
                continue
            _find_by_tab(page, "radio")
            page.keyboard.press("Space")
            page.keyboard.press("ArrowDown")
            expect(page.get_by_role("radio").nth(1)).to_be_checked()
            assert page.evaluate(HIDDEN_FOCUS) == ""
            _press(page, "submit", "Suivant")
        expect(page.get_by_role("heading", name="Vérifiez vos réponses")).to_be_visible()
        _press(page, "link", "Continuer")
        _find_by_tab(page, "radio")
        page.keyboard.press("Space")
        _press(page, "submit", "Envoyer")
        expect(page.get_by_role("heading", name="C’est reçu")).to_be_visible()


def test_a_screen_reader_reads_a_question_in_order_and_is_told_what_changes(
    installation: Installation, card: PrintedCard
) -> None:
    with installation.open_window(viewport=SMALL_PHONE) as page:
        patient = Patient(page)
        patient.activate(f"/p/activate#{card.token}")
        patient.start()
        patient.find_item(1)
        read = page.locator("body").aria_snapshot()
        order = ["Pause", "Question 1 sur 4", "Maintenant", "1. Un", 'radio "bas"', 'radio "haut"', "Suivant"]
        places = [read.find(words) for words in order]
        assert -1 not in places, read
        assert places == sorted(places), read
        expect(page.get_by_role("group", name=re.compile("Un"))).to_be_visible()
        expect(page.locator("#save-state")).to_have_attribute("role", "status")

        patient.tap("Suivant")
        asked = page.get_by_role("status").filter(has_text="Vous n’avez pas choisi de réponse")
        expect(asked).to_be_focused()

        page.get_by_role("radio").first.check()
        expect(page.locator("#save-state")).to_contain_text(re.compile("reçu", re.IGNORECASE))
        patient.tap("Suivant")
        expect(page.get_by_role("heading", level=1)).to_be_focused()
        folder = re.sub(r"/\d+$", "", page.url)
        page.goto(f"{folder}/send")
        patient.tap("Envoyer")
        expect(page.get_by_role("alert")).to_be_focused()


def test_a_refused_form_leads_to_its_fields_and_each_says_what_is_wrong(installation: Installation) -> None:
    card = installation.enrol()
    with installation.open_window(viewport=SMALL_PHONE, watch=installation.watch(400, 403)) as page:
        page.goto(f"/p/activate#{card.token}")
        Patient(page).tap("Commencer")
        page.get_by_label(re.compile("^Votre code PIN")).fill(PIN)
        Patient(page).tap("Continuer")
        summary = page.locator(".error-summary")
        expect(summary).to_be_focused()
        problem = summary.get_by_role("listitem").first
        problem.get_by_role("link").press("Enter")
        refused = page.locator("[aria-invalid=true]").first
        expect(refused).to_be_focused()
        said = refused.evaluate(DESCRIBED)
        assert "missing" not in said
        assert (problem.text_content() or "").partition(": ")[2].strip() in said


def _leave_instruction(page: Page) -> None:
    expect(page.locator(".instruction")).to_be_visible()
    _press(page, "link", "Suivant")


def _press(page: Page, kind: str, words: str) -> None:
    """Come to a link or a button by Tab and press Enter."""
    _find_by_tab(page, "a" if kind == "link" else kind, words)
    page.keyboard.press("Enter")


def _find_by_tab(page: Page, kind: str, words: str = "") -> None:
    """Press Tab until a control has the focus, which must be in sight at each step."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        here = str(page.evaluate(WHAT_HAS_FOCUS))
        hidden = page.evaluate(HIDDEN_FOCUS)
        assert hidden in {"", "nothing has the focus"}, hidden
        if here.startswith(kind) and words in here:
            return
    raise AssertionError(f"Tab never reaches {kind} {words}")
