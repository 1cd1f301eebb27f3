"""The app with a small clinic in it, and members of staff at their browsers."""

import re
from dataclasses import dataclass

import pytest
from clinic_world import Clinic, build_clinic
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PASSWORD = "a long and unusual password 7!"


@dataclass
class StaffBrowser:
    """One member of staff's browser, which follows redirects and sends the token of the page it saw."""

    client: FlaskClient

    def get(self, path: str) -> TestResponse:
        """Open a page."""
        return self.client.get(path, follow_redirects=True)

    def post(self, path: str, *, page: str | None = None, **fields: str) -> TestResponse:
        """Send a form, with the token of `page` or of the page at the same address."""
        seen = self.client.get(page or path)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', seen.text)
        assert token is not None, f"no form on {page or path} ({seen.status_code})"
        return self.client.post(path, data={"csrf_token": token[1], **fields}, follow_redirects=True)


@pytest.fixture
def clinic(app: Flask) -> Clinic:
    """Load the study, two sites and their staff into the app's database."""
    parts = app.extensions["pro_app"]
    return build_clinic(parts.database, parts.vault)


def sign_in(app: Flask, number: int) -> StaffBrowser:
    """Sign in as member of staff 0 (nurse), 1 (nurse elsewhere), 2 (coordinator) or 3 (monitor)."""
    browser = StaffBrowser(app.test_client())
    page = browser.post("/staff/sign-in", username=f"member-{number}", password=PASSWORD)
    assert page.status_code == 200
    return browser


@pytest.fixture
def nurse(app: Flask, clinic: Clinic) -> StaffBrowser:
    """Sign in the nurse of the first site."""
    assert clinic.site_id
    return sign_in(app, 0)


@pytest.fixture
def other_nurse(app: Flask, clinic: Clinic) -> StaffBrowser:
    """Sign in the nurse of the second site."""
    assert clinic.other_site_id
    return sign_in(app, 1)


@pytest.fixture
def coordinator(app: Flask, clinic: Clinic) -> StaffBrowser:
    """Sign in the coordinator, who sees all sites."""
    assert clinic.study_id
    return sign_in(app, 2)


@pytest.fixture
def monitor(app: Flask, clinic: Clinic) -> StaffBrowser:
    """Sign in the monitor, who only reads."""
    assert clinic.study_id
    return sign_in(app, 3)
