"""Listening to a question, with a voice that the phone has itself, and nothing but the words of the pack."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from journey_world import Installation, today
from journeys.offline_phone import KEPT, Phone, open_phone, wait_for
from playwright.sync_api import expect
from sqlalchemy import select

from pro_app.audit.actor import system_actor
from pro_app.clock import system_clock
from pro_app.services.production.entries import ECOA_LICENCE, NewEntry, record_entry
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.responses import Response
from pro_app.storage.tables.sites import Site

SPEECH = """
window.spoken = [];
const own = %s;
const speech = {
  waiting: [],
  getVoices: () => [{ lang: "en-GB", localService: true }, { lang: "fr-FR", localService: own }],
  speak(line) {
    if (!this.waiting.length) setTimeout(() => line.onstart?.());
    this.waiting.push(line);
    spoken.push(line);
  },
  cancel() { this.waiting.splice(0).forEach((line) => setTimeout(() => line.onerror?.())); },
  end() { this.waiting.splice(0).forEach((line) => line.onend?.()); },
};
Object.defineProperty(window, "speechSynthesis", { value: speech });
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
"""
"""No browser here has a voice: one that speaks as a phone's does, of the phone itself or of some server."""

SHOWN = """[...document.querySelectorAll(".item .recall-line, .item .question span + span, .item label")]
  .map((part) => part.textContent.replace(/\\s+/g, " ").trim())"""
SPOKEN = "spoken.map((line) => line.text)"
LISTENS = "(html) => html.includes('data-listen')"
BUTTON = "[data-listen] button"


@pytest.fixture
def licensed(installation: Installation) -> Iterator[None]:
    """Let the licence allow listening for the time of one journey: the server is that of all of them."""
    _record_licence(installation, allowed=True)
    yield
    _record_licence(installation, allowed=False)


def _record_licence(installation: Installation, *, allowed: bool) -> None:
    said = NewEntry(ECOA_LICENCE, "EORTC 1", today() - timedelta(days=9), allows_listening=allowed)
    with installation.database.writing() as session:
        study_id = session.get_one(Site, installation.site_id).study_id
        actor = system_actor("command", "journey")
        record_entry(session, said, study_id=study_id, actor=actor, now=system_clock())


@contextmanager
def open_listening(installation: Installation, *, own_voice: bool) -> Iterator[Phone]:
    """Open the questionnaire on a phone with a French voice, of a patient who turned listening on."""
    with open_phone(installation, script=SPEECH % str(own_voice).lower()) as phone:
        page = phone.page
        address = page.url
        page.goto("/p/display")
        page.locator("[name=listens][value=yes]").check()
        page.locator(".display-form button").click()
        wait_for(page, "document.getElementById('phone').dataset.look.endsWith('aloud')")
        whole = re.sub(r"\d+$", "whole", address)
        kept = f"caches.match('{whole}', {{ignoreVary: true}})"
        wait_for(page, f"{kept}.then((page) => page.text()).then({LISTENS})")
        page.goto(address)
        phone.patient.find_item(1)
        yield phone


def heard(phone: Phone) -> dict[str, bool]:
    """Tell of each response whether it was listened to."""
    query = select(Response.instrument_code, Response.listened).join(
        Assessment, Assessment.id == Response.assessment_id
    )
    with phone.installation.database.reading() as session:
        rows = session.execute(query.where(Assessment.participant_id == phone.card.participant_id))
        return {row.instrument_code: row.listened for row in rows}


@pytest.mark.usefixtures("licensed")
def test_a_question_is_read_as_it_stands_there_and_that_is_on_record(installation: Installation) -> None:
    with open_listening(installation, own_voice=True) as phone:
        page, patient = phone.page, phone.patient
        button = page.locator(BUTTON)
        words = button.inner_text()
        page.wait_for_timeout(300)
        assert page.evaluate(SPOKEN) == []  # never by itself
        patient.answer(1, "2")
        patient.find_item(2)
        phone.wait_for_stored({1: [2]})
        assert heard(phone) == {"qlq-c30": False}

        button.click()
        assert page.evaluate(SPOKEN) == page.evaluate(SHOWN)
        assert page.evaluate("spoken.every((line) => line.lang === 'fr-FR' && line.voice.localService)")
        assert button.inner_text() != words
        button.click()
        assert page.evaluate("speechSynthesis.waiting.length") == 0
        expect(button).to_have_text(words)
        button.click()  # once more, to its end
        page.evaluate("speechSynthesis.end()")
        expect(button).to_have_text(words)
        assert len(page.evaluate(SPOKEN)) == 2 * len(page.evaluate(SHOWN))

        phone.lose_network()
        patient.option("3").check()
        expect(page.get_by_text(KEPT)).to_be_visible()
        patient.tap("Suivant")
        patient.find_item(3)
        button.click()
        patient.tap("Précédent")  # what is read stops with its screen
        patient.find_item(2)
        wait_for(page, "speechSynthesis.waiting.length === 0")
        phone.lose_network(lost=False)
        phone.wait_for_stored({1: [2], 2: [3]})
        assert heard(phone) == {"qlq-c30": True}


@pytest.mark.usefixtures("licensed")
def test_a_voice_that_would_send_the_question_elsewhere_is_none(installation: Installation) -> None:
    with open_listening(installation, own_voice=False) as phone:
        expect(phone.page.locator("[data-listen]")).to_have_count(1)
        expect(phone.page.locator(BUTTON)).to_be_hidden()
