"""The app with a small clinic in it, and members of staff at their browsers."""

import pytest
from clinic_browser import StaffBrowser, sign_in
from clinic_world import Clinic, build_clinic
from flask import Flask


@pytest.fixture
def clinic(app: Flask) -> Clinic:
    """Load the study, two sites and their staff into the app's database."""
    parts = app.extensions["pro_app"]
    return build_clinic(parts.database, parts.vault)


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


@pytest.fixture
def with_sms(app: Flask) -> None:
    """Give the installation a way to send text messages."""
    object.__setattr__(app.extensions["pro_app"].settings, "sms_provider", "gateway")
