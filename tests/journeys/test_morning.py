"""A nurse's morning: three people to call, three outcomes, and the list is empty."""

import re
from datetime import date, timedelta

import builders
import pytest
from accessibility import STAFF_LOOKS, list_violations
from builders import PASSWORD, ZONE
from journey_people import sign_in_staff
from journey_world import DESK, Installation
from playwright.sync_api import Page, expect
from sqlalchemy import delete, select

from pro_app.clock import civil_date, system_clock
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.read_log import RecordRead
from pro_app.storage.tables.site_tasks import SiteTaskRecord
from pro_app.storage.tables.throttles import Throttle

CONSENTED_DAYS_AGO = 6
TELEPHONE = "06 12 34 56 78"


@pytest.fixture
def codes(installation: Installation) -> list[str]:
    """Enrol three people who consented days ago and have not begun, so that they are to be called."""
    with installation.database.writing() as session:
        session.execute(delete(Throttle))
    now = system_clock() - timedelta(days=CONSENTED_DAYS_AGO)
    assert installation.nurse is not None
    found = [f"15-{today().strftime('%j')}{number}" for number in (1, 2, 3)]
    for code in found:
        builders.enrol(
            installation.database,
            installation.vault,
            site_id=installation.site_id,
            actor=installation.nurse,
            now=now,
            participant_code=code,
            telephone=TELEPHONE,
        )
    return found


def today() -> date:
    return civil_date(system_clock(), ZONE)


def test_three_calls_three_outcomes_and_the_list_is_empty(
    installation: Installation, codes: list[str]
) -> None:
    first, second, third = codes
    watch = installation.watch(400)
    with installation.open_window(viewport=DESK, reduced_motion="reduce", watch=watch) as page:
        sign_in_staff(page, "nurse", PASSWORD)
        expect(page).to_have_url(re.compile("/clinic/tasks$"))
        rows = page.locator("main tbody tr")
        others = rows.count() - len(codes)
        look(page)

        page.locator("main tbody tr", has_text=first).locator('button[value="reached"]').click()
        expect(rows).to_have_count(others + 2)
        expect(page.locator("main tbody tr", has_text=first)).to_have_count(0)

        page.locator("main tbody tr", has_text=second).locator("a.button-quiet").click()
        expect(page.get_by_text(TELEPHONE)).to_have_count(0)
        page.locator('main a[href*="/telephone"]').click()
        expect(page.get_by_role("link", name=TELEPHONE)).to_be_visible()
        look(page)
        page.locator('input[value="not_reached"]').check()
        again_on = today() + timedelta(days=3)
        page.locator("#again_on").fill(again_on.isoformat())
        page.locator("main form .form-actions button").click()
        expect(rows).to_have_count(others + 1)

        page.locator("main tbody tr", has_text=third).locator("a.button-quiet").click()
        page.locator('input[value="not_this_time"]').check()
        page.locator("#reason").select_option("TOO_ILL")
        page.locator("main form .form-actions button").click()
        expect(page.locator("#said_by-error")).to_be_visible()
        page.locator("#said_by").select_option("patient")
        page.locator("main form .form-actions button").click()
        expect(rows).to_have_count(others)
        for address in ("/clinic/tasks/ranking", "/clinic/tasks/call-sheet"):
            page.goto(address)
            look(page)
    assert list_kept(installation)[-3:] == [
        ("reached", None, None),
        ("not_reached", again_on, None),
        ("not_this_time", None, "TOO_ILL"),
    ]
    with installation.database.reading() as session:
        own = Participant.participant_code.in_(codes)
        looks = select(Participant.participant_code).join(
            RecordRead, RecordRead.participant_id == Participant.id
        )
        assert session.scalars(looks.where(own, RecordRead.what == "telephone")).all() == [second]


def list_kept(installation: Installation) -> list[tuple[str, date | None, str | None]]:
    with installation.database.reading() as session:
        rows = session.scalars(select(SiteTaskRecord).order_by(SiteTaskRecord.id))
        return [(row.outcome, row.again_on, row.reason_code) for row in rows]


def look(page: Page) -> None:
    """Fail on what axe finds on a page, in the looks in which the staff see it."""
    assert list(list_violations(page, STAFF_LOOKS)) == []
