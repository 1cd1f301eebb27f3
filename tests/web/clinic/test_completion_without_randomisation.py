"""The page of completion in a trial that randomises nobody."""

from datetime import date

import pytest
from clinic_browser import StaffBrowser
from clinic_world import Clinic, build_clinic, noon
from conftest import SettableClock
from flask import Flask


@pytest.fixture
def clinic(app: Flask, clock: SettableClock) -> Clinic:
    """Load the trial of one arm, with one person whose first visit is over."""
    parts = app.extensions["pro_app"]
    built = build_clinic(parts.database, parts.vault, protocol="example-surgery")
    person = built.enrol(date(2026, 1, 5))
    built.answer(person, "PRE", date(2026, 1, 12), items=5)
    clock.now = noon(date(2026, 2, 20))
    return built


def test_it_divides_by_the_enrolled_and_says_so(clinic: Clinic, nurse: StaffBrowser) -> None:
    assert clinic.study_id
    page = nurse.get("/clinic/completion").text
    assert "personnes randomisées" not in page
    assert "100" in page[page.index("figure=available") - 120 : page.index("figure=available")]
    people = nurse.get("/clinic/completion/list?visit=PRE&figure=available").text
    assert "15-001" in people
    assert "randomis" not in people
