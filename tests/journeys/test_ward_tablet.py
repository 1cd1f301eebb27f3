"""A tablet of the ward goes from patient to patient and keeps nothing of any of them."""

import re
from collections.abc import Iterator, Sequence

import pytest
from accessibility import SMALLEST, STAFF_LOOKS, Look, list_small_targets, list_violations
from builders import PASSWORD
from journey_people import Patient, sign_in_staff
from journey_world import Installation
from journeys.offline_phone import QUEUE, RECEIVED, OfflineWatch, Phone, open_phone, wait_for
from playwright.sync_api import Page, expect
from sqlalchemy import delete, select

from pro_app.services.cards import PrintedCard
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.throttles import Throttle

LOOKS = (SMALLEST, Look(820, 1180), Look(390, 844, "200%"))
TABLET = {"width": 820, "height": 1180}
LOCK_PAGE = re.compile("/staff/tablet$")
STORED = """async () => ({
  local: Object.keys(localStorage),
  session: Object.keys(sessionStorage),
  databases: (await indexedDB.databases()).map(({ name }) => name),
  caches: await caches.keys(),
  workers: (await navigator.serviceWorker.getRegistrations()).length,
})"""
NOTHING = {"local": [], "session": [], "databases": [], "caches": [], "workers": 0}


@pytest.fixture
def tablet(installation: Installation) -> Iterator[Page]:
    """Sign the nurse in on a tablet."""
    with installation.database.writing() as session:
        session.execute(delete(Throttle))
    watch = OfflineWatch(installation.url.partition("://")[2], allowed_statuses={401})
    with installation.open_window(viewport=TABLET, watch=watch, reduced_motion="reduce") as page:
        sign_in_staff(page, "nurse", PASSWORD)
        yield page


def code_of(installation: Installation, card: PrintedCard) -> str:
    with installation.database.reading() as session:
        return session.get_one(Participant, card.participant_id).participant_code


def assessment_of(installation: Installation, card: PrintedCard) -> int:
    with installation.database.reading() as session:
        wanted = select(Assessment.id).where(
            Assessment.participant_id == card.participant_id, Assessment.submitted_at.is_(None)
        )
        return session.scalars(wanted.order_by(Assessment.id)).first() or 0


def lend(page: Page, card: PrintedCard) -> Patient:
    """Lend the tablet from the record; ends on the welcome of the patient."""
    page.goto(f"/clinic/participants/{card.participant_id}")
    page.locator('.page-header a[href$="/tablet"], a.button[href$="/tablet"]').first.click()
    page.locator("#lend button").click()
    expect(page).to_have_url(re.compile("/p/tablet$"))
    return Patient(page)


def lock(page: Page) -> None:
    page.locator('main form[action="/p/tablet/lock"] button').click()
    expect(page).to_have_url(LOCK_PAGE)


def unlock(page: Page) -> None:
    page.locator("#password").fill(PASSWORD)
    page.locator('form[action="/staff/tablet"] button').click()
    expect(page).to_have_url(re.compile("/clinic/tasks$"))


def test_two_patients_one_after_the_other_leave_no_trace(installation: Installation, tablet: Page) -> None:
    first, second = installation.enrol(), installation.enrol()
    codes = [code_of(installation, card) for card in (first, second)]
    patient = lend(tablet, first)
    expect(tablet.locator(".tablet-strip")).to_contain_text(codes[0])
    patient.start()
    patient.find_item(1)
    patient.option("3").check()
    expect(tablet.get_by_text(RECEIVED)).to_be_visible()
    patient.tap("Suivant")
    patient.answer(2, "4")
    patient.find_item(3)
    held = Phone(installation, tablet, patient, first)
    held.wait_for_stored({1: [3], 2: [4]})
    assert tablet.evaluate(STORED) == NOTHING
    tablet.goto(re.sub(r"\d+$", "review", tablet.url))
    receipt_code = patient.send()
    assert tablet.evaluate(STORED) == NOTHING
    lock(tablet)
    assert [cookie["name"] for cookie in tablet.context.cookies()] == ["staff"]
    assert tablet.evaluate(STORED) == NOTHING
    for _ in range(4):  # the history of the browser holds nothing any more
        tablet.go_back()
        expect(tablet).to_have_url(LOCK_PAGE)
        assert not {codes[0], receipt_code} & set(re.findall(r"[\w-]+", tablet.content()))
    expect(tablet.locator("#password")).to_have_value("")

    unlock(tablet)
    patient = lend(tablet, second)
    expect(tablet.locator(".tablet-strip")).to_contain_text(codes[1])
    patient.start()
    patient.find_item(1)
    assert tablet.locator("input:checked").count() == 0
    assert codes[0] not in tablet.content()
    tablet.go_back()
    tablet.go_back()
    assert codes[0] not in tablet.content()
    tablet.goto("/clinic/")
    expect(tablet).to_have_url(LOCK_PAGE)
    tablet.locator('a[href="/p/tablet"]').click()
    expect(tablet.locator(".tablet-strip")).to_contain_text(codes[1])


def test_every_screen_of_a_loan_is_for_everybody(installation: Installation, tablet: Page) -> None:
    problems: list[str] = []

    def measure(name: str, looks: Sequence[Look] = LOOKS) -> None:
        problems.extend(f"{name}: {one}" for one in list_violations(tablet, looks))

    def measure_patient(name: str) -> None:
        measure(name)
        problems.extend(f"{name}: {one}" for one in list_small_targets(tablet))

    card = installation.enrol()
    tablet.goto(f"/clinic/participants/{card.participant_id}/tablet")
    measure("lending", STAFF_LOOKS)
    patient = lend(tablet, card)
    measure_patient("welcome")
    patient.start()
    patient.find_item(1)
    measure_patient("item")
    tablet.evaluate("document.getElementById('still-here').showModal()")
    measure("asking")
    tablet.goto("/p/tablet/still-here")
    measure_patient("still here")
    tablet.goto("/staff/tablet")
    measure("lent")
    tablet.goto("/p/tablet")
    lock(tablet)
    measure("locked")
    assert not problems, "\n".join(problems)


def test_an_untouched_tablet_asks_then_locks_also_while_there_is_no_network(
    installation: Installation, tablet: Page
) -> None:
    card = installation.enrol()
    tablet.clock.install()
    patient = lend(tablet, card)
    patient.start()
    patient.find_item(1)
    patient.option("2").check()
    held = Phone(installation, tablet, patient, card)
    held.wait_for_stored({1: [2]})
    asking = tablet.locator("#still-here")
    tablet.clock.fast_forward("08:50")
    expect(asking).to_be_hidden()
    tablet.clock.fast_forward("00:15")
    expect(asking).to_be_visible()
    expect(tablet.locator("#still-here-go-on")).to_be_focused()
    tablet.keyboard.press("Enter")
    expect(asking).to_be_hidden()
    tablet.clock.fast_forward("08:50")
    expect(asking).to_be_hidden()
    expect(patient.option("2")).to_be_checked()

    held.lose_network()
    tablet.clock.fast_forward("01:20")
    expect(tablet.locator("#answer-form")).to_have_count(0)  # nothing of the person stays on the screen
    assert code_of(installation, card) not in tablet.locator("body").inner_text()
    held.lose_network(lost=False)
    tablet.clock.fast_forward("00:06")
    expect(tablet).to_have_url(LOCK_PAGE)
    tablet.goto("/p/tablet")
    expect(tablet).to_have_url(LOCK_PAGE)
    assert held.stored() == {1: [2]}


def test_what_an_own_phone_kept_in_this_browser_neither_shows_nor_is_lost(
    installation: Installation,
) -> None:
    with open_phone(installation, 401, 404) as phone:
        page = phone.page
        phone.lose_network()
        phone.patient.option("3").check()
        wait_for(page, f"{QUEUE}.then((held) => held.length === 1)")
        installation.expire_sessions(phone.card.participant_id)
        own_address = page.url
        page.goto("about:blank")
        phone.lose_network(lost=False)
        with installation.database.writing() as session:
            session.execute(delete(Throttle))

        sign_in_staff(page, "nurse", PASSWORD)
        other = installation.enrol()
        patient = lend(page, other)
        stored = page.evaluate(STORED)
        assert (stored["caches"], stored["workers"]) == ([], 0)
        page.goto(own_address)
        expect(page.locator("#answer-form")).to_have_count(0)
        page.goto("/p/tablet")
        patient.start()
        patient.answer(1, "1")
        patient.find_item(2)
        Phone(installation, page, patient, other).wait_for_stored({1: [1]})
        assert len(page.evaluate(QUEUE)) == 1
        page.goto("/p/tablet")
        lock(page)
        page.locator('form[action="/staff/tablet/sign-out"] button').click()
        expect(page).to_have_url(re.compile("/staff/sign-in$"))

        page.goto("/p/pin")
        phone.patient.type_pin()
        phone.wait_for_stored({1: [3]})
