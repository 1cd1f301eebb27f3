"""An answer is corrected by the investigator on the patient's request, and by nobody else."""

from dataclasses import dataclass

import pytest
from journey_desks import (
    add_site,
    add_staff,
    at_desk,
    check_looks,
    enrol_days_ago,
    read_token,
    send_form_days_ago,
)
from journey_world import Installation, today
from playwright.sync_api import Page, expect
from sqlalchemy import select

from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.responses import Response

ITEM = 5
INVESTIGATOR = "investigator-of-corrections"
OUTSIDERS = (
    "investigator-of-76",
    "nurse-of-76",
    "coordinator-of-corrections",
    "monitor-of-corrections",
    "inspector-of-corrections",
    "statistician",
)
"""Everybody of the trial but the nurse and the investigator of the site."""


@dataclass(frozen=True)
class SentForm:
    """A participant with a questionnaire that was sent today, every answer a 2."""

    participant_id: int
    assessment_id: int


@pytest.fixture(scope="module")
def sent(installation: Installation) -> SentForm:
    """Send a questionnaire, and let everybody else of the trial have an account."""
    other_id = add_site(installation, "76")
    add_staff(installation, "investigator", INVESTIGATOR, site_id=installation.site_id)
    add_staff(installation, "inspector", "inspector-of-corrections", days=2)
    for role in ("coordinator", "monitor"):
        add_staff(installation, role, f"{role}-of-corrections")
    for role in ("investigator", "nurse"):
        add_staff(installation, role, f"{role}-of-76", site_id=other_id)
    person = enrol_days_ago(installation)
    return SentForm(person.participant_id, send_form_days_ago(installation, person))


def list_versions(installation: Installation, sent: SentForm) -> list[int | None]:
    """Give what each version of the answers says of the item."""
    with installation.database.reading() as session:
        statement = select(Answer.value).join(Response, Response.id == Answer.response_id)
        own = statement.where(Response.assessment_id == sent.assessment_id, Answer.item_number == ITEM)
        return list(session.scalars(own.order_by(Response.version)))


def ask(page: Page, sent: SentForm) -> str:
    """Ask for the correction from the patient's record; gives the address of the request."""
    page.goto(f"/clinic/participants/{sent.participant_id}")
    page.locator(f'a[href^="/clinic/visits/{sent.assessment_id}/correction"]').click()
    page.locator('input[name="asked_on"]').fill(today().isoformat())
    page.locator('select[name="evidence"]').select_option("letter")
    page.locator('input[name="evidence_ref"]').fill("Classeur source, onglet 4")
    page.locator('textarea[name="request"]').fill("La mauvaise ligne a été cochée.")
    page.locator("#items summary").first.click()
    page.locator(f'select[name="item:qlq-c30:{ITEM}"]').select_option("4")
    check_looks(page)
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url("**/clinic/clarifications/*")
    return page.url


def check_refused(page: Page, address: str, sent: SentForm, *, sees_request: bool) -> None:
    """See that somebody can neither decide nor read answers, nor, of another site, ask or look."""
    said = {"csrf_token": read_token(page), "decision": "accepted", "reason": "Moi aussi"}
    assert page.request.post(f"{address}/decision", form=said).status == 404
    answers = f"/clinic/participants/{sent.participant_id}/answers"
    assert page.request.get(answers).status == 404
    assert page.request.post(answers, form=said).status == 404
    seen = page.goto(address)
    assert seen is not None
    assert seen.status == (200 if sees_request else 404)
    asking = page.request.get(f"/clinic/visits/{sent.assessment_id}/correction")
    assert asking.status == (200 if sees_request else 404)
    assert page.locator('input[name="decision"], td[data-head="Indique aujourd’hui"]').count() == 0
    if not sees_request:
        expect(page.get_by_role("main")).not_to_contain_text("Classeur source")
        assert page.request.post(f"{address}/withdrawal", form=said).status == 404


def test_an_answer_is_corrected_by_the_investigator_and_by_nobody_else(
    installation: Installation, sent: SentForm
) -> None:
    with at_desk(installation, "nurse") as page:
        address = ask(page, sent)
        expect(page.locator('input[name="decision"]')).to_have_count(0)

    for username in ("nurse", *OUTSIDERS):
        with at_desk(installation, username, 404) as page:
            check_refused(page, address, sent, sees_request=username == "nurse")
    assert list_versions(installation, sent) == [2]

    with at_desk(installation, INVESTIGATOR) as page:
        page.goto("/clinic/tasks")
        page.locator(f'a[href="{address.removeprefix(installation.url)}"]').first.click()
        expect(page.locator("td[data-head]").first).to_contain_text("2")
        check_looks(page)
        page.locator('input[name="decision"][value="accepted"]').check()
        page.locator('textarea[name="reason"]').fill("Lettre datée et signée.")
        page.locator("form[action$='/decision'] button").click()
        expect(page.locator(".notice-good").first).to_be_visible()
    assert list_versions(installation, sent) == [2, 4]


def test_the_investigator_reads_the_answers_with_a_reason_and_says_what_was_done(
    installation: Installation, sent: SentForm
) -> None:
    with at_desk(installation, INVESTIGATOR) as page:
        page.goto(f"/clinic/participants/{sent.participant_id}")
        page.locator(f'a[href="/clinic/participants/{sent.participant_id}/answers"]').click()
        expect(page.locator("main details")).to_have_count(0)
        page.locator('textarea[name="reason"]').fill("Douleurs dites au téléphone")
        page.locator("main form button[type=submit]").click()
        expect(page.locator("main details").first).to_be_visible()
        check_looks(page)
        page.locator('main a[href^="/clinic/readings/"]').click()
        page.locator('input[name="follow_up"][value="called"]').check()
        check_looks(page)
        page.locator("main form button[type=submit]").click()
        page.wait_for_url(f"**/clinic/participants/{sent.participant_id}")
