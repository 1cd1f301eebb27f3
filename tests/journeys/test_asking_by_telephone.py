"""A call that is answered at once: the nurse asks, writes down and sends; the browser keeps nothing of it."""

import re
from collections.abc import Sequence
from datetime import date, timedelta

import builders
import pytest
from accessibility import STAFF_LOOKS, Look, list_violations
from builders import PASSWORD
from journey_people import sign_in_staff
from journey_world import DESK, Installation, today
from playwright.sync_api import Page, expect
from sqlalchemy import delete, select

from pro_app.clock import system_clock
from pro_app.services.answers import Operation, save_operations
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.responses import Response
from pro_app.storage.tables.throttles import Throttle

LOOKS = (Look(1280, 800), Look(820, 1180))
STORED = """async () => ({
  local: Object.keys(localStorage),
  session: Object.keys(sessionStorage),
  databases: (await indexedDB.databases()).map(({ name }) => name),
  caches: await caches.keys(),
  workers: (await navigator.serviceWorker.getRegistrations()).length,
})"""
NOTHING = {"local": [], "session": [], "databases": [], "caches": [], "workers": 0}
FOCUS = "document.activeElement.id || document.activeElement.type"


@pytest.fixture
def person(installation: Installation) -> tuple[int, str]:
    """Give somebody to call who has answered the first question alone: key and inclusion number."""
    with installation.database.writing() as session:
        session.execute(delete(Throttle))
    now = system_clock() - timedelta(days=6)
    assert installation.nurse is not None
    code = f"15-{today().strftime('%j')}7"
    person_id = builders.enrol(
        installation.database,
        installation.vault,
        site_id=installation.site_id,
        actor=installation.nurse,
        now=now,
        participant_code=code,
        telephone="06 12 34 56 78",
    )
    assessment_id = builders.find_assessment(installation.database, person_id)
    with installation.database.writing() as session:
        save_operations(
            session,
            assessment_id=assessment_id,
            operations=[Operation("given-alone", "qlq-c30", 1, "answered", 4)],
            actor=builders.participant_actor(installation.database, person_id),
            now=now,
        )
    return person_id, code


def test_a_call_is_answered_at_once_and_leaves_the_list(
    installation: Installation, person: tuple[int, str]
) -> None:
    person_id, code = person
    with installation.open_window(viewport=DESK, reduced_motion="reduce") as page:
        sign_in_staff(page, "nurse", PASSWORD)
        row = page.locator("main tbody tr", has_text=code)
        row.locator(f'a[href*="/participants/{person_id}/interview"]').click()
        look(page, STAFF_LOOKS)
        page.locator("main form .form-actions button").click()
        expect(page).to_have_url(re.compile(r"/p/q/\d+/\d+$"))
        look(page)
        expect(page.locator("h1.question")).to_contain_text("2.")  # the first one was answered alone
        for value in (1, 2, 3):
            page.locator(f'input[name="answer"][value="{value}"]').check(force=True)
            page.locator('button[name="go"][value="next"]').click()
        address = page.url.rsplit("/", 1)[0]
        page.goto(f"{address}/2")
        expect(page.locator('input[type="radio"]')).to_have_count(0)
        look(page)
        page.goto(f"{address}/review")
        look(page)
        page.locator(".tablet-strip a").click()
        look(page)
        page.goto(f"{address}/send")
        page.locator('input[value="self"]').check(force=True)
        page.locator('button[name="go"][value="next"]').click()
        expect(page.locator(".receipt-code")).to_be_visible()
        look(page)
        assert page.evaluate(STORED) == NOTHING
        page.locator('main form[action="/p/tablet/lock"] button').click()
        expect(page).to_have_url(re.compile("/clinic/tasks$"))
        expect(row).to_have_count(0)
        page.goto(address)
        expect(page).to_have_url(re.compile("/p/interview-over$"))
        look(page)
    assert modes(installation, person_id) == ({"own_device", "interview"}, "interview")


def modes(installation: Installation, person_id: int) -> tuple[set[str], str | None]:
    """Give the modes of the answers that stand, and that of the form."""
    with installation.database.reading() as session:
        form = session.scalars(
            select(Assessment).where(
                Assessment.participant_id == person_id, Assessment.submitted_at.is_not(None)
            )
        ).one()
        standing = (
            select(Answer.mode)
            .join(Response, Response.id == Answer.response_id)
            .where(Response.assessment_id == form.id, Answer.superseded_at.is_(None))
        )
        return set(session.scalars(standing)), form.submitted_mode


def test_one_phone_is_shut_out_from_the_record(installation: Installation) -> None:
    with installation.database.writing() as session:
        session.execute(delete(Throttle))
    card = installation.enrol()
    builders.build_device(
        installation.database, card, secret_key=installation.settings.secret_key, now=system_clock()
    )
    with installation.open_window(viewport=DESK, reduced_motion="reduce") as page:
        sign_in_staff(page, "nurse", PASSWORD)
        page.goto(f"/clinic/participants/{card.participant_id}")
        page.locator('a[href$="/phones"]').click()
        look(page, STAFF_LOOKS)
        page.locator('main tbody a[href*="/phones/"]').click()
        look(page, STAFF_LOOKS)
        page.locator("form.confirm-panel button").click()
        expect(page.locator(".empty-state")).to_be_visible()


def test_somebody_is_enrolled_by_the_keyboard_alone_with_what_is_wrong_said_at_once(
    installation: Installation,
) -> None:
    with installation.database.writing() as session:
        session.execute(delete(Throttle))
    code = f"15-{today().strftime('%j')}8"
    with installation.open_window(viewport=DESK, reduced_motion="reduce") as page:
        sign_in_staff(page, "nurse", PASSWORD)
        page.goto("/clinic/participants/new")
        assert page.evaluate(FOCUS) == "participant_code"
        keys = page.keyboard
        keys.type("15*1")
        expect(page.locator("#participant_code-live .field-error")).to_be_visible()
        expect(page.locator("#participant_code")).to_have_attribute("aria-invalid", "true")
        look(page, STAFF_LOOKS)
        keys.press("Control+a")
        keys.type(code)
        expect(page.locator("#participant_code-live .field-hint")).to_be_visible()
        expect(page.locator("#participant_code-live .field-error")).to_have_count(0)
        keys.press("Tab")
        consented_on = find_plain_day()
        keys.type(consented_on.strftime("%d%m%Y"))
        expect(page.locator("#consented_on")).to_have_value(consented_on.isoformat())
        come_to(page, "notice_version")
        keys.press("Control+a")
        keys.type("1.0")
        come_to(page, "email")
        keys.type(f"{code}@example.org")
        assert [press_tab(page) for _ in range(4)] == ["telephone", "language", "reminder_hour", "zone"]
        come_to(page, "submit")
        keys.press("Enter")
        expect(page).to_have_url(re.compile("/first-steps$"))


def find_plain_day() -> date:
    """Find the last day that is the same in whatever order a browser takes the parts of a date."""
    days = (date(year, month, month) for year in (today().year - 1, today().year) for month in range(1, 13))
    return max(day for day in days if day <= today())


def press_tab(page: Page) -> str:
    """Press the tabulator and say what has the focus."""
    page.keyboard.press("Tab")
    return str(page.evaluate(FOCUS))


def come_to(page: Page, name: str) -> None:
    """Press the tabulator until a control has the focus; one of a date has several stops."""
    for _ in range(5):
        if press_tab(page) == name:
            return
    raise AssertionError(f"{name} is not among the next controls")


def look(page: Page, looks: Sequence[Look] = LOOKS) -> None:
    """Fail on what axe finds on a page."""
    assert list(list_violations(page, looks)) == []
