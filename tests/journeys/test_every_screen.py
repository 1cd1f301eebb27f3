"""Every participant screen on the smallest phone, at 200 % text, and by the keyboard alone."""

import re
from collections.abc import Iterator

from journey_people import Patient
from journey_world import PHONE, SMALL_PHONE, Installation
from playwright.sync_api import Page, expect

MOST_TABS = 12
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FOCUSED = "document.activeElement.type || document.activeElement.localName"


def test_no_screen_scrolls_sideways_at_320_pixels_or_at_200_percent_text(installation: Installation) -> None:
    card = installation.enrol()
    with installation.open_window(viewport=SMALL_PHONE, watch=installation.watch(400)) as page:
        seen = []
        for name in _walk_through(page, f"/p/activate#{card.token}"):
            seen.append(name)
            page.set_viewport_size(SMALL_PHONE)
            assert page.evaluate(SIDEWAYS) == 0, name
            page.set_viewport_size(PHONE)
            page.evaluate("document.documentElement.style.fontSize = '200%'")
            assert page.evaluate(SIDEWAYS) == 0, f"{name} at 200 % text"
    assert len(seen) > 12


def test_an_item_is_answered_by_the_keyboard_alone(installation: Installation) -> None:
    card = installation.enrol()
    with installation.open_window() as page:
        patient = Patient(page)
        patient.activate(f"/p/activate#{card.token}")
        patient.start()
        patient.find_item(1)
        _tab_to(page, "radio")
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        expect(patient.option("3")).to_be_checked()
        expect(page.get_by_role("heading", level=1)).to_contain_text("1.")
        _tab_to(page, "submit")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text("2.")
        page.keyboard.press("Shift")
        patient.tap("Précédent")
        expect(patient.option("3")).to_be_checked()


def _walk_through(page: Page, link: str) -> Iterator[str]:
    """Come to each participant screen in turn and give its name."""
    patient = Patient(page)
    for address in ("/", "/p/sign-in", "/p/activate"):
        page.goto(address)
        yield address
    page.goto(link)
    yield "card read"
    patient.tap("Commencer")
    yield "choosing the PIN"
    patient.choose_pin()
    yield "home"
    # On the eve of a Sunday or a holiday it names the day instead of saying "tomorrow".
    page.get_by_role("button", name=re.compile("^Rappelez-moi")).click()
    expect(page.get_by_text("Rappel prévu le")).to_be_visible()
    yield "home, a reminder asked for"
    for page_name in ("calendar", "history", "settings", "display", "devices", "help", "data"):
        page.goto(f"/p/{page_name}")
        yield page_name
    page.goto("/p/devices")
    page.get_by_role("link", name="Déconnecter cet appareil").click()
    expect(page.get_by_role("button", name="Déconnecter cet appareil")).to_be_visible()
    yield "signing this device out"
    page.goto("/p/home")
    patient.start()
    yield "instruction"
    patient.find_item(1)
    yield "item"
    patient.tap("Suivant")
    yield "the question about an empty item"
    screen = re.sub(r"/\d+$", "", page.url)
    for number, name in ((32, "scale"), (44, "not applicable"), (56, "end of the module")):
        page.goto(f"{screen}/{number}")
        yield name
    page.goto(f"{screen}/review")
    yield "review"
    page.get_by_role("link", name="Continuer").click()
    patient.tap("Envoyer")
    yield "who answered, nothing chosen"
    page.goto(f"{screen}/review")
    patient.send()
    yield "receipt"
    page.goto("/p/history")
    yield "history, something sent"
    page.goto("/p/home")
    yield "home, nothing due"
    patient.tap("Se déconnecter")
    expect(page.get_by_label(re.compile("^Votre code PIN"))).to_be_visible()
    yield "PIN"


def _tab_to(page: Page, kind: str) -> None:
    """Press Tab until a control of this kind has the focus."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == kind:
            return
    raise AssertionError(f"Tab never reaches a {kind}")
