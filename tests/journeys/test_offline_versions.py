"""What an earlier version of the app left on a phone, queue, pages and service worker: nothing is lost."""

import json
import re
from uuid import uuid4

from journey_world import Installation
from journeys.offline_phone import KEPT, QUEUE, RECEIVED, WHOLE_KEPT, open_phone, wait_for
from playwright.sync_api import Page, Request, expect

FIRST_QUEUE = """async (operations) => {
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const { owner } = document.getElementById("phone").dataset;
  const assessment_id = Number(/\\d+/.exec(location.pathname)[0]);
  await done(indexedDB.deleteDatabase("questionnaires"));
  const opening = indexedDB.open("questionnaires", 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore("keys");
    opening.result.createObjectStore("operations", { keyPath: "operation_id" });
    opening.result.createObjectStore("progress");
  };
  const database = await done(opening);
  const algorithm = { name: "AES-GCM", length: 256 };
  const key = await crypto.subtle.generateKey(algorithm, false, ["encrypt", "decrypt"]);
  const bytes = (said) => new TextEncoder().encode(JSON.stringify(said));
  const records = await Promise.all(operations.map(async (operation) => {
    const { operation_id } = operation;
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const additionalData = bytes([owner, assessment_id, operation_id]);
    const how = { name: "AES-GCM", iv, additionalData };
    const sealed = await crypto.subtle.encrypt(how, key, bytes(operation));
    return { operation_id, v: 1, owner, assessment_id, kept_at: Date.now(), aside: "", iv, sealed };
  }));
  const stores = database.transaction(["keys", "operations"], "readwrite");
  stores.objectStore("keys").put(key, owner);
  for (const record of records) stores.objectStore("operations").put(record);
  await new Promise((resolve) => (stores.oncomplete = resolve));
  database.close();
}"""
"""The queue as the first version of the app wrote it. It never changes: such queues are on phones."""

OLD = "0123456789ab"
MAKE_PAGE_OLD = """async (old) => {
  const address = location.pathname.replace(/\\d+$/, "whole");
  const kept = await caches.match(address, { ignoreVary: true });
  const files = await caches.open("assets");
  const aged = (text) => text.replace(/(\\?v=)\\w+/g, `$1${old}`);
  for (const request of await files.keys()) {
    if (!request.url.includes("?v=")) continue;
    const file = await files.match(request, { ignoreVary: true });
    await files.delete(request, { ignoreVary: true });
    await files.put(aged(request.url), file);
  }
  const [name] = (await caches.keys()).filter((each) => each.startsWith("whole-"));
  const headers = { "Content-Type": "text/html; charset=utf-8" };
  await (await caches.open(name)).put(address, new Response(aged(await kept.text()), { headers }));
}"""
"""The kept questionnaire and its files as another version of the app: under other addresses."""

PAGE_IS_OLD = f"document.querySelector('script[src*=questionnaire]').src.endsWith('v={OLD}')"
ALL_SENT = f"{QUEUE}.then((left) => left.length === 0)"
VERSIONS_KEPT = """caches.open("assets").then(async (files) => [...new Set((await files.keys())
  .filter(({ url }) => url.includes("/js/")).map(({ url }) => new URL(url).search))])"""
WORKER = "navigator.serviceWorker.controller.scriptURL.replace(location.origin, '')"
NEWEST_WORKER = """navigator.serviceWorker.getRegistration().then(({ waiting, active }) =>
  (waiting || active).scriptURL.replace(location.origin, ''))"""
LOOKS_AT_DISK = """
window.kept = [];
const begin = IDBDatabase.prototype.transaction;
IDBDatabase.prototype.transaction = function (stores, mode, options) {
  const transaction = begin.call(this, stores, mode, options);
  if (mode === "readwrite" && stores === "operations")
    transaction.addEventListener("complete", () => {
      const state = document.getElementById("save-state");
      kept.push([options.durability, state.dataset.state, state.innerText]);
    });
  return transaction;
};
"""


def operation(counter: int, *, item: int, value: int, **changes: object) -> dict[str, object]:
    """Give an operation as the first version of the app kept it."""
    return {
        "operation_id": str(uuid4()),
        "instrument_code": "qlq-c30",
        "item_number": item,
        "state": "answered",
        "value": value,
        "counter": counter,
        "device_at": "2026-03-02T09:00:00.000Z",
        "device_zone": "Europe/Paris",
    } | changes


def wait_patiently(page: Page, condition: str, *, seconds: int = 30) -> None:
    """Wait for what may take a phone its time, and a busy machine even more."""
    for _ in range(seconds * 2):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(500)
    raise AssertionError(condition)


def test_a_queue_of_the_first_version_of_the_app_is_read_shown_and_sent(installation: Installation) -> None:
    with open_phone(installation) as phone:
        page, patient = phone.page, phone.patient
        phone.lose_network()
        declined = operation(2, item=2, value=1, state="declined") | {"value": None}
        page.evaluate(FIRST_QUEUE, [operation(1, item=1, value=3), declined])
        page.reload()
        expect(patient.option("3")).to_be_checked()
        expect(page.get_by_text(KEPT)).to_be_visible()
        patient.tap("Suivant")
        patient.find_item(2)
        expect(page.get_by_text("Vous avez préféré ne pas répondre à cette question")).to_be_visible()
        assert phone.stored() == {}

        phone.lose_network(lost=False)
        phone.wait_for_stored({1: [3], 2: ["declined"]})
        wait_patiently(page, ALL_SENT)


def test_a_queue_of_ten_thousand_answers_leaves_in_batches(installation: Installation) -> None:
    batches: list[int] = []

    def note(request: Request) -> None:
        if request.url.endswith("/p/operations"):
            batches.append(len(json.loads(request.post_data or "")["operations"]))

    with open_phone(installation) as phone:
        page = phone.page
        page.on("request", note)
        taps = [operation(n + 1, item=n % 28 + 1, value=n % 4 + 1) for n in range(10_000)]
        page.evaluate(FIRST_QUEUE, taps)
        page.reload()
        wait_patiently(page, ALL_SENT, seconds=120)
        assert (max(batches), sum(batches)) == (500, len(taps))
        stored = phone.stored()
        assert sum(map(len, stored.values())) == len(taps)
        assert {item: values[-1] for item, values in stored.items()} == {
            tap["item_number"]: tap["value"] for tap in taps
        }


def test_a_questionnaire_kept_by_an_older_version_works_with_its_own_files_until_it_is_replaced(
    installation: Installation,
) -> None:
    with open_phone(installation) as phone:
        page, patient = phone.page, phone.patient
        page.evaluate(MAKE_PAGE_OLD, OLD)
        phone.lose_network()
        page.reload()
        patient.find_item(1)
        assert page.evaluate(PAGE_IS_OLD)
        patient.answer(1, "3")
        patient.find_item(2)
        patient.option("4").check()
        expect(page.get_by_text(KEPT)).to_be_visible()

        phone.lose_network(lost=False)
        phone.wait_for_stored({1: [3], 2: [4]})
        whole = re.sub(r"\d+$", "whole", page.url)
        is_new = f"(html) => !html.includes('v={OLD}')"
        page.reload()  # the old one still, which brings the new one
        kept = f"caches.match('{whole}', {{ignoreVary: true}})"
        wait_for(page, f"{kept}.then((found) => found.text()).then({is_new})")
        page.reload()
        patient.find_item(2)
        expect(patient.option("4")).to_be_checked()
        assert not page.evaluate(PAGE_IS_OLD)
        wait_for(page, f"{VERSIONS_KEPT}.then((kept) => kept.length === 1 && kept[0] !== '?v={OLD}')")
        assert sorted(phone.stored()) == [1, 2]


def test_an_older_service_worker_is_replaced_and_what_waits_stays(installation: Installation) -> None:
    with open_phone(installation) as phone:
        page, patient = phone.page, phone.patient
        page.evaluate("navigator.serviceWorker.register('/sw.js?older').then(() => null)")
        wait_for(page, f"{WORKER} === '/sw.js?older'")
        page.context.route("**/p/operations", lambda route: route.abort())
        patient.answer(1, "3")
        patient.find_item(2)
        page.reload()
        wait_patiently(page, f"{NEWEST_WORKER}.then((newest) => newest === '/sw.js')")
        # Chromium may keep the older one at work as long as the page is open: the app is closed and opened.
        address = page.url
        page.goto("about:blank")
        page.goto(address)
        wait_patiently(page, f"{WORKER} === '/sw.js'")
        assert len(page.evaluate(QUEUE)) == 1
        wait_for(page, WHOLE_KEPT)
        phone.lose_network()
        page.reload()  # the new one gives the questionnaire too
        patient.find_item(2)
        page.context.unroute("**/p/operations")
        phone.lose_network(lost=False)
        phone.wait_for_stored({1: [3]})


def test_another_language_comes_to_the_kept_questionnaire_too(installation: Installation) -> None:
    with open_phone(installation) as phone:
        page, address = phone.page, phone.page.url
        page.goto("/p/display")
        page.get_by_label("English").check()
        page.get_by_role("button", name="Enregistrer").click()
        whole = re.sub(r"\d+$", "whole", address)
        is_english = "(html) => html.includes('<html lang=\"en\"')"
        kept = f"caches.match('{whole}', {{ignoreVary: true}})"
        wait_for(page, f"{kept}.then((found) => found.text()).then({is_english})")
        phone.lose_network()
        page.goto(address)
        expect(page.get_by_role("button", name="Next")).to_be_visible()


def test_a_tap_is_on_the_disk_before_the_page_says_that_it_is_kept(installation: Installation) -> None:
    with open_phone(installation, script=LOOKS_AT_DISK) as phone:
        page, patient = phone.page, phone.patient
        phone.lose_network()
        patient.option("3").check()
        expect(page.get_by_text(KEPT)).to_be_visible()
        [[durability, state, words]] = page.evaluate("kept")
        assert durability == "strict"
        assert state not in ("kept", "received")
        assert words == ""
        phone.lose_network(lost=False)
        expect(page.get_by_text(RECEIVED)).to_be_visible()
