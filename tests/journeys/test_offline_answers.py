"""Answers without a network: kept on the phone before anything is promised, received exactly once later."""

import re
from collections.abc import Iterator

import pytest
from journey_people import Patient
from journey_world import Installation
from journeys.offline_phone import KEPT, QUEUE, RECEIVED, Phone, open_phone, wait_for, wait_until_received
from playwright.sync_api import APIResponse, Route, expect

SLOW_READING = """
// The page reads what waits here before it is received, and gets to know it only afterwards.
const received = new Promise((done) => {
  new BroadcastChannel("questionnaire").onmessage = ({ data }) => data.kind === "received" && done();
});
const decrypt = crypto.subtle.decrypt.bind(crypto.subtle);
crypto.subtle.decrypt = async (...sealed) => {
  if (new Error().stack.includes("loadQueue")) await received;
  return decrypt(...sealed);
};
"""

DIES_WHILE_IT_ERASES = """
// As good as gone once it erases what was received: it writes nothing more.
let gone = false;
const { put, delete: erase } = IDBObjectStore.prototype;
IDBObjectStore.prototype.delete = function (...what) {
  gone ||= this.name === "operations";
  return erase.apply(this, what);
};
IDBObjectStore.prototype.put = function (...what) {
  if (gone) throw new Error("gone");
  return put.apply(this, what);
};
"""


@pytest.fixture
def phone(installation: Installation) -> Iterator[Phone]:
    """Give a phone that has everything for offline."""
    with open_phone(installation) as phone:
        yield phone


def test_taps_without_a_network_outlive_the_tab_and_arrive_once(phone: Phone) -> None:
    page, patient = phone.page, phone.patient
    patient.option("3").check()
    expect(page.get_by_text(RECEIVED)).to_be_visible()
    patient.tap("Suivant")

    phone.lose_network()
    patient.answer_all({2: "1", 3: "4"})
    patient.find_item(4)
    patient.option("2").check()
    expect(page.get_by_text(KEPT)).to_be_visible()
    assert phone.stored() == {1: [3]}

    address = page.url
    page.close()
    again = page.context.new_page()
    again.goto(address)
    later = Patient(again)
    expect(later.option("2")).to_be_checked()
    later.tap("Précédent")
    expect(later.option("4")).to_be_checked()
    assert len(again.evaluate(QUEUE)) == 3

    again.context.set_offline(False)
    phone.page = again
    phone.wait_for_stored({1: [3], 2: [1], 3: [4], 4: [2]})
    expect(again.get_by_text(RECEIVED)).to_be_visible()
    wait_for(again, f"{QUEUE}.then((left) => left.length === 0)")


def test_going_on_takes_no_request_but_the_one_that_brings_the_answer(phone: Phone) -> None:
    asked: list[str] = []
    phone.page.wait_for_load_state("networkidle")  # what the phone keeps and what the centre has are here
    phone.page.on("request", lambda request: asked.append(re.sub(r"^\w+://[^/]+", "", request.url)))
    kept = "/static/"  # Chromium looks for the icon at each step, and finds it on the phone
    phone.patient.answer_all({1: "1", 2: "2", 3: "3"})
    phone.patient.find_item(4)
    phone.patient.tap("Précédent")
    phone.wait_for_stored({1: [1], 2: [2], 3: [3]})
    sent = [address for address in asked if not address.startswith(kept)]
    assert set(sent) == {"/p/operations"}
    assert len(sent) <= 3


def test_a_whole_questionnaire_is_answered_and_sent_without_a_network(phone: Phone) -> None:
    page, patient = phone.page, phone.patient
    patient.answer(1, "2")
    wait_until_received(phone, {1: [2]})
    phone.lose_network()
    page.goto(re.sub(r"\d+$", "", page.url).rstrip("/"))  # opened anew, from what the phone keeps
    patient.answer(2, "")
    patient.leave_blank(3)
    patient.answer_all(dict.fromkeys(range(4, 52), "1"))
    expect(page.get_by_role("heading", name="Vérifiez vos réponses")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Vous avez préféré ne pas répondre"))).to_have_count(1)
    expect(page.get_by_role("link", name=re.compile("Laissée? vide"))).to_have_count(1)
    page.get_by_role("link", name="Continuer").click()
    patient.tap("Envoyer")
    expect(page.get_by_text("Choisissez l’une des trois")).to_be_visible()
    page.get_by_label("Moi seul(e)").check()
    patient.tap("Envoyer")
    expect(page.get_by_role("heading", name="Votre questionnaire est en route")).to_be_visible()
    assert phone.stored() == {1: [2]}
    page.reload()
    expect(page.get_by_role("heading", name="Votre questionnaire est en route")).to_be_visible()

    phone.lose_network(lost=False)
    expect(page.get_by_role("heading", name="C’est reçu")).to_be_visible(timeout=15_000)
    assert re.fullmatch(r"[0-9A-Z-]+", page.locator(".receipt-code").inner_text())
    assert phone.stored() == {1: [2], 2: ["declined"], 3: ["left_blank"]} | {n: [1] for n in range(4, 52)}


def test_a_reply_that_is_lost_doubles_nothing(phone: Phone) -> None:
    lost: list[str] = []

    def lose_reply(route: Route) -> None:
        if len(lost) < 2:
            lost.append(route.fetch().text())
            route.abort()
        else:
            route.continue_()

    phone.page.context.route("**/p/operations", lose_reply)
    phone.patient.option("4").check()
    expect(phone.page.get_by_text(RECEIVED)).to_be_visible(timeout=15_000)
    assert len(lost) == 2
    assert phone.stored() == {1: [4]}


def test_answers_that_another_page_sent_are_known_to_the_questionnaire_without_a_network(
    phone: Phone,
) -> None:
    page = phone.page
    phone.lose_network()
    phone.patient.answer_all({1: "3", 2: "4"})
    phone.patient.find_item(3)
    address = re.sub(r"/\d+$", "", page.url)
    page.goto("/p/home")  # the page for times without a network, which goes home as soon as there is one
    phone.lose_network(lost=False)
    wait_until_received(phone, {1: [3], 2: [4]})
    phone.lose_network()
    page.goto(address)
    phone.patient.find_item(3)
    expect(page.get_by_text("2 réponses reçues par votre centre")).to_be_visible()


def test_what_was_received_is_known_although_the_page_dies_while_it_erases_it(
    installation: Installation,
) -> None:
    with open_phone(installation, script=DIES_WHILE_IT_ERASES) as phone:
        phone.patient.option("3").check()
        wait_until_received(phone, {1: [3]})
        phone.lose_network()
        phone.page.goto(re.sub(r"/\d+$", "", phone.page.url))
        phone.patient.find_item(2)
        expect(phone.page.get_by_text("1 réponse reçue par votre centre")).to_be_visible()


def test_what_was_received_while_the_page_read_it_waits_no_more(phone: Phone) -> None:
    page = phone.page
    phone.lose_network()
    phone.patient.option("3").check()
    expect(page.get_by_text(KEPT)).to_be_visible()
    page.context.add_init_script(SLOW_READING)
    phone.lose_network(lost=False)
    page.reload()
    wait_until_received(phone, {1: [3]})
    expect(phone.patient.option("3")).to_be_checked()
    expect(page.get_by_text(RECEIVED)).to_be_visible()


def test_what_the_centre_had_before_an_answer_came_does_not_take_its_place(phone: Phone) -> None:
    page, patient = phone.page, phone.patient
    patient.option("2").check()
    wait_until_received(phone, {1: [2]})
    phone.lose_network()
    page.reload()
    patient.option("4").check()
    expect(page.get_by_text(KEPT)).to_be_visible()
    held: list[tuple[Route, APIResponse]] = []
    early: list[Route] = []

    def hold_reply(route: Route) -> None:
        held.append((route, route.fetch()))
        while early:
            early.pop().continue_()

    page.context.route("**/answers", hold_reply)
    page.context.route("**/p/operations", lambda route: route.continue_() if held else early.append(route))
    phone.lose_network(lost=False)
    wait_until_received(phone, {1: [2, 4]})
    (route, reply), *_ = held
    with page.expect_response("**/answers"):
        route.fulfill(response=reply)
    page.evaluate("new Promise((done) => setTimeout(done, 100))")  # the reply is read by then
    expect(patient.option("4")).to_be_checked()
    expect(page.get_by_text(RECEIVED)).to_be_visible()


def test_a_tab_that_was_put_to_sleep_while_it_sent_holds_up_another_one_for_less_than_a_minute(
    phone: Phone,
) -> None:
    page, asleep = phone.page, phone.page.context.new_page()
    asleep.goto("/p/offline")
    asleep.evaluate("void navigator.locks.request('questionnaire', () => new Promise(() => {}))")
    page.evaluate("""() => {
      const now = performance.now.bind(performance);
      performance.now = () => now() + (globalThis.later || 0);
    }""")
    phone.patient.option("3").check()
    expect(page.get_by_text(KEPT)).to_be_visible()
    page.evaluate("later = 40000; dispatchEvent(new Event('online'))")
    page.wait_for_timeout(500)
    assert phone.stored() == {}
    page.evaluate("later = 60000; dispatchEvent(new Event('online'))")
    expect(page.get_by_text(RECEIVED)).to_be_visible()
    assert phone.stored() == {1: [3]}


def test_a_kept_questionnaire_learns_what_the_centre_has_once_it_answers_again(phone: Phone) -> None:
    phone.patient.option("4").check()
    expect(phone.page.get_by_text(RECEIVED)).to_be_visible()
    lost: list[str] = []

    def lose_first(route: Route) -> None:
        lost.append(route.request.url)
        if len(lost) == 1:
            route.abort()
        else:
            route.continue_()

    phone.page.context.route("**/answers", lose_first)
    phone.page.reload()
    expect(phone.patient.option("4")).to_be_checked(timeout=15_000)
    assert len(lost) == 2


def test_what_the_phone_holds_is_sealed_and_no_cache_holds_an_answer(phone: Phone) -> None:
    phone.lose_network()
    phone.patient.answer_all({1: "3", 2: "4"})
    phone.patient.find_item(3)
    held = phone.page.evaluate("""new Promise((done) => {
      const opening = indexedDB.open("questionnaires");
      opening.onsuccess = () => {
        const stores = opening.result.transaction(["operations", "keys"]);
        const records = stores.objectStore("operations").getAll();
        const keys = stores.objectStore("keys").getAll();
        stores.oncomplete = async () => {
          const key = keys.result[0];
          const raw = await crypto.subtle.exportKey("raw", key).then(() => "exported", () => "refused");
          done([records.result.map((record) => Object.keys(record).sort()), key.extractable, raw]);
        };
      };
    })""")
    fields = ["aside", "assessment_id", "iv", "kept_at", "operation_id", "owner", "sealed", "v"]
    assert held == [[fields, fields], False, "refused"]
    texts = phone.page.evaluate("""(async () => {
      const texts = [];
      for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) {
          if (!request.url.includes("/p/")) continue;
          const kept = await cache.match(request, { ignoreVary: true });
          texts.push([new URL(request.url).pathname, await kept.text()]);
        }
      }
      return texts;
    })()""")
    assert [re.sub(r"\d+", "n", path) for path, _ in texts] in (
        ["/p/offline", "/p/q/n/whole"], ["/p/q/n/whole", "/p/offline"]
    )  # fmt: skip
    assert all("checked" not in text and "csrf" not in text for _, text in texts)
    assert phone.page.evaluate("JSON.stringify(Object.keys(localStorage))") == '["counter"]'
