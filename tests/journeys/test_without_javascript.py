"""The same questionnaire where the browser runs no script: the code is typed, each answer is a form."""

import re

from journey_people import Patient
from journey_world import PHONE, Installation
from playwright.sync_api import expect


def test_a_patient_answers_and_sends_without_javascript(installation: Installation) -> None:
    card = installation.enrol()
    with installation.open_window(viewport=PHONE, is_mobile=True, java_script_enabled=False) as page:
        patient = Patient(page)
        page.goto("/")
        page.get_by_role("link", name="J’ai une carte").click()
        page.get_by_label("Code de la carte").fill(card.short_code)
        patient.tap("Commencer")
        patient.choose_pin()

        patient.start()
        patient.answer_all({1: "2", 2: "", 3: "4"})
        patient.leave_blank(4)
        patient.find_item(5)
        patient.tap("Précédent")
        expect(page.get_by_text("Vous avez laissé cette question vide")).to_be_visible()
        patient.tap("Précédent")
        expect(patient.option("4")).to_be_checked()

        page.goto(re.sub(r"/\d+$", "/review", page.url))
        expect(page.get_by_text("47 questions sont sans réponse")).to_be_visible()
        expect(page.get_by_role("link", name=re.compile("Vous avez préféré ne pas répondre"))).to_have_count(
            1
        )
        receipt_code = patient.send()
        page.reload()
        expect(page.locator(".receipt-code")).to_have_text(receipt_code)
        page.get_by_role("link", name="Retour à l’accueil").click()
        expect(page.get_by_role("heading", name="Rien à faire aujourd’hui")).to_be_visible()
