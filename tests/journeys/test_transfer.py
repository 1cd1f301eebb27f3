"""A patient goes from one site to another, asked at one desk, accepted at the other; a notice is signed."""

from dataclasses import dataclass

import pytest
from journey_desks import add_site, add_staff, at_desk, check_looks, enrol_days_ago
from journey_world import Installation, today
from playwright.sync_api import expect

RECEIVER = "nurse-of-arrivals"
WHY = "La patiente déménage à Rennes."


@dataclass(frozen=True)
class Arrival:
    """A patient of the first site, and the second one."""

    participant_id: int
    participant_code: str
    other_site_id: int


@pytest.fixture(scope="module")
def arrival(installation: Installation) -> Arrival:
    """Add a second site with a nurse, and somebody who moves there."""
    other_id = add_site(installation, "77")
    add_staff(installation, "nurse", RECEIVER, site_id=other_id)
    person = enrol_days_ago(installation)
    return Arrival(person.participant_id, person.code, other_id)


def test_a_patient_is_asked_for_at_one_desk_and_taken_over_at_the_other(
    installation: Installation, arrival: Arrival
) -> None:
    record = f"/clinic/participants/{arrival.participant_id}"
    with at_desk(installation, "nurse") as page:
        page.goto(record)
        page.locator(f"a[href='{record}/transfer']").click()
        page.locator("#to_site_id").select_option(str(arrival.other_site_id))
        page.locator("#moves_on").fill(today().isoformat())
        page.locator("#reason").fill(WHY)
        check_looks(page)
        page.locator("main form[method=post] [type=submit]").first.click()
        expect(page.locator("main")).to_contain_text(WHY)
        request = page.url
        page.goto("/clinic/transfers")
        expect(page.locator("main")).to_contain_text(arrival.participant_code)
        check_looks(page)

    with at_desk(installation, RECEIVER, 404) as page:
        refused = page.goto(record)
        assert refused is not None
        assert refused.status == 404
        page.goto("/clinic/tasks")
        page.get_by_role("link", name=arrival.participant_code).click()
        expect(page).to_have_url(request)
        expect(page.locator("main")).to_contain_text(WHY)
        check_looks(page)
        page.locator("form[action$='/acceptance'] [type=submit]").click()
        expect(page).to_have_url(f"{installation.url}{record}")
        page.goto("/clinic/tasks")
        expect(page.get_by_role("link", name=arrival.participant_code)).to_have_count(0)

    with at_desk(installation, "nurse", 404) as page:
        gone = page.goto(record)
        assert gone is not None
        assert gone.status == 404
        page.goto(request)
        expect(page.locator("main")).to_contain_text(arrival.participant_code)
        assert page.locator(f"main a[href='{record}']").count() == 0


def test_a_notice_is_recorded_and_the_entry_corrected(installation: Installation) -> None:
    record = f"/clinic/participants/{installation.enrol().participant_id}"
    with at_desk(installation, "nurse") as page:
        page.goto(record)
        page.locator(f"a[href='{record}/consent']").click()
        page.locator("input[name=kind][value=notice_signed]").check()
        page.locator("#occurred_on").fill(today().isoformat())
        page.locator("#notice_version").fill("3.0")
        check_looks(page)
        page.locator("main form[method=post] [type=submit]").first.click()
        expect(page.locator("main table")).to_contain_text("3.0")
        page.locator(f"main table a[href^='{record}/consent/']").click()
        expect(page.locator("#notice_version")).to_have_value("3.0")
        page.locator("#notice_version").fill("3.1")
        page.locator("#reason").fill("Version mal lue.")
        check_looks(page)
        page.locator("main form[method=post] [type=submit]").first.click()
        expect(page.locator("main table")).to_contain_text("3.1")
        expect(page.locator("main table")).to_contain_text("Version mal lue.")
        check_looks(page)
