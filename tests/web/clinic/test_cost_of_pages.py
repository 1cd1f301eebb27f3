"""What a page about one site costs the database does not grow with what other sites enrol."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest
from clinic_browser import StaffBrowser
from clinic_world import Clinic, noon
from conftest import SettableClock
from flask import Flask
from sqlalchemy import event

ENROLLED, RANDOMISED, LOOKED_ON = date(2026, 1, 5), date(2026, 1, 12), date(2026, 4, 10)
"""On the last day the window of W08 is over: some forms came, others are missing, others are to come."""
PAGES = (
    "/clinic/tasks",
    "/clinic/",
    "/clinic/?state=missed&sort=-closes",
    "/clinic/completion",
    "/clinic/completion?by=quarter&instrument=qlq-c30",
    "/clinic/completion/list?figure=expected",
    "/clinic/completion/reasons",
    "/clinic/completion/map",
    "/clinic/completion/trend",
    "/clinic/coming",
    "/clinic/reports/{site_id}/2026-03",
)
OWN, FEW, MANY = 3, 2, 20
"""So many people at the own site; at the other one before, and ten times as many afterwards."""


@dataclass
class Cost:
    """How many statements were asked, and how many steps SQLite took for their answers."""

    statements: int = 0
    steps: int = 0


def enrol(clinic: Clinic, number: int, *, elsewhere: bool = False) -> None:
    """Enrol somebody of whom a first form came where the number is even, and is missing where it is odd."""
    other = replace(clinic, nurse=clinic.other_nurse, site_id=clinic.other_site_id)
    at_site = other if elsewhere else clinic
    person = at_site.enrol(
        ENROLLED, participant_code=f"{number:03}", site_id=at_site.site_id, email=None, telephone=None
    )
    at_site.record(person, "randomised", RANDOMISED, arm="SURVEILLANCE")
    if number % 2 == 0:
        at_site.answer(person, "W08", date(2026, 3, 9), items=5)


def measure(app: Flask, browser: StaffBrowser, page: str) -> Cost:
    """Open a page twice, so that what is read only now and then is read, and count the second time."""
    assert browser.get(page).status_code == 200
    engine, cost = app.extensions["pro_app"].database.engine, Cost()

    def count_step() -> None:
        cost.steps += 1

    def watch(connection: Any, *_said: object) -> None:  # noqa: ANN401 -- the driver's own object
        connection.set_progress_handler(count_step, 1)

    def unwatch(connection: Any, *_said: object) -> None:  # noqa: ANN401 -- the driver's own object
        connection.set_progress_handler(None, 0)

    def count_statement(*_said: object) -> None:
        cost.statements += 1

    watched = (("checkout", watch), ("checkin", unwatch), ("before_cursor_execute", count_statement))
    for name, listener in watched:
        event.listen(engine, name, listener)
    try:
        browser.get(page)
    finally:
        for name, listener in watched:
            event.remove(engine, name, listener)
    return cost


@pytest.fixture
def filled(clinic: Clinic, clock: SettableClock) -> Clinic:
    for number in range(1, OWN + 1):
        enrol(clinic, number)
    for number in range(101, 101 + FEW):
        enrol(clinic, number, elsewhere=True)
    clock.now = noon(LOOKED_ON)
    return clinic


def test_a_page_of_a_site_costs_the_same_whatever_others_enrol(
    app: Flask, filled: Clinic, nurse: StaffBrowser
) -> None:
    pages = [page.format(site_id=filled.site_id) for page in PAGES]
    before = {page: measure(app, nurse, page) for page in pages}
    for number in range(101 + FEW, 101 + MANY):
        enrol(filled, number, elsewhere=True)
    after = {page: measure(app, nurse, page) for page in pages}
    assert after == before
    assert all(cost.statements and cost.steps for cost in before.values())
