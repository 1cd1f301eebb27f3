"""The lists of the staff by keyboard, and sorted without the page being loaded again."""

import re
from datetime import timedelta
from itertools import count

import builders
import pytest
from accessibility import STAFF_LOOKS, list_violations
from builders import PASSWORD
from journey_people import sign_in_staff
from journey_world import DESK, Installation
from playwright.sync_api import Page, expect
from sqlalchemy import delete

from pro_app.clock import system_clock
from pro_app.storage.tables.throttles import Throttle

_numbers = count(101)
OWN = "/clinic/?q=99-"
"""The list of those whom this file enrols: the site has more people than a page."""


@pytest.fixture
def codes(installation: Installation) -> list[str]:
    """Enrol three people at the nurse's site."""
    with installation.database.writing() as session:
        session.execute(delete(Throttle))
    assert installation.nurse is not None
    found = [f"99-{next(_numbers)}" for _ in range(3)]
    for code in found:
        builders.enrol(
            installation.database,
            installation.vault,
            site_id=installation.site_id,
            actor=installation.nurse,
            now=system_clock() - timedelta(days=3),
            participant_code=code,
        )
    return sorted(found)


def listed(page: Page) -> list[str]:
    return page.locator("main .row-link").all_inner_texts()


def mark(page: Page) -> None:
    """Leave a mark that is gone as soon as the page is loaded anew."""
    page.evaluate("() => { window.stillThere = true }")


def is_same_page(page: Page) -> bool:
    return bool(page.evaluate("() => window.stillThere === true"))


def test_the_list_is_sorted_and_filtered_in_place_and_the_way_back_leads_back(
    installation: Installation, codes: list[str]
) -> None:
    with installation.open_window(viewport=DESK, reduced_motion="reduce") as page:
        sign_in_staff(page, "nurse", PASSWORD)
        page.goto(OWN)
        before = listed(page)
        assert set(codes) <= set(before)
        mark(page)
        head = page.get_by_role("columnheader").first
        head.get_by_role("link").click()
        expect(head).to_have_attribute("aria-sort", "descending")
        assert listed(page) == before[::-1]
        expect(page.locator("#list-said")).not_to_be_empty()
        assert page.evaluate("() => document.activeElement.className") == "sort-link"

        page.locator("main input[type=search]").fill(codes[1])
        page.locator("main .filter-bar button").click()
        expect(page).to_have_url(re.compile(rf"q={codes[1]}"))
        assert listed(page) == [codes[1]]
        page.go_back()
        expect(page.locator("main .row-link")).to_have_count(len(before))
        assert is_same_page(page)
        assert list(list_violations(page, STAFF_LOOKS)) == []


def test_keys_lead_through_the_list_and_can_be_switched_off(
    installation: Installation, codes: list[str]
) -> None:
    with installation.open_window(viewport=DESK, reduced_motion="reduce") as page:
        sign_in_staff(page, "nurse", PASSWORD)
        page.goto(OWN)
        everyone = listed(page)
        assert set(codes) <= set(everyone)
        focused = page.locator("main .row-link:focus")
        for key, place in (("j", 0), ("j", 1), ("ArrowDown", 2), ("k", 1), ("ArrowUp", 0), ("k", 0)):
            page.keyboard.press(key)
            expect(focused).to_have_text(everyone[place])
        page.keyboard.press("/")
        search = page.locator("main input[type=search]")
        expect(search).to_be_focused()
        page.keyboard.type("j/?")
        expect(search).to_have_value("j/?")
        search.blur()

        page.keyboard.press("?")
        window = page.get_by_role("dialog")
        expect(window).to_be_visible()
        assert list(list_violations(page, STAFF_LOOKS)) == []
        window.get_by_role("checkbox").uncheck()
        page.keyboard.press("Escape")
        for key in ("j", "?", "/"):
            page.keyboard.press(key)
        expect(focused).to_have_count(0)
        expect(window).to_be_hidden()
        page.reload()
        page.keyboard.press("j")
        expect(focused).to_have_count(0)
        page.locator("#keys-open").click()
        window.get_by_role("checkbox").check()
        page.keyboard.press("Escape")
        page.locator("h1").click()
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"/clinic/participants/\d+$"))


def test_a_whole_table_is_sorted_where_it_stands_and_says_so(
    installation: Installation, codes: list[str]
) -> None:
    with installation.open_window(viewport=DESK, reduced_motion="reduce") as page:
        sign_in_staff(page, "nurse", PASSWORD)
        page.goto(f"/clinic/?q={codes[0]}")
        page.locator("main .row-link").click()
        table = page.locator("table[data-sortable]").first
        head = table.locator("thead th").nth(2)
        names = table.locator("tbody th")
        before = names.all_inner_texts()
        head.get_by_role("button").click()
        expect(head).to_have_attribute("aria-sort", "ascending")
        head.get_by_role("button").click()
        expect(head).to_have_attribute("aria-sort", "descending")
        assert names.all_inner_texts() == before[::-1]
        expect(page.locator("#list-said")).not_to_be_empty()


def test_trail_history_and_help_are_open_to_everybody_s_eyes_and_readers(
    installation: Installation, codes: list[str]
) -> None:
    with installation.open_window(viewport=DESK, reduced_motion="reduce") as page:
        sign_in_staff(page, "nurse", PASSWORD)
        page.goto(f"/clinic/?q={codes[0]}")
        page.locator("main .row-link").click()
        record = page.url
        for below in ("", "/trail", "/history", "/history?show=form"):
            page.goto(f"{record}{below}")
            assert list(list_violations(page, STAFF_LOOKS)) == []
        page.goto(record)
        with page.context.expect_page() as opened:
            page.locator('.staff-bar a[href*="/staff/help/"]').click()
        opened.value.wait_for_load_state()
        expect(opened.value).to_have_url(re.compile("/staff/help/record$"))
        assert list(list_violations(opened.value, STAFF_LOOKS)) == []
