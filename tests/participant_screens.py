"""Every screen and state that a participant can see, walked through in a real browser, one after the other.

The one list for what is measured on every screen (`tests/journeys`) and for the pictures (`make pictures`).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import builders
from journey_people import Patient, sign_in_staff
from journey_world import PHONE, Installation, today
from journeys.offline_phone import WHOLE_KEPT, OfflineWatch, wait_for
from playwright.sync_api import Page, expect
from sqlalchemy import delete, update
from tiny_study import write_tiny_study

from pro_app.app import create_app
from pro_app.audit.actor import Actor
from pro_app.clock import system_clock
from pro_app.services.cards import PrintedCard
from pro_app.services.studies import load_study
from pro_app.storage.tables.sites import Site
from pro_app.storage.tables.throttles import Throttle
from pro_app.web import errors

LONGEST_WAIT_MS = 20_000
"""Measuring keeps the machine busy, so that a reply may take longer than in other journeys."""
REFUSALS = (400, 401, 403, 404, 409, 429)
LONG_NAME = (
    "Centre hospitalier régional et universitaire Anne-de-Bretagne et Saint-Exupéry de l’agglomération"
)
LONG_QUESTION = (
    "Au cours de la semaine passée, y compris les jours où vous n’êtes pas sorti(e), avez-vous eu besoin de "
    "l’aide de quelqu’un pour une activité électroencéphalographique ou anticonstitutionnellement longue ?"
)
LONG_OPTION = "Oui, presque chaque jour, et plusieurs fois par jour, sans que rien ne me soulage vraiment"
EVERY_NOTICE = """() => {
  const main = document.getElementById("main");
  for (const template of [...document.querySelectorAll("template[data-notice]")].reverse()) {
    const notice = document.importNode(template.content, true).firstElementChild;
    for (const place of notice.querySelectorAll("[data-fill]")) place.textContent = "12";
    main.prepend(notice);
  }
}"""
SEND_ANSWERS = """async ([id, said]) => (await fetch("/p/operations", {
  method: "POST",
  headers: {
    "Content-Type": "application/json",
    "X-CSRFToken": (await (await fetch("/p/sync")).json()).csrf_token,
  },
  body: JSON.stringify({assessment_id: id, operations: said.map(([code, number, value]) => ({
    operation_id: crypto.randomUUID(), instrument_code: code, item_number: number,
    state: "answered", value, counter: 1000 + number,
  }))}),
})).status"""

_numbers = count(1)


@dataclass(frozen=True)
class Screen:
    """One screen in one state, in front of the person; `asks` tells a screen of a questionnaire."""

    name: str
    page: Page
    asks: bool = False


@dataclass
class ScreenWalk:
    """The walk through all screens of participants; `options` are those of its browser windows.

    `folder` takes the files of a study of its own.
    """

    installation: Installation
    folder: Path
    options: dict[str, Any]

    def list_screens(self) -> Iterator[Screen]:
        """Give each screen in turn, ready to be looked at; whoever looks leaves it as it was."""
        yield from self._arrive()
        yield from self._answer_one_study()
        yield from self._lose_the_session()
        yield from self._lose_the_network()
        yield from self._answer_in_the_last_days()
        yield from self._answer_the_long_questionnaire()
        yield from self._borrow_the_tablet()
        yield from self._go_astray()

    @contextmanager
    def open_window(self, **options: Any) -> Iterator[Page]:  # noqa: ANN401 -- Playwright's own options
        """Open a window on a phone, in which refusals and a missing network are what is wanted."""
        with self.installation.database.writing() as session:
            session.execute(delete(Throttle))  # all these patients share one address
        host = self.installation.url.partition("://")[2]
        watch = OfflineWatch(host, allowed_statuses=set(REFUSALS))
        still = {"viewport": PHONE, "reduced_motion": "reduce"}
        with self.installation.open_window(watch=watch, **still | self.options | options) as page:
            page.context.set_default_timeout(LONGEST_WAIT_MS)
            yield page

    def _arrive(self) -> Iterator[Screen]:
        """Come in for the first time, with every way to go wrong."""
        card = self.installation.enrol()
        with self.open_window() as page:
            patient = Patient(page)
            page.goto("/p/sign-in")
            yield Screen("sign-in", page)
            page.get_by_label(re.compile("^Code de connexion|^Code pour")).fill(card.sign_in_code)
            page.get_by_label(re.compile("^Votre code PIN")).fill("000001")
            patient.tap("Se connecter")
            expect(page.locator(".error-summary")).to_be_visible()
            yield Screen("sign-in-refused", page)
            page.goto("/p/activate")
            yield Screen("activation-by-code", page)
            page.get_by_label("Code de la carte").fill("ABCDEFGHJK")
            patient.tap("Commencer")
            expect(page.get_by_text("Cette carte ne peut pas être utilisée")).to_be_visible()
            yield Screen("activation-refused", page)
            for name in ("help", "data"):
                page.goto(f"/p/{name}")
                yield Screen(f"{name}-signed-out", page)
            page.goto("/accessibility")
            yield Screen("accessibility", page)
            yield from self._forget_the_pin(page, card)
            page.goto(f"/p/activate#{card.token}")
            expect(page.get_by_text("Votre carte a été lue")).to_be_visible()
            yield Screen("card-read", page)
            patient.tap("Commencer")
            yield Screen("choose-pin", page)
            patient.tap("Continuer")
            expect(page.locator(".error-summary")).to_be_visible()
            yield Screen("choose-pin-refused", page)

    def _forget_the_pin(self, page: Page, card: PrintedCard) -> Iterator[Screen]:
        """Ask for a code to choose a new PIN with, and come to the choice."""
        page.goto("/p/forgotten-pin")
        yield Screen("forgotten-pin", page)
        page.locator("main [type=submit]").first.click()
        expect(page.locator(".error-summary")).to_be_visible()
        yield Screen("forgotten-pin-refused", page)
        page.get_by_label(re.compile("^Code de connexion|^Code pour")).fill(card.sign_in_code)
        page.locator("main [type=submit]").first.click()
        expect(page.locator("#code")).to_be_visible()
        yield Screen("new-pin", page)

    def _answer_one_study(self) -> Iterator[Screen]:
        """Answer a whole questionnaire and look at everything around it."""
        card = self.installation.enrol()
        with self.open_window() as page:
            patient = Patient(page)
            patient.activate(f"/p/activate#{card.token}")
            yield Screen("home-due", page)
            page.get_by_role("button", name=re.compile("^Rappelez-moi")).click()
            expect(page.get_by_text("Rappel prévu le")).to_be_visible()
            yield Screen("home-reminder-asked", page)
            page.evaluate(EVERY_NOTICE)
            yield Screen("home-every-notice", page)
            yield from self._look_around(page, card)
            page.goto("/p/home")
            patient.start()
            yield from self._look_at_items(page)
            yield from self._send(page, card)

    def _look_around(self, page: Page, card: PrintedCard) -> Iterator[Screen]:
        """Look at one's own pages, before anything was sent."""
        for name in ("calendar", "history", "settings", "display", "devices", "help", "data"):
            page.goto(f"/p/{name}")
            yield Screen(f"{name}-empty" if name in {"calendar", "history"} else name, page)
        page.goto("/p/help")
        for summary in page.locator("summary").all():
            summary.click()
        yield Screen("help-opened", page)
        page.goto("/p/devices")
        page.get_by_role("link", name="Déconnecter cet appareil").click()
        expect(page.get_by_role("button", name="Déconnecter cet appareil")).to_be_visible()
        yield Screen("device-sign-out", page)
        yield from self._change_messages(page)
        builders.randomise(
            self.installation.database,
            card.participant_id,
            on=today(),
            actor=self._nurse(),
            now=system_clock(),
        )
        page.goto("/p/calendar")
        yield Screen("calendar", page)

    def _change_messages(self, page: Page) -> Iterator[Screen]:
        """Pause the messages, end the pause, and come before stopping them."""
        page.goto("/p/settings")
        page.get_by_role("button", name="Mettre les messages en pause").click()
        expect(page.locator(".error-summary")).to_be_visible()
        yield Screen("settings-refused", page)
        page.goto("/p/settings")
        until = today() + timedelta(days=10)
        page.locator("input[type=date]").fill(until.isoformat())
        page.get_by_role("button", name="Mettre les messages en pause").click()
        expect(page.get_by_role("button", name="Terminer la pause maintenant")).to_be_visible()
        yield Screen("settings-paused", page)
        page.goto("/p/settings/stop")
        yield Screen("settings-stop", page)

    def _look_at_items(self, page: Page) -> Iterator[Screen]:
        """Look at each kind of screen of a questionnaire, begun or not."""
        patient = Patient(page)
        expect(page.locator(".instruction")).to_be_visible()
        yield Screen("instruction", page, asks=True)
        patient.find_item(1)
        yield Screen("item", page, asks=True)
        patient.option("3").check()
        expect(page.get_by_text(re.compile("reçu par votre centre", re.IGNORECASE))).to_be_visible()
        yield Screen("item-answered", page, asks=True)
        patient.tap("Suivant")
        patient.find_item(2)
        patient.tap("Suivant")
        expect(page.get_by_text("Vous n’avez pas choisi de réponse")).to_be_visible()
        yield Screen("item-empty", page, asks=True)
        patient.tap("Je préfère ne pas répondre")
        patient.find_item(3)
        patient.tap("Précédent")
        patient.find_item(2)
        yield Screen("item-declined", page, asks=True)
        screen = re.sub(r"/\d+$", "", page.url)
        for number, name in ((32, "scale"), (44, "not-applicable"), (56, "end-of-module")):
            page.goto(f"{screen}/{number}")
            expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile(r"\d+\."))
            yield Screen(f"item-{name}", page, asks=True)
        page.goto("/p/home")
        yield Screen("home-begun", page)
        page.goto(f"{screen}/review", wait_until="networkidle")
        yield Screen("review", page, asks=True)
        page.get_by_role("link", name="Continuer").click()
        expect(page.get_by_role("heading", name="Qui a répondu")).to_be_visible()
        yield Screen("who-answered", page, asks=True)
        patient.tap("Envoyer")
        expect(page.get_by_text("Choisissez l’une des trois")).to_be_visible()
        yield Screen("who-answered-refused", page, asks=True)

    def _send(self, page: Page, card: PrintedCard) -> Iterator[Screen]:
        """Send, and look at what is different afterwards; ends signed out."""
        patient = Patient(page)
        assessment_id = builders.find_assessment(self.installation.database, card.participant_id)
        codes = [("qlq-c30" if number <= 30 else "qlq-ginet21", number) for number in range(1, 52)]
        said = [(code, number, 5 if number in {29, 30} else 1 + number % 3) for code, number in codes]
        assert page.evaluate(SEND_ANSWERS, [assessment_id, said]) == 200
        page.goto(f"/p/q/{assessment_id}/review", wait_until="networkidle")
        yield Screen("review-complete", page, asks=True)
        patient.send()
        yield Screen("receipt", page)
        page.goto("/p/history")
        yield Screen("history", page)
        page.goto(f"/p/q/{assessment_id}/review")
        page.wait_for_load_state()
        yield Screen("sent-already", page)
        page.goto("/p/home")
        yield Screen("home-nothing-due", page)
        yield from self._enlarge(page)
        patient.tap("Se déconnecter")
        expect(page.get_by_label(re.compile("^Votre code PIN"))).to_be_visible()
        yield Screen("pin", page)
        page.get_by_label(re.compile("^Votre code PIN")).fill("000001")
        patient.tap("Continuer")
        expect(page.locator(".error-summary")).to_be_visible()
        yield Screen("pin-refused", page)

    def _enlarge(self, page: Page) -> Iterator[Screen]:
        """Choose the largest letters and strong colours, then the usual ones again."""
        page.goto("/p/display")
        page.get_by_label("Très grande").check()
        page.get_by_label("Élevé").check()
        page.get_by_role("button", name="Enregistrer").click()
        page.goto("/p/home")
        yield Screen("home-largest", page)
        page.goto("/p/display")
        page.get_by_label("Normale").check()
        page.get_by_label("Habituel").check()
        page.get_by_role("button", name="Enregistrer").click()
        page.goto("/p/home")

    def _lose_the_session(self) -> Iterator[Screen]:
        """Answer after the session ended, without scripts: the PIN comes between."""
        card = self.installation.enrol()
        with self.open_window(java_script_enabled=False) as page:
            patient = Patient(page)
            page.goto("/p/activate")
            page.get_by_label("Code de la carte").fill(card.short_code)
            patient.tap("Commencer")
            patient.choose_pin()
            patient.start()
            patient.find_item(1)
            self.installation.expire_sessions(card.participant_id)
            patient.option("3").check()
            patient.tap("Suivant")
            expect(page.get_by_text("Votre réponse est gardée")).to_be_visible()
            state, html = page.context.storage_state(), page.content()
        with self.open_window(storage_state=state) as page:
            # The page of a refused form has no address of its own that could be loaded with scripts.
            page.route("**/p/expired", lambda route: route.fulfill(body=html, content_type="text/html"))
            page.goto("/p/expired")
            yield Screen("pin-after-time", page)

    def _lose_the_network(self) -> Iterator[Screen]:
        """Answer, send and look around without a network."""
        card = self.installation.enrol()
        with self.open_window() as page:
            patient = Patient(page)
            patient.activate(f"/p/activate#{card.token}")
            patient.start()
            patient.find_item(1)
            wait_for(page, WHOLE_KEPT)
            wait_for(page, "navigator.serviceWorker.controller !== null")
            page.context.set_offline(True)
            patient.option("2").check()
            patient.tap("Suivant")
            patient.find_item(2)
            expect(page.locator("#save-state[data-state=unsent]")).to_be_visible()
            yield Screen("item-unsent", page, asks=True)
            folder = re.sub(r"/\d+$", "", page.url)
            page.goto("/p/home")
            expect(page.get_by_role("heading", name="Vous pouvez continuer sans réseau")).to_be_visible()
            yield Screen("offline", page)
            page.goto(f"{folder}/review")
            page.get_by_role("link", name="Continuer").click()
            page.get_by_label("Moi seul(e)").check()
            patient.tap("Envoyer")
            expect(page.get_by_role("heading", name="Votre questionnaire est en route")).to_be_visible()
            yield Screen("on-its-way", page)

    def _answer_in_the_last_days(self) -> Iterator[Screen]:
        """Come on the last day of a period for answering, and after one."""
        now = system_clock()
        database, actor = self.installation.database, self._nurse()
        begun = today() - timedelta(days=8 * 7 + 7)
        participant_id = builders.enrol(
            database,
            self.installation.vault,
            site_id=self.installation.site_id,
            actor=actor,
            # Noon: as many hours ago can be another civil day where the clocks have changed since.
            now=datetime.combine(begun, time(12), ZoneInfo(builders.ZONE)),
        )
        builders.randomise(database, participant_id, on=begun, actor=actor, now=now)
        card = builders.build_card(
            database, participant_id, secret_key=self.installation.settings.secret_key, actor=actor, now=now
        )
        with self.open_window() as page:
            Patient(page).activate(f"/p/activate#{card.token}")
            expect(page.get_by_text("dernier jour")).to_be_visible()
            yield Screen("home-last-day", page)
            closed = builders.find_assessment(database, participant_id)
            page.goto(f"/p/q/{closed}")
            expect(page.get_by_role("heading", level=1)).to_contain_text("pas ouvert")
            yield Screen("not-open", page)

    def _answer_the_long_questionnaire(self) -> Iterator[Screen]:
        """Answer questions with very long words, at a centre with a very long name."""
        card = TinyStudy(self.installation, self.folder, long=True).enrol()
        with self.open_window() as page:
            patient = Patient(page)
            patient.activate(f"/p/activate#{card.token}")
            yield Screen("home-long-text", page)
            patient.start()
            patient.find_item(1)
            yield Screen("item-long-text", page, asks=True)
            for number, said in ((1, "Oui"), (2, "haut"), (3, "haut"), (4, "2")):
                patient.find_item(number)
                page.get_by_role("radio", name=re.compile(rf"^{said}")).check()
                patient.tap("Suivant")
            patient.send()
            yield Screen("receipt-long-text", page)
            page.goto("/p/history")
            page.get_by_role("link", name=re.compile("réponses")).first.click()
            yield Screen("own-answers", page)

    def _borrow_the_tablet(self) -> Iterator[Screen]:
        """Answer on a tablet of the ward, and come to where it is locked."""
        card = self.installation.enrol()
        with self.open_window() as page:
            sign_in_staff(page, "nurse", builders.PASSWORD)
            page.goto(f"/clinic/participants/{card.participant_id}/tablet")
            page.locator("#lend button").click()
            expect(page).to_have_url(re.compile("/p/tablet$"))
            yield Screen("tablet-welcome", page)
            patient = Patient(page)
            patient.start()
            patient.find_item(1)
            yield Screen("tablet-item", page, asks=True)
            page.evaluate("document.getElementById('still-here').showModal()")
            yield Screen("tablet-asking", page)
            page.goto("/p/tablet/still-here")
            yield Screen("tablet-still-here", page)
            page.goto("/staff/tablet")
            yield Screen("tablet-lent", page)
            page.goto("/p/tablet")
            page.locator('main form[action="/p/tablet/lock"] button').click()
            expect(page).to_have_url(re.compile("/staff/tablet$"))
            yield Screen("tablet-locked", page)

    def _go_astray(self) -> Iterator[Screen]:
        """Come to an address that does not exist, and to a page that fails."""
        with self.open_window() as page:
            page.goto("/p/no-such-page")
            yield Screen("no-such-page", page)
            page.route("**/p/failing", lambda route: route.fulfill(body=failed, content_type="text/html"))
            app = create_app(self.installation.settings)
            with app.test_request_context("/p/failing"):
                failed = str(errors.render(500, errors.UNKNOWN)[0])  # type: ignore[index]  # body and status
            page.goto("/p/failing")
            yield Screen("failure", page)

    def _nurse(self) -> Actor:
        assert self.installation.nurse is not None
        return self.installation.nurse


@dataclass
class TinyStudy:
    """Another study, with a questionnaire of four items, which can be answered whole in seconds.

    `folder` takes its files; `long` makes a question, an answer and the name of the site very long.
    """

    installation: Installation
    folder: Path
    long: bool = False
    site_id: int = 0
    nurse: Actor | None = None

    def load(self) -> None:
        """Load the study, under a code of its own, with its site and nurse."""
        path = write_tiny_study(self.folder)
        text = path.read_text(encoding="utf-8").replace(
            "code: example-surgery", f"code: tiny-{next(_numbers)}"
        )
        path.write_text(f"{text}\nparticipant_pages: {{own_answers: true}}\n", encoding="utf-8")
        if self.long:
            _lengthen(next(self.folder.rglob("tiny-fr.yaml")))
        now, database = system_clock(), self.installation.database
        with database.writing() as session:
            study_id = load_study(session, protocol_path=path, actor=builders.SETUP, now=now).id
        self.site_id = builders.build_site(database, study_id=study_id, now=now)
        self.nurse = builders.build_staff(database, "nurse", study_id=study_id, site_id=self.site_id, now=now)
        if self.long:
            with database.writing() as session:
                session.execute(update(Site).where(Site.id == self.site_id).values(name=LONG_NAME))

    def enrol(self) -> PrintedCard:
        """Enrol a participant and print the card."""
        if self.nurse is None:
            self.load()
        assert self.nurse is not None
        now, world = system_clock(), self.installation
        participant_id = builders.enrol(
            world.database, world.vault, site_id=self.site_id, actor=self.nurse, now=now
        )
        secret_key = world.settings.secret_key
        return builders.build_card(
            world.database, participant_id, secret_key=secret_key, actor=self.nurse, now=now
        )


def _lengthen(wording: Path) -> None:
    """Make a question and an answer very long, in a wording file of its own beside the usual one."""
    words = wording.read_text(encoding="utf-8").replace("pack: tiny-fr", "pack: tiny-long-fr")
    words = words.replace("1: Un\n", f'1: "{LONG_QUESTION}"\n')
    words = words.replace("{1: bas, 2: haut}", f'{{1: "{LONG_OPTION}", 2: haut}}')
    wording.unlink()
    wording.with_name("tiny-long-fr.yaml").write_text(words, encoding="utf-8")
