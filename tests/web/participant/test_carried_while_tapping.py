"""Signing in with an answer carried along while another phone taps, on a PostgreSQL that locks rows."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import sleep
from uuid import uuid4

import pytest
from conftest import NOW, SettableClock
from flask import Flask
from participant_world import PIN, World, activate, build_world, form_fields, post

from pro_app.app import create_app
from pro_app.services.answers import Operation, claim_assessment, save_operations
from pro_app.settings import Settings
from pro_app.storage.tables.answers import Answer

MOMENT = 1.5
"""Long enough for the sign-in to come to the row that the tap holds."""


@pytest.fixture
def app(postgres_settings: Settings, clock: SettableClock) -> Iterator[Flask]:
    """Make the app on PostgreSQL."""
    made = create_app(postgres_settings, clock=clock)
    yield made
    parts = made.extensions["pro_app"]
    parts.database.engine.dispose()
    parts.vault.database.engine.dispose()


@pytest.fixture
def world(app: Flask) -> World:
    """Enrol one participant and print the card."""
    parts = app.extensions["pro_app"]
    return build_world(parts.database, parts.vault)


def test_both_answers_are_kept_and_neither_waits_for_ever(app: Flask, world: World) -> None:
    phone, browser = app.test_client(), app.test_client()
    activate(phone, world.card)
    assessment_id = world.assessment().assessment_id
    page = phone.get(f"/p/q/{assessment_id}/3")
    sign_in = browser.post(
        page.request.path,
        data=form_fields(page) | {"answer": "3", "go": "next"},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    typed = {"sign_in_code": world.card.sign_in_code, "pin": PIN, "remember": "y"}
    with ThreadPoolExecutor(1) as pool:
        with world.database.writing() as session:
            claim_assessment(session, assessment_id=assessment_id)
            arriving = pool.submit(post, browser, sign_in, typed, to="/p/sign-in")
            sleep(MOMENT)
            tap = Operation(str(uuid4()), "qlq-c30", 1, "answered", 2)
            save_operations(
                session, assessment_id=assessment_id, operations=[tap], actor=world.actor(), now=NOW
            )
        assert arriving.result().headers["Location"] == f"/p/q/{assessment_id}/4"
    with world.database.reading() as session:
        assert {answer.item_number: answer.value for answer in session.query(Answer)} == {1: 2, 2: 3}
