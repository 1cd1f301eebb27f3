"""Desks of the journeys: members of staff beside the usual nurse, signed in, with mouse or keyboard."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import builders
import pytest
from accessibility import STAFF_LOOKS, list_violations
from clinic_world import noon
from journey_people import sign_in_staff
from journey_world import DESK, Installation, today
from playwright.sync_api import Page
from sqlalchemy import delete

from pro_app.audit.actor import Actor
from pro_app.clock import system_clock
from pro_app.services.answers import Operation, save_operations
from pro_app.services.submission import submit_assessment
from pro_app.storage.queries.participants import find_participant
from pro_app.storage.tables.throttles import Throttle

MOST_TABS = 40
QUESTIONS_OF_C30 = 30


@dataclass(frozen=True)
class Person:
    """A participant of a journey, as the pages name it."""

    participant_id: int
    code: str

    @property
    def record(self) -> str:
        """The address of the record."""
        return f"/clinic/participants/{self.participant_id}"


@contextmanager
def at_desk(installation: Installation, username: str, *allowed: int) -> Iterator[Page]:
    """Sign somebody in at a desk; `allowed` are the refusals that the journey wants to see."""
    with installation.database.writing() as session:
        session.execute(delete(Throttle))
    watch = installation.watch(*allowed)
    with installation.open_window(viewport=DESK, watch=watch, reduced_motion="reduce") as page:
        sign_in_staff(page, username, builders.PASSWORD)
        yield page


def check_looks(page: Page) -> None:
    """See that what is on the screen can be used by everybody."""
    assert [*list_violations(page, STAFF_LOOKS)] == []


def own_nurse(installation: Installation) -> Actor:
    """Give the usual nurse as an actor."""
    assert installation.nurse is not None
    return installation.nurse


def add_staff(
    installation: Installation, role: str, username: str, *, site_id: int | None = None, days: int = 0
) -> Actor:
    """Give somebody an account under a role, for one site or for all; with `days` until a last day."""
    now = system_clock()
    return builders.build_staff(
        installation.database,
        role,
        study_id=own_nurse(installation).study_id or 0,
        site_id=site_id,
        username=username,
        ends_at=now + timedelta(days=days) if days else None,
        now=now,
    )


def add_site(installation: Installation, site_code: str) -> int:
    """Add another site to the trial; gives its key."""
    study_id = own_nurse(installation).study_id or 0
    return builders.build_site(
        installation.database, study_id=study_id, site_code=site_code, now=system_clock()
    )


def ago(days: int) -> datetime:
    """Give midday so many days ago, or now: whole days back from an hour of now may be another civil date."""
    return noon(today() - timedelta(days=days)) if days else system_clock()


def enrol_days_ago(
    installation: Installation,
    days: int = 0,
    *,
    by: Actor | None = None,
    site_id: int | None = None,
    **changes: object,
) -> Person:
    """Enrol somebody who consented some days ago, at the usual site or at another one (`by` its nurse)."""
    participant_id = builders.enrol(
        installation.database,
        installation.vault,
        site_id=site_id or installation.site_id,
        actor=by or own_nurse(installation),
        now=ago(days),
        **changes,
    )
    with installation.database.reading() as session:
        person = find_participant(session, participant_id)
        assert person is not None
        return Person(participant_id, person.participant_code)


def send_form_days_ago(
    installation: Installation, person: Person, visit_code: str = "BASELINE", *, days: int = 0
) -> int:
    """Let somebody answer the first instrument of a visit with 2 throughout, and send; gives the form."""
    now = ago(days)
    key = builders.find_assessment(installation.database, person.participant_id, visit_code)
    actor = builders.participant_actor(installation.database, person.participant_id)
    taps = [
        Operation(f"{key}-{item}", "qlq-c30", item, "answered", 2) for item in range(1, QUESTIONS_OF_C30 + 1)
    ]
    with installation.database.writing() as session:
        save_operations(session, assessment_id=key, operations=taps, actor=actor, now=now)
        submit_assessment(session, assessment_id=key, respondent="self", actor=actor, now=now)
    return key


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the control has the focus."""
    for _ in range(MOST_TABS):
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{selector} is not reached by the keyboard")


def type_date(page: Page, selector: str, day: date) -> None:
    """Type a date with the keyboard, in the order of the browser's own language, not that of the page."""
    tab_to(page, selector)
    for order in ("%m%d%Y", "%d%m%Y"):
        page.keyboard.type(day.strftime(order))
        if page.locator(selector).input_value() == day.isoformat():
            return
        page.locator(selector).blur()
        tab_to(page, selector)


def press_enter(page: Page, selector: str) -> None:
    """Come to a link or a button by Tab and press Enter; ends on the page that it leads to."""
    tab_to(page, selector)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def read_token(page: Page) -> str:
    """Give the token that a form sends, for a request that no page offers."""
    return page.locator('input[name="csrf_token"]').first.get_attribute("value") or ""
