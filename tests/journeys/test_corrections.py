"""An answer is corrected by the investigator on the patient's request, and by nobody else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import builders
import pytest
from accessibility import STAFF_LOOKS, list_violations
from journey_people import sign_in_staff
from journey_world import DESK, Installation, today
from playwright.sync_api import Page, expect
from sqlalchemy import select

from pro_app.clock import system_clock
from pro_app.services.answers import Operation, save_operations
from pro_app.services.submission import submit_assessment
from pro_app.storage.queries.participants import find_site
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.responses import Response

ITEM = 5
OTHERS = ("nurse", "coordinator", "monitor", "statistician")


@dataclass(frozen=True)
class SentForm:
    """A participant with a questionnaire that was sent today, every answer a 2."""

    participant_id: int
    assessment_id: int


@pytest.fixture(scope="module")
def sent(installation: Installation) -> SentForm:
    """Send a questionnaire, and let everybody else of the trial have an account."""
    now = system_clock()
    with installation.database.reading() as session:
        site = find_site(session, installation.site_id)
        assert site is not None
        study_id = site.study_id
    for role, site_id in (("investigator", installation.site_id), ("coordinator", None), ("monitor", None)):
        builders.build_staff(
            installation.database,
            role,
            study_id=study_id,
            site_id=site_id,
            username=f"{role}-of-corrections",
            now=now,
        )
    card = installation.enrol()
    assessment_id = builders.find_assessment(installation.database, card.participant_id)
    person = builders.participant_actor(installation.database, card.participant_id)
    taps = [Operation(f"{assessment_id}-{item}", "qlq-c30", item, "answered", 2) for item in range(1, 31)]
    with installation.database.writing() as session:
        save_operations(session, assessment_id=assessment_id, operations=taps, actor=person, now=now)
        submit_assessment(session, assessment_id=assessment_id, respondent="self", actor=person, now=now)
    return SentForm(card.participant_id, assessment_id)


@contextmanager
def signed_in(installation: Installation, username: str, *allowed: int) -> Iterator[Page]:
    """Sign somebody in at a desk; `allowed` are the refusals that the journey wants to see."""
    watch = installation.watch(*allowed)
    with installation.open_window(viewport=DESK, watch=watch, reduced_motion="reduce") as page:
        sign_in_staff(page, username, builders.PASSWORD)
        yield page


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
    assert not [*list_violations(page, STAFF_LOOKS)]
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url("**/clinic/clarifications/*")
    return page.url


def test_an_answer_is_corrected_by_the_investigator_and_by_nobody_else(
    installation: Installation, sent: SentForm
) -> None:
    with signed_in(installation, "nurse") as page:
        address = ask(page, sent)
        expect(page.locator('input[name="decision"]')).to_have_count(0)

    for username in OTHERS:
        known = username if username in {"nurse", "statistician"} else f"{username}-of-corrections"
        with signed_in(installation, known, 404) as page:
            token = page.locator('input[name="csrf_token"]').first.get_attribute("value") or ""
            refused = page.request.post(
                f"{address}/decision",
                form={"csrf_token": token, "decision": "accepted", "reason": "Moi aussi"},
            )
            assert refused.status == 404
            seen = page.goto(address)
            assert seen is not None
            assert seen.status == (200 if username == "nurse" else 404)
    assert list_versions(installation, sent) == [2]

    with signed_in(installation, "investigator-of-corrections") as page:
        page.goto("/clinic/tasks")
        page.locator(f'a[href="{address.removeprefix(installation.url)}"]').first.click()
        expect(page.locator("td[data-head]").first).to_contain_text("2")
        assert not [*list_violations(page, STAFF_LOOKS)]
        page.locator('input[name="decision"][value="accepted"]').check()
        page.locator('textarea[name="reason"]').fill("Lettre datée et signée.")
        page.locator("form[action$='/decision'] button").click()
        expect(page.locator(".notice-good").first).to_be_visible()
    assert list_versions(installation, sent) == [2, 4]


def test_the_investigator_reads_the_answers_with_a_reason_and_says_what_was_done(
    installation: Installation, sent: SentForm
) -> None:
    with signed_in(installation, "investigator-of-corrections") as page:
        page.goto(f"/clinic/participants/{sent.participant_id}")
        page.locator(f'a[href="/clinic/participants/{sent.participant_id}/answers"]').click()
        expect(page.locator("main details")).to_have_count(0)
        page.locator('textarea[name="reason"]').fill("Douleurs dites au téléphone")
        page.locator("main form button[type=submit]").click()
        expect(page.locator("main details").first).to_be_visible()
        assert not [*list_violations(page, STAFF_LOOKS)]
        page.locator('main a[href^="/clinic/readings/"]').click()
        page.locator('input[name="follow_up"][value="called"]').check()
        assert not [*list_violations(page, STAFF_LOOKS)]
        page.locator("main form button[type=submit]").click()
        page.wait_for_url(f"**/clinic/participants/{sent.participant_id}")
