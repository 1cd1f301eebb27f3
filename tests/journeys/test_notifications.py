"""Notifications on the patient's phone: switched on by a tap, shown by the worker, opened by another tap."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from browsers import Browser
from journey_people import Patient
from journey_world import LONGEST_WAIT_MS, PHONE, Installation
from playwright.sync_api import Page, expect
from sqlalchemy import delete, select

from pro_app.contacts.push_addresses import list_push_addresses
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.throttles import Throttle

BROWSER = Browser("https://push.example.org/send/phone")
RENEWED = Browser("https://push.example.org/send/renewed", key=BROWSER.key)
PUSH_SERVICE = """
(() => {
  // Chromium would ask its maker's push service, which no test reaches: here it answers from the page.
  const make = (text, key) => text && {
    ...JSON.parse(text),
    toJSON: () => JSON.parse(text),
    options: { applicationServerKey: Uint8Array.from(JSON.parse(key)).buffer },
    unsubscribe: async () => { localStorage.removeItem("test-subscription"); return true; },
  };
  PushManager.prototype.getSubscription = async () =>
    make(localStorage.getItem("test-subscription"), localStorage.getItem("test-key"));
  PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
    if (!userVisibleOnly) throw new Error("push without a notification");
    localStorage.setItem("test-subscription", %s);
    localStorage.setItem("test-key", JSON.stringify([...new Uint8Array(applicationServerKey)]));
    return PushManager.prototype.getSubscription();
  };
  window.asked = 0;
  const ask = Notification.requestPermission;
  Notification.requestPermission = (...args) => { window.asked += 1; return ask.apply(Notification, args); };
})();
"""


@contextmanager
def phone(installation: Installation, *, permissions: tuple[str, ...]) -> Iterator[Page]:
    """Open the settings of a patient who has just activated the card."""
    card = installation.enrol()
    # All these patients share one address, from which so many cards in one minute would be too many.
    with installation.database.writing() as session:
        session.execute(delete(Throttle))
    with installation.open_window(viewport=PHONE, is_mobile=True, permissions=list(permissions)) as page:
        page.add_init_script(PUSH_SERVICE % json.dumps(BROWSER.subscription()))
        patient = Patient(page)
        page.goto("/")
        page.get_by_role("link", name="J’ai une carte").click()
        page.get_by_label("Code de la carte").fill(card.short_code)
        patient.tap("Commencer")
        patient.choose_pin()
        page.goto("/p/settings")
        yield page


def saved(installation: Installation) -> list[str]:
    """List the addresses of the browsers of everybody."""
    with installation.database.reading() as session:
        people = session.scalars(select(Participant)).all()
    known = [
        each for person in people for each in list_push_addresses(installation.vault, person.contact_ref)
    ]
    return [json.loads(each.subscription_json)["endpoint"] for each in known]


def wait_until(page: Page, is_there: Callable[[], bool]) -> None:
    """Let the browser work until something is there; what comes next says what is missing if it never is."""
    for _ in range(LONGEST_WAIT_MS // 50):
        if is_there():
            return
        page.wait_for_timeout(50)


def deliver(page: Page, text: str) -> None:
    """Let the browser receive a push, as its push service would bring it."""
    cdp = page.context.new_cdp_session(page)
    registrations: list[dict[str, Any]] = []
    cdp.on(
        "ServiceWorker.workerRegistrationUpdated", lambda said: registrations.extend(said["registrations"])
    )
    cdp.send("ServiceWorker.enable")
    page.wait_for_function("navigator.serviceWorker.ready.then(() => true)")
    wait_until(page, lambda: bool(registrations))
    origin = re.match(r"https?://[^/]+", page.url)
    assert origin
    cdp.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": origin[0], "registrationId": registrations[-1]["registrationId"], "data": text},
    )


def shown(page: Page) -> list[dict[str, Any]]:
    """List the notifications on the screen."""
    found: list[dict[str, Any]] = page.evaluate(
        "navigator.serviceWorker.ready.then(r => r.getNotifications())"
        ".then(all => all.map(n => ({title: n.title, body: n.body, data: n.data})))"
    )
    return found


def test_nothing_is_asked_before_a_tap_and_a_tap_switches_on_and_off(installation: Installation) -> None:
    with phone(installation, permissions=("notifications",)) as page:
        on = page.get_by_role("button", name="Activer les notifications")
        expect(on).to_be_visible()
        assert page.evaluate("window.asked") == 0
        assert page.evaluate("localStorage.getItem('test-subscription')") is None

        on.click()
        expect(page.get_by_text("Les notifications apparaîtront sur cet appareil")).to_be_visible()
        expect(on).to_be_hidden()
        assert saved(installation) == [BROWSER.endpoint]
        assert page.evaluate("navigator.serviceWorker.ready.then(r => r.scope)") == f"{installation.url}/"

        page.get_by_role("button", name="Les désactiver ici").click()
        expect(page.get_by_text("Les notifications sont désactivées")).to_be_visible()
        expect(on).to_be_visible()
        assert saved(installation) == []


def test_an_address_that_the_browser_renewed_is_given_at_the_next_visit(installation: Installation) -> None:
    with phone(installation, permissions=("notifications",)) as page:
        page.get_by_role("button", name="Activer les notifications").click()
        expect(page.get_by_role("button", name="Les désactiver ici")).to_be_visible()

        page.evaluate("text => localStorage.setItem('test-subscription', text)", RENEWED.subscription())
        with page.expect_response(re.compile("/p/push$")) as answer:
            page.reload()
        expect(page.get_by_role("button", name="Les désactiver ici")).to_be_visible()

        assert answer.value.status == 204
        assert RENEWED.endpoint in saved(installation)
        page.get_by_role("button", name="Les désactiver partout").click()
        expect(page.get_by_text("Les notifications sont désactivées")).to_be_visible()


def test_a_push_is_shown_and_a_tap_opens_the_bare_address(installation: Installation) -> None:
    with phone(installation, permissions=("notifications",)) as page:
        page.get_by_role("button", name="Activer les notifications").click()
        expect(page.get_by_role("button", name="Les désactiver ici")).to_be_visible()
        sent = {"title": "Suivi 34", "body": "Votre questionnaire est prêt.", "url": installation.url}

        deliver(page, json.dumps(sent))
        wait_until(page, lambda: bool(shown(page)))
        assert shown(page) == [{"title": "Suivi 34", "body": sent["body"], "data": {"url": installation.url}}]

        worker = page.context.service_workers[0]
        opened = worker.evaluate(
            """async (urls) => {
              const opened = [];
              clients.matchAll = async () => [];
              clients.openWindow = async (url) => { opened.push(url); };
              for (const url of urls) {
                const [notification] = await registration.getNotifications();
                const seen = notification || { close() {}, data: {} };
                const tapped = new ExtendableEvent("notificationclick");
                Object.defineProperty(tapped, "notification",
                  { value: { data: { url }, close: () => seen.close() } });
                dispatchEvent(tapped);
                await new Promise((done) => setTimeout(done, 50));
              }
              return opened;
            }""",
            [installation.url, "https://elsewhere.example/x", None],
        )
        assert opened == [installation.url, "/", "/"]
        assert shown(page) == []


def test_a_push_that_cannot_be_read_is_still_shown(installation: Installation) -> None:
    with phone(installation, permissions=("notifications",)) as page:
        page.get_by_role("button", name="Activer les notifications").click()
        expect(page.get_by_role("button", name="Les désactiver ici")).to_be_visible()

        deliver(page, "not JSON")
        wait_until(page, lambda: bool(shown(page)))

        assert [each["title"] for each in shown(page)] == ["Questionnaires"]


def test_a_browser_that_blocks_notifications_is_told_where_to_allow_them(installation: Installation) -> None:
    with phone(installation, permissions=()) as page:
        page.add_init_script("Object.defineProperty(Notification, 'permission', { get: () => 'denied' })")
        page.reload()

        expect(page.get_by_text("Les notifications sont bloquées")).to_be_visible()
        expect(page.get_by_role("button", name="Activer les notifications")).to_be_hidden()


def test_a_browser_without_push_is_told_so_plainly(installation: Installation) -> None:
    with phone(installation, permissions=()) as page:
        page.add_init_script("delete window.PushManager")
        page.reload()

        expect(page.get_by_text("ne peut pas afficher de notifications")).to_be_visible()
        expect(page.get_by_role("button", name="Activer les notifications")).to_be_hidden()


def test_an_iphone_outside_the_home_screen_is_told_how(installation: Installation) -> None:
    with phone(installation, permissions=()) as page:
        page.add_init_script(
            "delete window.PushManager;Object.defineProperty(navigator, 'userAgent', { get: () => 'iPhone' })"
        )
        page.reload()

        expect(page.get_by_text("depuis l’écran d’accueil")).to_be_visible()
