"""A patient's phone that has everything for times without a network, and what the server has of it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from journey_people import Patient
from journey_world import LONGEST_WAIT_MS, PHONE, Installation, Watch
from playwright.sync_api import ConsoleMessage, Page
from sqlalchemy import delete, select

from pro_app.services.cards import PrintedCard
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.responses import Response
from pro_app.storage.tables.throttles import Throttle

RECEIVED = re.compile("reçu par votre centre", re.IGNORECASE)
KEPT = re.compile("enregistrée? (sur ce téléphone|ici)", re.IGNORECASE)
WHOLE_KEPT = "caches.match(location.pathname.replace(/\\d+$/, 'whole'), {ignoreVary: true}).then(Boolean)"
QUEUE = """new Promise((done, failed) => {
  const opening = indexedDB.open("questionnaires");
  opening.onerror = failed;
  opening.onsuccess = () => {
    const asked = opening.result.transaction("operations").objectStore("operations").getAll();
    asked.onsuccess = () => {
      opening.result.close();
      done(asked.result.map((record) => record.operation_id || record));
    };
  };
})"""


class OfflineWatch(Watch):
    """Takes a missing network for what the journey wants."""

    def _note_message(self, message: ConsoleMessage) -> None:
        if "net::ERR_" not in message.text:
            super()._note_message(message)


@dataclass
class Phone:
    """A patient's phone whose questionnaire is open at its first item, all of it kept for offline."""

    installation: Installation
    page: Page
    patient: Patient
    card: PrintedCard

    def lose_network(self, *, lost: bool = True) -> None:
        """Take the network away, or give it back."""
        self.page.context.set_offline(lost)

    def stored(self) -> dict[int, list[int | str]]:
        """List every answer that the server has, by item: the values, or the states of those without one."""
        query = (
            select(Answer)
            .join(Response, Response.id == Answer.response_id)
            .join(Assessment, Assessment.id == Response.assessment_id)
            .where(Assessment.participant_id == self.card.participant_id)
            .order_by(Answer.id)
        )
        found: dict[int, list[int | str]] = {}
        with self.installation.database.reading() as session:
            for answer in session.scalars(query):
                found.setdefault(answer.item_number, []).append(answer.value or answer.state)
        return found

    def wait_for_stored(self, expected: dict[int, list[int | str]]) -> None:
        """Wait until the server has exactly these answers."""
        for _ in range(LONGEST_WAIT_MS // 100):
            if self.stored() == expected:
                break
            self.page.wait_for_timeout(100)
        assert self.stored() == expected


@contextmanager
def open_phone(
    installation: Installation, *allowed: int, script: str = "", ready: bool = True, **options: object
) -> Iterator[Phone]:
    """Activate the card of a new patient and open the questionnaire; ends on its first item.

    `allowed` are refusals that the journey wants, `script` runs in every page before its own. Where it is
    to be `ready`, all that is needed offline has come.
    """
    card = installation.enrol()
    with installation.database.writing() as session:
        session.execute(delete(Throttle))  # all these patients share one address
    watch = OfflineWatch(installation.url.partition("://")[2], allowed_statuses=set(allowed))
    with installation.open_window(viewport=PHONE, watch=watch, **options) as page:
        if script:
            page.context.add_init_script(script)
        patient = Patient(page)
        patient.activate(f"/p/activate#{card.token}")
        patient.start()
        patient.find_item(1)
        phone = Phone(installation, page, patient, card)
        if ready:
            wait_for(page, WHOLE_KEPT)
            wait_for(page, "navigator.serviceWorker.controller !== null")
        yield phone


def wait_for(page: Page, condition: str) -> None:
    """Poll a condition; the content-security policy refuses Playwright's own way."""
    for _ in range(LONGEST_WAIT_MS // 100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    raise AssertionError(condition)


def wait_until_received(phone: Phone, expected: dict[int, list[int | str]]) -> None:
    """Wait until the server has exactly these answers, and the phone has heard so and holds none of them."""
    phone.wait_for_stored(expected)
    wait_for(phone.page, f"{QUEUE}.then((left) => left.length === 0)")
