"""An invitation on paper, from the desk that makes it to the first page of whoever was invited."""

import builders
from accessibility import STAFF_LOOKS, list_violations
from builders import PASSWORD
from journey_people import sign_in_staff
from journey_world import DESK, Installation
from playwright.sync_api import Page, expect

from pro_app.clock import system_clock

OWN = "trois tortues vertes et lentes"


def test_an_invited_nurse_scans_the_sheet_and_chooses_a_password(installation: Installation) -> None:
    assert installation.nurse is not None
    builders.build_staff(
        installation.database,
        "administrator",
        study_id=installation.nurse.study_id or 0,
        username="inviting",
        now=system_clock(),
    )
    with installation.open_window(viewport=DESK, reduced_motion="reduce") as desk:
        sign_in_staff(desk, "inviting", PASSWORD)
        desk.goto("/admin/accounts/new")
        desk.locator("[name=display_name]").fill("Nadia Nguyen")
        desk.locator("[name=username]").fill("nadia.nguyen")
        desk.locator("[name=role][value=nurse]").check()
        desk.locator("[name=site]").select_option(index=1)
        desk.locator("main form [type=submit]").click()
        _look(desk)
        code = desk.locator("code.second-factor-key").nth(1).inner_text()

    with installation.open_window(viewport=DESK, reduced_motion="reduce") as page:
        page.goto("/staff/invitation")
        _look(page)
        page.goto(f"/staff/invitation#{code.replace('-', '')}")
        expect(page.locator("#scanned")).to_be_visible()
        assert "#" not in page.url
        page.locator("main form [type=submit]").click()
        expect(page.get_by_text("nadia.nguyen")).to_be_visible()
        _look(page)
        page.locator("[name=password]").fill(OWN)
        page.locator("[name=repeated]").fill(OWN)
        page.locator("main form [type=submit]").click()
        page.wait_for_url("**/clinic/tasks")

    with installation.open_window(
        viewport=DESK, watch=installation.watch(403), reduced_motion="reduce"
    ) as late:
        late.goto("/staff/invitation")
        late.locator("[name=code]").fill(code)
        late.locator("main form [type=submit]").click()
        expect(late.locator(".notice").first).to_be_visible()
        _look(late)


def _look(page: Page) -> None:
    wrong = list(list_violations(page, STAFF_LOOKS))
    page.set_viewport_size(DESK)
    assert not wrong, "\n".join(wrong)
