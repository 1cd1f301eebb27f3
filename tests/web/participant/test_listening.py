"""Listening: only where the licence allows it and the person wants it; on record with the answers."""

import re
from datetime import date

import pytest
from conftest import NOW
from flask.testing import FlaskClient
from participant_world import World, form_fields, make_operation, post
from werkzeug.test import TestResponse
from wording_world import COMMAND

from pro_app.services.production.entries import NewEntry, record_entry
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.responses import Response

DISPLAY = "/p/display"
CHOSEN = {"text_size": "normal", "contrast": "normal", "language": "fr"}


@pytest.fixture
def address(world: World) -> str:
    """Give the address of the questionnaire that is due."""
    return f"/p/q/{world.assessment().assessment_id}"


def license_listening(world: World, *, allowed: bool = True, reference: str = "EORTC 1") -> None:
    """Record the licence of the words, as the command does."""
    said = NewEntry("ecoa-licence", reference, date(2026, 1, 15), allows_listening=allowed)
    with world.database.writing() as session:
        record_entry(session, said, study_id=world.clinic.study_id, actor=COMMAND, now=NOW)


def choose(client: FlaskClient, listens: str) -> TestResponse:
    return post(client, client.get(DISPLAY), CHOSEN | {"listens": listens}, to=DISPLAY)


def listened(world: World) -> dict[str, bool]:
    with world.database.reading() as session:
        return {row.instrument_code: row.listened for row in session.query(Response)}


def audited(world: World) -> list[str]:
    """List what the audit trail has about listening, with the action that brought it."""
    with world.database.reading() as session:
        payloads = session.query(AuditEntry, AuditPayload).join(
            AuditPayload, AuditPayload.entry_id == AuditEntry.id
        )
        return [
            f"{entry.action} {item['field']} {item['before']} {item['after']}"
            for entry, payload in payloads.order_by(AuditEntry.id)
            for item in payload.items
            if "listen" in item["field"] and not entry.action.startswith("study.")
        ]


def send(client: FlaskClient, world: World, *operations: object, **more: object) -> TestResponse:
    """Send a batch as a phone does."""
    token = form_fields(client.get("/p/home"))["csrf_token"]
    body = {"assessment_id": world.assessment().assessment_id, "operations": list(operations)} | more
    return client.post("/p/operations", json=body, headers={"X-CSRFToken": token})


def test_nothing_can_be_listened_to_unless_the_licence_says_so(
    signed_in: FlaskClient, world: World, address: str
) -> None:
    for _ in range(2):
        assert "listens" not in signed_in.get(DISPLAY).text
        assert choose(signed_in, "yes").status_code == 302
        for page in ("2", "whole"):
            html = signed_in.get(f"{address}/{page}").text
            assert "data-listen" not in html
            assert "listen.js" not in html
        license_listening(world, allowed=False)
    with world.database.reading() as session:
        assert not session.get_one(Participant, world.participant_id).listens


def test_it_is_off_until_the_person_turns_it_on_and_then_on_every_item(
    signed_in: FlaskClient, world: World, address: str
) -> None:
    license_listening(world)
    page = signed_in.get(DISPLAY).text
    (chosen,) = re.findall(r'<input(?=[^>]*name="listens")(?=[^>]*checked)[^>]*>', page)
    assert 'value="no"' in chosen
    assert "data-listen" not in signed_in.get(f"{address}/2").text

    assert choose(signed_in, "yes").headers["Location"] == DISPLAY

    single, whole = signed_in.get(f"{address}/2").text, signed_in.get(f"{address}/whole").text
    assert single.count("data-listen") == 1
    assert whole.count("data-listen") == 51
    assert single.count("/listen.js") == 2  # loaded, and kept for times without a network
    for item in re.findall(r"<fieldset.*?</fieldset>", single + whole, re.DOTALL):
        assert "listen" not in item  # nothing of ours inside the instrument
    for button in re.findall(r"<[^>]*data-listen[^>]*>", single + whole):
        assert re.search(r'data-listen="fr" hidden', button)  # until a script finds a voice
    assert audited(world) == ["settings.change listens False True"]

    license_listening(world, allowed=False, reference="EORTC 2")
    assert "data-listen" not in signed_in.get(f"{address}/2").text


def test_what_was_kept_with_another_look_is_known_by_its_mark(
    signed_in: FlaskClient, world: World, address: str
) -> None:
    license_listening(world)
    looks = []
    changes = ({}, {"listens": "yes"}, {"listens": "yes", "text_size": "large"}, {"language": "en"})
    for change in changes:
        if change:
            post(signed_in, signed_in.get(DISPLAY), CHOSEN | {"listens": "no"} | change, to=DISPLAY)
        found = [
            re.search(r'data-look="([^"]*)"', signed_in.get(path).text)
            for path in ("/p/home", DISPLAY, f"{address}/2", f"{address}/whole")
        ]
        assert len({look[1] for look in found if look}) == 1
        looks.append(found[0] and found[0][1])
    assert len(set(looks)) == len(changes)


def test_that_a_question_was_heard_stands_with_its_response_and_in_the_audit_trail(
    signed_in: FlaskClient, world: World
) -> None:
    assert send(signed_in, world, make_operation(1), make_operation(2, listened=False)).status_code == 200
    assert listened(world) == {"qlq-c30": False}
    heard = make_operation(3, listened=True)
    for _ in range(2):
        assert send(signed_in, world, heard, make_operation(4, listened=True)).status_code == 200
    assert listened(world) == {"qlq-c30": True}
    assert audited(world) == ["answers.save qlq-c30:listened False True"]


def test_what_was_heard_without_a_further_answer_comes_with_the_form(
    signed_in: FlaskClient, world: World
) -> None:
    submission = {"respondent": "self", "listened": ["qlq-ginet21", "qlq-br23", 7]}
    assert send(signed_in, world, make_operation(1), submission=submission).status_code == 200
    assert listened(world) == {"qlq-c30": False, "qlq-ginet21": True}
    assert audited(world) == ["assessment.submit qlq-ginet21:listened False True"]


@pytest.mark.parametrize("said", [None, "qlq-c30", 1, {"a": 1}, []])
def test_a_form_is_not_refused_for_what_it_says_about_listening(
    signed_in: FlaskClient, world: World, said: object
) -> None:
    submission = {"respondent": "self", "listened": said}
    assert send(signed_in, world, make_operation(1, listened="yes"), submission=submission).status_code == 200
    assert not any(listened(world).values())


def test_a_plain_form_says_it_too(signed_in: FlaskClient, world: World, address: str) -> None:
    page = signed_in.get(f"{address}/2")
    assert post(signed_in, page, {"answer": "3", "go": "next", "listened": "1"}).status_code == 302
    assert listened(world) == {"qlq-c30": True}
