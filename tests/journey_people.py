"""What people do in the browser, found by what they see: words, labels and buttons in French."""

import re
from collections.abc import Mapping
from datetime import date
from itertools import chain
from pathlib import Path

import yaml
from playwright.sync_api import Locator, Page, expect
from qr_reader import read_qr

from pro_app.definitions.files import QUESTIONNAIRES

PIN = "420815"
NOT_APPLICABLE = "N"


class Patient:
    """A participant in front of one window."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def activate(self, link: str) -> None:
        """Scan the card, tap, choose a PIN; ends at home."""
        self.page.goto(link)
        self.page.get_by_role("button", name="Commencer").click()
        self.choose_pin()

    def choose_pin(self) -> None:
        """Type the new PIN twice; ends at home."""
        self.page.get_by_label(re.compile("^Votre code PIN")).fill(PIN)
        self.page.get_by_label(re.compile("Le même code PIN")).fill(PIN)
        self.tap("Continuer")
        expect(self.page.get_by_role("heading", name="Bonjour")).to_be_visible()

    def type_pin(self) -> None:
        """Type the PIN on a remembered device."""
        self.page.get_by_label(re.compile("^Votre code PIN")).fill(PIN)
        self.tap("Continuer")

    def start(self) -> None:
        """Begin, or go on with, the questionnaire that is due; ends on its first open screen."""
        self.page.get_by_role("link", name=re.compile("^(Commencer|Continuer)$")).click()

    def answer(self, item_number: int, said: str) -> None:
        """Answer one item and go on; an instruction before it is read first. Empty means declining it."""
        self.find_item(item_number)
        if not said:
            self.tap("Suivant")
            self.tap("Je préfère ne pas répondre")
            return
        self.option(said).check()
        self.tap("Suivant")

    def leave_blank(self, item_number: int) -> None:
        """Go on twice without an answer, which leaves the item empty."""
        self.find_item(item_number)
        self.tap("Suivant")
        expect(self.page.get_by_text("Vous n’avez pas choisi de réponse")).to_be_visible()
        self.tap("Suivant")

    def find_item(self, item_number: int) -> None:
        """Come to an item, past the instruction that may stand before it."""
        heading = self.page.get_by_role("heading", level=1)
        wanted = heading.filter(has_text=re.compile(rf"^{item_number}\."))
        instruction = self.page.locator(".instruction")
        expect(wanted.or_(instruction)).to_be_visible()
        if instruction.is_visible():
            self.page.get_by_role("link", name="Suivant").click()
        expect(wanted).to_be_visible()

    def option(self, said: str) -> Locator:
        """Find an option by its code, or the one for not applicable."""
        name = re.compile("^Sans objet" if said == NOT_APPLICABLE else rf"^{said}\b")
        return self.page.get_by_role("radio", name=name)

    def answer_all(self, answers: Mapping[int, str]) -> None:
        """Answer items one after the other."""
        for item_number, said in answers.items():
            self.answer(item_number, said)

    def send(self) -> str:
        """Say who answered and send, from the review; gives the receipt code."""
        page = self.page
        expect(page.get_by_role("heading", name="Vérifiez vos réponses")).to_be_visible()
        page.get_by_role("link", name="Continuer").click()
        page.get_by_label("Moi seul(e)").check()
        self.tap("Envoyer")
        expect(page.get_by_role("heading", name="C’est reçu")).to_be_visible()
        return page.locator(".receipt-code").inner_text()

    def tap(self, button: str) -> None:
        """Tap a button by its words."""
        self.page.get_by_role("button", name=button, exact=True).click()


class Nurse:
    """A nurse at her desk."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def enrol(self, participant_code: str, consented_on: date) -> None:
        """Enrol a participant; ends on the first steps."""
        page = self.page
        page.get_by_role("link", name="Patients").first.click()
        page.get_by_role("link", name="Inclure un(e) patient(e)").first.click()
        page.get_by_label("Numéro d’inclusion").fill(participant_code)
        page.get_by_label("Date du consentement").fill(consented_on.isoformat())
        page.get_by_label(re.compile("^Version de la notice")).fill("1.0")
        page.get_by_label(re.compile("^E-mail")).fill(f"{participant_code}@example.org")
        page.get_by_role("button", name="Inclure").click()

    def print_card(self) -> str:
        """Print the card and give the link in its QR code."""
        page = self.page
        page.get_by_role("button", name="Imprimer la carte").click()
        drawing = page.locator(".sign-in-card svg").first
        path = drawing.locator("path").first.get_attribute("d")
        return read_qr(drawing.get_attribute("viewBox") or "", path or "")

    def open_record(self, participant_code: str) -> None:
        """Open a participant's record from the list, which may have many pages."""
        self.page.get_by_role("link", name="Patients").first.click()
        self.page.goto(f"/clinic/?q={participant_code}")
        self.page.get_by_role("link", name=participant_code).click()

    def randomise(self, arm: str, on: date) -> None:
        """Record the randomisation, from the record, having seen what it does."""
        page = self.page
        page.get_by_role("link", name="Enregistrer un évènement").click()
        row = page.get_by_role("row").filter(has_text="Tirage au sort")
        row.get_by_role("button", name="Choisir").click()
        page.get_by_label(re.compile(arm)).check()
        page.get_by_label(re.compile("^Date")).fill(on.isoformat())
        page.get_by_role("button", name="Voir ce que cela change").click()
        page.get_by_role("button", name="Enregistrer").click()


def sign_in_staff(page: Page, username: str, password: str) -> None:
    """Sign in as a member of staff; ends on the first page of the role."""
    page.goto("/staff/sign-in")
    page.get_by_label("Identifiant").fill(username)
    page.get_by_label("Mot de passe").fill(password)
    page.get_by_role("button", name="Se connecter").click()


def download_dataset(page: Page, purpose: str, folder: Path) -> Path:
    """Make the dataset as the statistician and keep the ZIP in `folder`."""
    page.get_by_label(re.compile("^À quoi servent")).fill(purpose)
    with page.expect_download() as download:
        page.get_by_role("button", name="Créer et télécharger le fichier").click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def list_wording() -> list[str]:
    """List the words of every item and option of the shipped French wording packs."""
    packs = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in QUESTIONNAIRES.rglob("*-fr.yaml")]
    options = [labels for pack in packs for labels in pack["options"].values()]
    return [
        str(words)
        for words in chain(*(pack["items"].values() for pack in packs), *(o.values() for o in options))
    ]
