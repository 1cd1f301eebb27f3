"""What a patient is told about answers that wait on the phone, and what stays behind on it: nothing."""

import json
import re

from journey_people import Patient
from journey_world import PHONE, Installation
from journeys.offline_phone import KEPT, QUEUE, RECEIVED, OfflineWatch, open_phone, wait_for
from playwright.sync_api import Route, expect
from sqlalchemy import select

from pro_app.storage.tables.device_reports import DeviceReport

NO_STORAGE = "Object.defineProperty(window, 'indexedDB', { get: () => { throw new Error('blocked'); } })"
FULL_STORAGE = """
IDBObjectStore.prototype.put = function () { throw new DOMException("full", "QuotaExceededError"); };
"""
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Mobile/15E148 Safari/604.1"
)
AGED = """new Promise((done) => {
  const opening = indexedDB.open("questionnaires");
  opening.onsuccess = () => {
    const store = opening.result.transaction("operations", "readwrite").objectStore("operations");
    store.openCursor().onsuccess = ({ target: { result: cursor } }) => {
      if (!cursor) { opening.result.close(); return done(); }
      cursor.update({ ...cursor.value, kept_at: cursor.value.kept_at - 25 * 3600 * 1000 });
      cursor.continue();
    };
  };
})"""


def test_answers_given_after_the_session_ended_leave_after_the_pin(installation: Installation) -> None:
    with open_phone(installation, 401) as phone:
        page, patient = phone.page, phone.patient
        patient.answer(1, "3")
        phone.wait_for_stored({1: [3]})
        installation.expire_sessions(phone.card.participant_id)
        patient.answer_all({2: "4", 3: "1"})
        expect(page.get_by_text("Tapez votre code PIN pour envoyer vos réponses")).to_be_visible()
        assert phone.stored() == {1: [3]}
        page.get_by_role("link", name="Se connecter").click()
        patient.type_pin()
        expect(page.get_by_role("heading", name="Bonjour")).to_be_visible()
        phone.wait_for_stored({1: [3], 2: [4], 3: [1]})


def test_answers_that_wait_for_more_than_a_day_are_shown_with_what_to_do(installation: Installation) -> None:
    with open_phone(installation, user_agent=IPHONE) as phone:
        page, patient = phone.page, phone.patient
        phone.lose_network()
        patient.answer(1, "3")
        patient.find_item(2)
        expect(page.get_by_text("Safari efface ce qu’un site garde après sept jours")).to_be_visible()
        expect(page.get_by_text("depuis plus d’un jour")).to_be_hidden()
        page.evaluate(AGED)
        page.reload()
        expect(page.get_by_text("depuis plus d’un jour")).to_be_visible()
        phone.lose_network(lost=False)
        phone.wait_for_stored({1: [3]})
        expect(page.get_by_text("depuis plus d’un jour")).to_be_hidden()
        expect(page.get_by_text("Safari efface")).to_be_hidden()


def is_report_over(installation: Installation, participant_id: int) -> bool:
    """Say whether the one report of a person's phone that held answers is over."""
    own = select(DeviceReport).where(DeviceReport.participant_id == participant_id)
    with installation.database.reading() as session:
        return session.scalars(own).one().resolved_at is not None


def test_the_centre_is_told_how_many_answers_have_waited_for_a_day_and_when_they_have_come(
    installation: Installation,
) -> None:
    with open_phone(installation) as phone:
        page, patient = phone.page, phone.patient
        page.context.route("**/p/operations", lambda route: route.abort())  # a filter on the way
        patient.answer(1, "3")
        patient.find_item(2)
        page.evaluate(AGED)
        with page.expect_response("**/p/reports") as told:
            page.reload()
        assert (told.value.status, told.value.request.post_data_json["waiting"]) == (200, 1)
        assert set(told.value.request.post_data_json) == {"waiting", "refused", "oldest_s"}
        page.context.unroute("**/p/operations")
        page.reload()
        phone.wait_for_stored({1: [3]})
        page.reload()  # this page tells it, unless the one before has done so once the answer was gone
        for _ in range(50):
            if is_report_over(installation, phone.card.participant_id):
                break
            page.wait_for_timeout(100)
        assert is_report_over(installation, phone.card.participant_id)


def test_a_form_without_answers_is_no_sign_of_a_missing_network(installation: Installation) -> None:
    with open_phone(installation) as phone:
        root = re.sub(r"/\d+$", "", phone.page.url)
        with phone.page.expect_response(re.compile("/answers$")) as asked:
            phone.page.goto(root)  # the page that the phone keeps
        assert asked.value.json()["answers"] == {}
        expect(phone.page.locator(".instruction")).to_be_visible()
        phone.page.wait_for_load_state("networkidle")
        assert phone.page.get_by_text("Il n’y a pas de réseau").count() == 0


def test_a_browser_that_keeps_nothing_says_so_and_answers_go_on_online(installation: Installation) -> None:
    for script in (NO_STORAGE, FULL_STORAGE):
        with open_phone(installation, script=script) as phone:
            page, patient = phone.page, phone.patient
            patient.option("3").check()
            expect(page.get_by_text("Ce navigateur ne garde rien sur le téléphone")).to_be_visible()
            expect(page.get_by_text(RECEIVED)).to_be_visible()
            patient.tap("Suivant")
            patient.find_item(2)
            phone.lose_network()
            patient.option("4").check()
            patient.tap("Suivant")
            expect(page.get_by_text("Ceci n’est pas encore reçu")).to_be_visible()
            expect(page.get_by_text(KEPT)).to_be_hidden()
            patient.find_item(2)
            phone.lose_network(lost=False)
            patient.tap("Suivant")
            patient.find_item(3)
            assert phone.stored() == {1: [3], 2: [4]}


def test_signing_out_asks_first_where_something_waits_and_leaves_nothing_behind(
    installation: Installation,
) -> None:
    with open_phone(installation) as phone:
        page, patient = phone.page, phone.patient
        page.context.route("**/p/operations", lambda route: route.abort())
        patient.answer(1, "3")
        patient.find_item(2)
        page.get_by_role("link", name="Pause").click()
        patient.tap("Se déconnecter")
        expect(page.get_by_text("Pas encore reçues : 1.")).to_be_visible()
        patient.tap("Rester connecté(e)")
        assert len(page.evaluate(QUEUE)) == 1

        patient.tap("Se déconnecter")
        patient.tap("Effacer et se déconnecter")
        expect(page.get_by_label(re.compile("^Votre code PIN"))).to_be_visible()
        assert page.evaluate(QUEUE) == []
        assert page.evaluate("caches.keys()") == ["assets"]
        assert page.evaluate("localStorage.length") == 0
        keys = QUEUE.replace('"operations")', '"keys")', 1).replace('"operations")', '"keys")')
        assert page.evaluate(keys) == []
        page.go_back()
        expect(page.get_by_role("heading", level=1)).not_to_contain_text(re.compile(r"^\d+\."))


def test_a_second_patient_on_the_phone_neither_sees_nor_sends_what_the_first_left(
    installation: Installation,
) -> None:
    second = installation.enrol()
    with open_phone(installation, 400, 401, 404) as phone:
        page, patient = phone.page, phone.patient
        first_address = page.url
        phone.lose_network()
        patient.answer(1, "3")
        patient.find_item(2)
        page.context.clear_cookies(name="participant")
        phone.lose_network(lost=False)
        page.goto("about:blank")
        Patient(page).activate(f"{installation.url}/p/activate#{second.token}")
        expect(page.get_by_role("heading", name="Bonjour")).to_be_visible()
        page.wait_for_timeout(1500)
        assert len(page.evaluate(QUEUE)) == 1
        assert phone.stored() == {}
        page.goto(first_address)
        expect(page.get_by_role("heading", name="Cette page n’existe pas")).to_be_visible()
        page.goto("/p/home")
        patient.tap("Se déconnecter")
        expect(page.get_by_label(re.compile("^Votre code PIN"))).to_be_visible()
        assert len(page.evaluate(QUEUE)) == 1  # it is the first patient's, and never expires


def test_an_operation_that_is_refused_is_put_aside_and_holds_up_no_other(installation: Installation) -> None:
    with open_phone(installation, 400) as phone:
        page, patient = phone.page, phone.patient
        phone.lose_network()

        def forge(route: Route) -> None:
            body = route.request.post_data_json
            for operation in body["operations"]:
                if operation["item_number"] == 2:
                    operation["value"] = 9
            route.continue_(post_data=json.dumps(body))

        page.context.route("**/p/operations", forge)
        patient.answer_all({1: "3", 2: "4", 3: "1"})
        patient.find_item(4)
        phone.lose_network(lost=False)
        phone.wait_for_stored({1: [3], 3: [1]})
        expect(page.get_by_text("Une réponse n’a pas pu être reçue")).to_be_visible()
        assert len(page.evaluate(QUEUE)) == 1


def test_two_windows_show_each_others_taps_and_a_second_device_is_told(installation: Installation) -> None:
    with open_phone(installation) as phone:
        page, patient = phone.page, phone.patient
        other = page.context.new_page()
        other.goto(page.url)
        patient.option("3").check()
        expect(Patient(other).option("3")).to_be_checked()
        Patient(other).option("2").check()
        expect(patient.option("2")).to_be_checked()
        expect(page.get_by_text("dans une autre fenêtre")).to_be_visible()
        phone.wait_for_stored({1: [3, 2]})
        other.close()

        phone.lose_network()
        patient.option("1").check()
        expect(page.get_by_text(KEPT)).to_be_visible()
        device = {"cookies": page.context.cookies(), "origins": []}
        watch = OfflineWatch(installation.url.partition("://")[2])
        with installation.open_window(viewport=PHONE, watch=watch, storage_state=device) as tablet:
            tablet.context.clear_cookies(name="participant")
            tablet.context.clear_cookies(name="device")
            tablet.goto("/p/sign-in")
            tablet.get_by_label(re.compile("^Code de connexion|^Code pour")).fill(phone.card.sign_in_code)
            Patient(tablet).page.get_by_label(re.compile("^Votre code PIN")).fill("420815")
            tablet.get_by_role("button", name="Se connecter").click()
            tablet.goto(page.url)
            Patient(tablet).option("4").check()
            expect(tablet.get_by_text(RECEIVED)).to_be_visible()

            phone.lose_network(lost=False)
            expect(page.get_by_text("sur un autre appareil")).to_be_visible(timeout=10_000)
            assert sorted(phone.stored()[1]) == [1, 2, 3, 4]  # both are kept
            patient.tap("J’ai compris")

            phone.lose_network()
            patient.tap("Suivant")
            patient.find_item(2)
            patient.option("3").check()
            expect(page.get_by_text(KEPT)).to_be_visible()
            tablet.goto(re.sub(r"\d+$", "review", tablet.url))
            receipt_code = Patient(tablet).send()
        phone.lose_network(lost=False)
        expect(page.get_by_text("arrivées trop tard")).to_be_visible(timeout=10_000)
        expect(page.locator(".receipt-code")).to_have_text(receipt_code)
        wait_for(page, f"{QUEUE}.then((left) => left.length === 0)")
