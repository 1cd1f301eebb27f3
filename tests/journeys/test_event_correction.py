"""A date that was recorded wrongly: corrected with a reason after a look at what moves, then taken back."""

from collections.abc import Mapping
from datetime import date, timedelta

import builders
import pytest
from babel.dates import format_date
from journey_desks import Person, ago, at_desk, check_looks, enrol_days_ago, own_nurse
from journey_world import Installation, today
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import func, select

from pro_app.services.events import record_event
from pro_app.storage.tables.events import ParticipantEvent

RANDOMISED, WRONG, RIGHT = 70, 21, 14
"""Days ago."""
EVENT = "Fin du traitement"
VISIT = "Suivi à 3 mois"
WHY = "Date mal lue sur le compte rendu."
WHY_BACK = "La première date était juste."


@pytest.fixture
def person(installation: Installation) -> Person:
    """Enrol somebody whose end of treatment is recorded a week too early."""
    found = enrol_days_ago(installation, RANDOMISED + 3)
    builders.randomise(
        installation.database,
        found.participant_id,
        on=today() - timedelta(days=RANDOMISED),
        arm="LUTATHERA",
        actor=own_nurse(installation),
        now=ago(RANDOMISED),
    )
    with installation.database.writing() as session:
        record_event(
            session,
            participant_id=found.participant_id,
            kind="treatment_ended",
            occurred_on=today() - timedelta(days=WRONG),
            details={},
            actor=own_nurse(installation),
            now=ago(WRONG),
        )
    return found


def test_a_date_is_corrected_after_its_preview_and_taken_back_the_same_way(
    installation: Installation, person: Person
) -> None:
    wrong, right = (today() - timedelta(days=days) for days in (WRONG, RIGHT))
    with at_desk(installation, "nurse", 400) as page:
        page.goto(person.record)
        planned = read_plan(page)
        page.locator(f"a[href^='{person.record}/events/']").filter(has_text=EVENT).click()
        expect(page.get_by_label("Date", exact=True)).to_have_value(wrong.isoformat())
        page.get_by_label("Date", exact=True).fill(right.isoformat())
        page.get_by_role("button", name="Voir ce que cela change").click()
        expect(page.locator("#reason-error")).to_be_visible()
        page.get_by_label("Motif").fill(WHY)
        check_looks(page)
        page.get_by_role("button", name="Voir ce que cela change").click()

        expect(page.get_by_text("Rien n’est encore enregistré")).to_be_visible()
        expected = check_preview(page, planned)
        check_looks(page)
        assert count_entries(installation, person) == 3
        page.get_by_role("button", name="Corriger").click()
        expect(page.locator(".notice-good")).to_contain_text(f"Corrigé : {EVENT}")
        moved = read_plan(page)
        assert moved[VISIT] == expected
        assert moved != planned
        check_trail(page, wrong, right, reason=WHY)

        page.get_by_role("link", name="Annuler cet enregistrement").click()
        assert check_preview(page, moved) == planned[VISIT]
        assert count_entries(installation, person) == 4
        check_looks(page)
        page.get_by_label("Motif").fill(WHY_BACK)
        page.get_by_role("button", name="Corriger").click()
        expect(page.locator(".notice-good")).to_contain_text(f"Corrigé : {EVENT}")
        assert read_plan(page) == planned

        page.get_by_role("link", name="Toute la piste d’audit, avec recherche et téléchargement").click()
        check_trail(page, right, wrong, reason=WHY_BACK)
        check_trail(page, wrong, right, reason=WHY)
        check_looks(page)
    assert count_entries(installation, person) == 5


def read_plan(page: Page) -> Mapping[str, str]:
    """Give the period of each visit as the record shows it."""
    rows = page.get_by_role("region", name="Questionnaires").locator("tbody tr").all()
    return {words(row.locator("th")): words(row.locator("td").nth(1)) for row in rows}


def check_preview(page: Page, planned: Mapping[str, str]) -> str:
    """See that the preview begins with the plan of now, and give what becomes of the visit that moves."""
    calendar = page.get_by_role("region", name="Calendrier avant et après")
    row = calendar.locator("tbody tr").filter(has_text=VISIT)
    before, after = (words(row.locator("td").nth(column)) for column in (1, 2))
    assert before == planned[VISIT]
    assert after != before
    return after


def check_trail(page: Page, before: date, after: date, *, reason: str) -> None:
    """See that one French sentence of the trail says what was corrected, from what to what and why."""
    change = f"{say_day(before)} → {say_day(after)}"
    line = page.locator("ol.trail li").filter(has_text=reason)
    expect(line).to_have_count(1)
    for said in (EVENT, change, "infirmi", "centre 15"):
        expect(line).to_contain_text(said, ignore_case=True)


def say_day(day: date) -> str:
    """Give a day as the pages write it."""
    return format_date(day, format="medium", locale="fr")


def words(found: Locator) -> str:
    """Give the words of an element with plain spaces."""
    return " ".join(found.inner_text().split())


def count_entries(installation: Installation, person: Person) -> int:
    """Count everything that was recorded about the participant's events, corrections included."""
    own = ParticipantEvent.participant_id == person.participant_id
    with installation.database.reading() as session:
        return session.scalars(select(func.count()).select_from(ParticipantEvent).where(own)).one()
