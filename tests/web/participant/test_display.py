import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from participant_world import PIN, World, form_fields, post
from sqlalchemy import select
from werkzeug.test import TestResponse

from pro_app.storage.tables.audit_trail import AuditEntry
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.studies import StudyWording

DISPLAY = "/p/display"
LARGE_AND_HIGH = {"text_size": "large", "contrast": "high", "language": "fr"}


def choose(client: FlaskClient, **changes: str) -> TestResponse:
    return post(client, client.get(DISPLAY), LARGE_AND_HIGH | changes, to=DISPLAY)


def attributes(page: TestResponse) -> str:
    found = re.search(r"<html([^>]*)>", page.text)
    assert found is not None
    return found[1]


def chosen(world: World) -> tuple[str, str, str]:
    with world.database.reading() as session:
        person = session.get_one(Participant, world.participant_id)
        return person.text_size, person.contrast, person.language


def test_what_is_chosen_holds_on_every_page(signed_in: FlaskClient, world: World) -> None:
    place = f"/p/q/{world.assessment().assessment_id}"
    pages = (
        "/p/home",
        DISPLAY,
        "/p/settings",
        "/p/help",
        "/p/data",
        f"{place}/1",
        f"{place}/2",
        "/p/nothing",
    )
    for path in pages:
        assert attributes(signed_in.get(path)) == ' lang="fr"', path
    assert choose(signed_in).headers["Location"] == DISPLAY
    assert chosen(world) == ("large", "high", "fr")
    for path in pages:
        assert attributes(signed_in.get(path)) == ' lang="fr" data-text="large" data-contrast="high"', path


def test_a_remembered_device_keeps_it_for_the_page_of_the_pin(signed_in: FlaskClient) -> None:
    choose(signed_in, contrast="normal")
    signed_in.get("/p/home")
    signed_in.delete_cookie("participant")
    assert attributes(signed_in.get("/p/pin")) == ' lang="fr" data-text="large"'
    post(signed_in, signed_in.get("/p/pin"), {"pin": PIN})
    choose(signed_in, text_size="normal", contrast="normal")
    signed_in.get("/p/home")
    assert signed_in.get_cookie("display") is None


def test_another_device_shows_it_from_the_sign_in_on_and_keeps_nothing_if_not_remembered(
    app: Flask, signed_in: FlaskClient, world: World
) -> None:
    choose(signed_in)
    other = app.test_client()
    assert attributes(other.get("/p/sign-in")) == ' lang="fr"'
    post(other, other.get("/p/sign-in"), {"sign_in_code": world.card.sign_in_code, "pin": PIN})
    assert "data-text" in attributes(other.get("/p/home"))
    assert other.get_cookie("display") is None


@pytest.mark.parametrize("kept", ["huge.high", "large", "large.high.x", '"><script>', ""])
def test_a_forged_cookie_changes_nothing(client: FlaskClient, kept: str) -> None:
    client.set_cookie("display", kept)
    assert attributes(client.get("/p/sign-in")) == ' lang="fr"'


@pytest.mark.parametrize(
    "change", [{"text_size": "huge"}, {"contrast": "x"}, {"language": "de"}, {"text_size": ""}]
)
def test_what_is_not_on_offer_is_refused_at_its_field(
    signed_in: FlaskClient, world: World, change: dict[str, str]
) -> None:
    refused = choose(signed_in, **change)
    (name,) = change
    assert (refused.status_code, f"{name}-error" in refused.text) == (400, True)
    assert chosen(world) == ("normal", "normal", "fr")


def test_the_language_is_that_of_the_next_page_though_another_one_was_picked_before(
    signed_in: FlaskClient, world: World
) -> None:
    signed_in.get("/p/home?language=fr")
    choose(signed_in, language="en")
    page = signed_in.get(DISPLAY)
    assert attributes(page).startswith(' lang="en"')
    assert chosen(world) == ("large", "high", "en")


def test_a_language_that_an_instrument_does_not_speak_is_not_offered(
    signed_in: FlaskClient, world: World
) -> None:
    assert 'value="en"' in signed_in.get(DISPLAY).text
    with world.database.writing() as session:
        row = session.scalars(select(StudyWording).where(StudyWording.language == "en")).first()
        assert row is not None
        row.replaced_at = row.in_use_at
    assert 'name="language"' not in signed_in.get(DISPLAY).text
    post(signed_in, signed_in.get(DISPLAY), LARGE_AND_HIGH | {"language": "en"}, to=DISPLAY)
    assert chosen(world) == ("large", "high", "fr")


def test_a_change_is_the_persons_own_act_in_the_trail_and_the_same_again_is_none(
    signed_in: FlaskClient, world: World
) -> None:
    for _ in range(2):
        choose(signed_in)
    with world.database.reading() as session:
        assert session.query(AuditEntry).filter_by(action="settings.change").count() == 1


def test_the_form_shows_what_holds(signed_in: FlaskClient) -> None:
    choose(signed_in)
    fields = form_fields(signed_in.get(DISPLAY), DISPLAY)
    assert {name: fields[name] for name in LARGE_AND_HIGH} == LARGE_AND_HIGH
