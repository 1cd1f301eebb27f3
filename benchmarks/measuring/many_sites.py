"""A trial of many sites in which most closed forms were received, and a browser of its staff."""

import re
from datetime import timedelta
from pathlib import Path

import builders
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from measuring.installations import make_settings
from measuring.many_plans import DUE_AT, gather_statistics, make_many_plans
from pro_app.app import create_app
from pro_app.storage.database import Database

NOW = DUE_AT + timedelta(days=500)
"""In the middle of the trial: half of the people have begun, and of those half have closed visits."""
FORMS_OF_ONE = 11
"""What 220,000 forms of 20,000 people are for one of them."""
MISSING_EACH = 5
"""One closed form in so many was never received."""


def make_many_sites(url: str, folder: Path, *, participants: int, sites: int) -> Flask:
    """Make the trial in an empty database and give the app that serves it at NOW."""
    folder.mkdir(exist_ok=True)
    app = create_app(make_settings(url, folder), clock=lambda: NOW)
    parts = app.extensions["pro_app"]
    make_many_plans(parts.database, parts.vault, visits=participants * FORMS_OF_ONE, due=1, sites=sites)
    _receive(parts.database)
    gather_statistics(parts.database)
    return app


def _receive(database: Database) -> None:
    """Have most forms of closed visits received, the day before they closed."""
    with database.writing() as session:
        for table, when in (("form_standings", "closes_at < :now"), ("assessments", _OF_RECEIVED)):
            columns = _RECEIVED[table]
            session.execute(
                text(f"UPDATE {table} SET {columns} WHERE {_KEYS[table]} % {MISSING_EACH} <> 0 AND {when}"),  # noqa: S608 -- our own tables
                {"at": NOW - timedelta(days=30), "now": NOW},
            )


_KEYS = {"form_standings": "assessment_id", "assessments": "id"}
_OF_RECEIVED = "id IN (SELECT assessment_id FROM form_standings WHERE received_at IS NOT NULL)"
_RECEIVED = {
    "form_standings": (
        "received_at = :at, begun = TRUE, mode = 'own_device', respondent = 'self', "
        "scorable_instruments = '|qlq-c30|qlq-ginet21|'"
    ),
    "assessments": (
        "started_at = :at, completed_at = :at, submitted_at = :at, submitted_mode = 'own_device', "
        "respondent = 'self', receipt_code = CAST(id AS VARCHAR)"
    ),
}


def sign_in(app: Flask, role: str) -> FlaskClient:
    """Add a member of staff under one role, at the first site where it belongs to one, and sign in."""
    parts = app.extensions["pro_app"]
    with parts.database.reading() as session:
        study_id, site_id = session.execute(
            text("SELECT study_id, min(id) FROM sites GROUP BY study_id")
        ).one()
    builders.build_staff(
        parts.database,
        role,
        study_id=study_id,
        site_id=site_id if role == "nurse" else None,
        username=role,
        now=NOW - timedelta(days=1),
    )
    client = app.test_client()
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/staff/sign-in").text)
    said = {"csrf_token": found[1] if found else "", "username": role, "password": builders.PASSWORD}
    client.post("/staff/sign-in", data=said)
    return client
