"""Browsers, networks and windows that behave otherwise than they should: nothing is lost, nobody is stuck."""

import re

from journey_people import Patient
from journey_world import Installation
from journeys.offline_phone import KEPT, QUEUE, RECEIVED, open_phone, wait_for
from playwright.sync_api import Page, Request, Route, expect
from sqlalchemy import select

from pro_app.storage.tables.assessments import Assessment

NO_SUBMITTER = "Object.defineProperty(SubmitEvent.prototype, 'submitter', { get: () => undefined })"
NO_OPENING = "IDBFactory.prototype.open = () => ({})"
ENDLESS_MAKING = """(() => {
  const open = IDBFactory.prototype.open;
  IDBFactory.prototype.open = function (...given) {
    const request = open.apply(this, given);
    request.addEventListener("upgradeneeded", () => {
      if (globalThis.making) return;
      globalThis.making = "under way";
      const store = request.result.createObjectStore("busy");
      const goOn = () => (store.count().onsuccess = goOn);
      goOn();
      request.transaction.addEventListener("abort", () => (globalThis.making = "given up"));
    });
    return request;
  };
})()"""
NO_CACHES = """
for (const name of ["open", "match", "keys", "delete", "has"])
  CacheStorage.prototype[name] = () => Promise.reject(new DOMException("insecure", "SecurityError"));
"""
NOTHING_IS_KEPT = (
    f"{NO_CACHES} IDBFactory.prototype.open = () => {{ throw new DOMException('no', 'SecurityError'); }}"
)
NO_PROGRESS = """new Promise((done) => {
  const opening = indexedDB.open("questionnaires");
  opening.onsuccess = () => {
    const database = opening.result;
    const emptied = database.transaction("progress", "readwrite");
    emptied.objectStore("progress").clear();
    emptied.oncomplete = () => { database.close(); done(); };
  };
})"""
PIN_FIELD = re.compile("^Votre code PIN")


def go_to(page: Page, place: str) -> None:
    """Go to another screen of the questionnaire, as a link would."""
    page.goto(re.sub(r"\w+$", place, page.url))


def test_declining_works_where_the_browser_does_not_say_which_button_was_tapped(
    installation: Installation,
) -> None:
    with open_phone(installation, script=NO_SUBMITTER) as phone:
        phone.patient.answer(1, "")
        phone.wait_for_stored({1: ["declined"]})
        phone.patient.tap("Précédent")
        phone.patient.find_item(1)


def test_what_a_proxy_answers_in_place_of_the_centre_puts_nothing_aside(installation: Installation) -> None:
    with open_phone(installation, 404) as phone:
        lost = "<h1>404 Not Found</h1>"
        phone.page.context.route(
            "**/p/operations", lambda route: route.fulfill(status=404, body=lost, content_type="text/html")
        )
        with phone.page.expect_response("**/p/operations"):
            phone.patient.option("3").check()
        phone.page.context.unroute("**/p/operations")
        phone.page.reload()
        phone.wait_for_stored({1: [3]})


def test_answers_that_come_late_from_the_centre_do_not_hide_a_newer_tap(installation: Installation) -> None:
    with open_phone(installation) as phone:
        page, held = phone.page, []
        phone.patient.option("3").check()
        phone.wait_for_stored({1: [3]})

        def hold(route: Route) -> None:
            held.append((route, route.fetch().text()))

        page.context.route("**/answers", hold)
        with page.expect_request("**/answers"):
            page.reload()
        phone.patient.option("4").check()
        phone.wait_for_stored({1: [3, 4]})
        expect(page.get_by_text(RECEIVED)).to_be_visible()
        ((route, body),) = held
        with page.expect_response("**/answers"):
            route.fulfill(body=body, content_type="application/json")
        page.wait_for_timeout(300)
        expect(phone.patient.option("4")).to_be_checked()


def test_a_blank_left_where_the_centre_s_answer_was_not_known_does_not_replace_it(
    installation: Installation,
) -> None:
    with open_phone(installation) as phone:
        page = phone.page
        phone.patient.option("3").check()
        phone.wait_for_stored({1: [3]})
        page.context.route("**/answers", lambda route: route.abort())
        page.evaluate(NO_PROGRESS)  # as on another device
        page.reload()
        with page.expect_response("**/p/operations"):
            phone.patient.leave_blank(1)
        phone.wait_for_stored({1: [3, "left_blank"]})
        page.context.unroute("**/answers")
        page.reload()
        go_to(page, "2")
        expect(phone.patient.option("3")).to_be_checked()


def test_a_store_that_never_opens_holds_up_nobody(installation: Installation) -> None:
    with open_phone(installation, script=NO_OPENING, ready=False) as phone:
        phone.patient.option("3").check()
        phone.patient.tap("Suivant")
        expect(phone.page.get_by_text("Question 2 sur")).to_be_visible(timeout=20_000)
        assert phone.stored() == {1: [3]}


def test_a_page_that_is_left_while_it_makes_the_store_holds_it_shut_for_nobody(
    installation: Installation,
) -> None:
    with open_phone(installation, script=ENDLESS_MAKING, ready=False) as phone:
        page = phone.page
        wait_for(page, "globalThis.making === 'under way'")
        page.evaluate("dispatchEvent(new Event('pagehide'))")
        wait_for(page, "globalThis.making === 'given up'")
        phone.lose_network()
        phone.patient.option("3").check()
        expect(page.get_by_text(KEPT).first).to_be_visible()
        assert len(page.evaluate(QUEUE)) == 1


def test_the_plain_way_leads_to_the_plain_pages(installation: Installation) -> None:
    with open_phone(installation) as phone:
        phone.page.goto(re.sub(r"/\w+$", "?plain=1", phone.page.url))
        assert phone.page.evaluate("document.getElementById('words') === null")
        phone.patient.find_item(1)


def test_the_last_word_on_who_answered_counts(installation: Installation) -> None:
    with open_phone(installation) as phone:
        page, patient = phone.page, phone.patient
        patient.option("3").check()
        phone.wait_for_stored({1: [3]})
        phone.lose_network()
        go_to(page, "review")
        on_its_way = page.get_by_role("heading", name="Votre questionnaire est en route")
        for position in (0, -1):
            page.get_by_role("link", name="Continuer").click()
            page.locator("input[name=respondent]").nth(position).check()
            patient.tap("Envoyer")
            expect(on_its_way).to_be_visible()
            if position == 0:
                page.go_back()
        phone.lose_network(lost=False)
        expect(page.get_by_role("heading", name="C’est reçu")).to_be_visible(timeout=15_000)
        said = select(Assessment.respondent).where(
            Assessment.participant_id == phone.card.participant_id, Assessment.submitted_at.is_not(None)
        )
        with installation.database.reading() as session:
            assert session.scalars(said).all() == ["proxy"]


def test_a_form_is_sent_and_its_receipt_shown_where_nothing_can_be_kept(installation: Installation) -> None:
    with open_phone(installation, script=NOTHING_IS_KEPT, ready=False) as phone:
        page, patient = phone.page, phone.patient
        patient.option("3").check()
        phone.wait_for_stored({1: [3]})
        with page.expect_response("**/answers"):
            go_to(page, "send")
        page.get_by_label("Moi seul(e)").check()
        patient.tap("Envoyer")
        expect(page.get_by_role("heading", name="C’est reçu")).to_be_visible()


def test_the_plain_forms_go_on_where_neither_phone_nor_network_has_the_questionnaire(
    installation: Installation,
) -> None:
    with open_phone(installation, script=NOTHING_IS_KEPT, ready=False) as phone:
        phone.page.context.route("**/whole", lambda route: route.abort())
        phone.page.reload()
        phone.patient.option("3").check()
        phone.patient.tap("Suivant")
        phone.patient.find_item(2)


def test_signing_out_works_where_nothing_can_be_kept(installation: Installation) -> None:
    with open_phone(installation, script=NOTHING_IS_KEPT, ready=False) as phone:
        phone.page.goto("/p/home")
        phone.patient.tap("Se déconnecter")
        expect(phone.page.get_by_label(PIN_FIELD)).to_be_visible()


def test_signing_out_in_one_window_ends_the_other(installation: Installation) -> None:
    with open_phone(installation) as phone:
        phone.patient.option("3").check()
        phone.wait_for_stored({1: [3]})
        other = phone.page.context.new_page()
        other.goto("/p/home")
        Patient(other).tap("Se déconnecter")
        for page in (other, phone.page):
            expect(page.get_by_label(PIN_FIELD)).to_be_visible()
        assert other.evaluate(QUEUE) == []


def test_a_page_that_is_older_than_the_session_signs_out_too(installation: Installation) -> None:
    with open_phone(installation, 400, 401) as phone:
        page = phone.page
        page.goto("/p/home")
        installation.expire_sessions(phone.card.participant_id)
        other = page.context.new_page()
        other.goto("/p/pin")
        Patient(other).type_pin()
        expect(other.get_by_role("heading", name="Bonjour")).to_be_visible()
        phone.patient.tap("Se déconnecter")
        expect(page.get_by_label(PIN_FIELD)).to_be_visible()


def test_what_is_sent_says_in_which_words_the_question_was_asked(installation: Installation) -> None:
    with open_phone(installation) as phone:
        with phone.page.expect_request("**/p/operations") as asked:
            phone.patient.option("3").check()
        request: Request = asked.value
        (operation,) = request.post_data_json["operations"]
        assert operation["wording_sha256"] == phone.page.locator("[name=wording]").input_value()
        assert len(operation["wording_sha256"]) == 64
