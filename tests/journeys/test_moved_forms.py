"""A form filed for the wrong visit or the wrong person: asked for, decided, put where it belongs."""

from dataclasses import dataclass
from datetime import timedelta

import builders
import pytest
from journey_desks import (
    Person,
    add_site,
    add_staff,
    ago,
    at_desk,
    check_looks,
    enrol_days_ago,
    own_nurse,
    press_enter,
    read_token,
    send_form_days_ago,
    tab_to,
    type_date,
)
from journey_world import Installation, today
from playwright.sync_api import Page, expect

from pro_app.audit.actor import Actor

INVESTIGATOR = "investigator-of-moves"
RANDOMISED = 115
"""Days ago: week 16 is open now, week 8 is over."""
SENT = 2
WHY = "Classé au mauvais endroit."
SUBMIT = "main form.stack button[type=submit]"


@dataclass(frozen=True)
class Clinic:
    """A site with an investigator, and another site whose patients are nobody here."""

    installation: Installation
    other_nurse: Actor


@pytest.fixture(scope="module")
def clinic(installation: Installation) -> Clinic:
    """Add the investigator and the other site."""
    add_staff(installation, "investigator", INVESTIGATOR, site_id=installation.site_id)
    other_id = add_site(installation, "78")
    return Clinic(installation, add_staff(installation, "nurse", "nurse-of-78", site_id=other_id))


def test_a_form_filed_for_the_wrong_visit_is_moved_by_the_keyboard_alone(clinic: Clinic) -> None:
    world = clinic.installation
    person = enrol_days_ago(world, RANDOMISED + 3)
    builders.randomise(
        world.database,
        person.participant_id,
        on=today() - timedelta(days=RANDOMISED),
        actor=own_nurse(world),
        now=ago(RANDOMISED),
    )
    form = send_form_days_ago(world, person, "W16", days=SENT)
    with at_desk(world, "nurse", 400) as page:
        page.goto(f"/clinic/visits/{form}/correction")
        press_enter(page, 'main a[href*="kind=visit"]')
        press_enter(page, SUBMIT)
        for field in ("to_visit", "asked_on", "evidence", "evidence_ref", "request"):
            expect(page.locator(f"#{field}-error")).to_be_visible()
        check_looks(page)
        tab_to(page, "[name=to_visit]")
        page.keyboard.press("Space")
        walk_to(page, "[name=to_visit][value=W08]", "el => el.checked")
        say_why(page)
        press_enter(page, SUBMIT)
        expect(page.locator(".notice-good")).to_contain_text("un investigateur du centre décide")
        expect(page.get_by_role("main")).to_contain_text("Semaine 8")
        assert page.locator("[name=decision]").count() == 0
        check_looks(page)
        request = page.url
        assert find_visit(world, person, "W16") == form

    with at_desk(world, INVESTIGATOR, 400) as page:
        page.goto(request)
        press_enter(page, SUBMIT)
        expect(page.locator("#decision-error")).to_be_visible()
        tab_to(page, "[name=decision]")
        page.keyboard.press("Space")
        expect(page.locator("[name=decision][value=accepted]")).to_be_checked()
        tab_to(page, "[name=reason]")
        page.keyboard.type("La feuille porte la semaine 8.")
        check_looks(page)
        press_enter(page, SUBMIT)
        expect(page.locator(".notice-good").first).to_contain_text("Acceptée")
        page.goto(person.record)
        rows = page.get_by_role("region", name="Questionnaires").locator("tbody tr")
        expect(rows.filter(has_text="Semaine 8")).to_contain_text("tardif")
        expect(rows.filter(has_text="Semaine 16")).to_contain_text("attendu")
        expect(page.locator("ol.trail li").first).to_contain_text("demande de correction acceptée")
        check_looks(page)
    assert find_visit(world, person, "W08") == form


def test_a_form_entered_for_the_wrong_person_goes_to_the_right_one_and_to_nobody_else(clinic: Clinic) -> None:
    world = clinic.installation
    wrong, right, answered = (enrol_days_ago(world, 5) for _ in range(3))
    newcomer = enrol_days_ago(world, 1)
    other_id = min(clinic.other_nurse.site_ids or ())
    elsewhere = enrol_days_ago(world, 5, by=clinic.other_nurse, site_id=other_id, participant_code="78-001")
    form = send_form_days_ago(world, wrong, days=SENT)
    send_form_days_ago(world, answered, days=1)
    nobody = "Aucun(e) autre patient(e) de ce centre n’a ce numéro d’inclusion."
    with at_desk(world, "nurse", 400, 404) as page:
        page.goto(wrong.record)
        page.locator(f'a[href^="/clinic/visits/{form}/correction"]').click()
        page.get_by_role("link", name="Patient(e)", exact=True).click()
        say_why(page)
        field = page.get_by_label("Numéro d’inclusion du ou de la patient(e) concerné(e)")
        for code, told in (
            ("15-unknown", nobody),
            (elsewhere.code, nobody),
            (wrong.code, nobody),
            (newcomer.code, "Il a été rempli avant le consentement"),
            (answered.code, "Un questionnaire y est déjà commencé : il ne peut pas céder sa place."),
        ):
            field.fill(code)
            page.get_by_role("button", name="Demander la correction").click()
            expect(page.locator("#to_participant-error")).to_contain_text(told)
            expect(field).to_have_value(code)
            expect(page.get_by_label("Ce qui est demandé, et pourquoi")).to_have_value(WHY)
        check_looks(page)
        field.fill(right.code)
        page.get_by_role("button", name="Demander la correction").click()
        expect(page.locator(".notice-good")).to_contain_text("un investigateur du centre décide")
        request = page.url
        said = {"csrf_token": read_token(page), "decision": "accepted", "reason": "Moi aussi"}
        decide = page.request.post(f"{request}/decision", form=said)
        assert decide.status == 404
        assert find_visit(world, wrong) == form

    with at_desk(world, INVESTIGATOR) as page:
        page.goto("/clinic/tasks")
        page.locator(f'a[href="{request.removeprefix(world.url)}"]').first.click()
        for code in (wrong.code, right.code):
            expect(page.get_by_role("main")).to_contain_text(code)
        page.get_by_label("Accepter").check()
        page.get_by_label("Motif de la décision").fill("Vérifié sur la feuille.")
        page.get_by_role("button", name="Enregistrer la décision").click()
        expect(page.locator(".notice-good").first).to_contain_text("Acceptée")
        for person, state in ((right, "reçu"), (wrong, "attendu")):
            page.goto(person.record)
            row = page.get_by_role("region", name="Questionnaires").locator("tbody tr").first
            expect(row).to_contain_text(state)
            expect(page.locator("ol.trail")).to_contain_text("correction")
    assert find_visit(world, right) == form


def say_why(page: Page) -> None:
    """Say by the keyboard on what the request rests."""
    type_date(page, "[name=asked_on]", today())
    tab_to(page, "[name=evidence]")
    walk_to(page, "[name=evidence]", "el => el.value === 'paper_form'")
    tab_to(page, "[name=evidence_ref]")
    page.keyboard.type("Classeur source, onglet 4")
    tab_to(page, "[name=request]")
    page.keyboard.type(WHY)


def walk_to(page: Page, selector: str, is_there: str) -> None:
    """Press the arrow down until a choice is taken."""
    for _ in range(10):
        if page.locator(selector).evaluate(is_there):
            return
        page.keyboard.press("ArrowDown")
    pytest.fail(f"{selector} is not reached by the arrow")


def find_visit(world: Installation, person: Person, visit_code: str = "BASELINE") -> int:
    """Give the form that stands in a visit of somebody."""
    return builders.find_assessment(world.database, person.participant_id, visit_code)
