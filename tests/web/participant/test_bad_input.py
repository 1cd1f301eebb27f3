"""What no phone of ours sends, and what befalls cards: a clear answer in French, nothing lost or leaked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW
from flask import Flask
from flask.testing import FlaskClient
from participant_world import PIN, World, activate, form_fields, make_operation, post
from werkzeug.test import TestResponse

from pro_app.services.operation_batches import LARGEST_BATCH
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.set_aside_answers import SetAsideAnswer

YEARS = timedelta(days=3 * 365)
WAITED = timedelta(minutes=10)
QUEUE = 10_000
SAYS_QUESTION = "Question 1"
SAYS_SENT_BEFORE = "déjà été envoyée avec un autre contenu"
SAYS_NO_PAGE = "Cette page n’existe pas"


@dataclass
class Sender:
    """A signed-in phone that sends whatever a test makes up."""

    browser: FlaskClient
    assessment_id: int
    token: str

    def send(self, *operations: object, **changes: object) -> TestResponse:
        """Send a batch as the page's script does."""
        body = {"assessment_id": self.assessment_id, "operations": list(operations)} | changes
        return self.browser.post("/p/operations", json=body, headers={"X-CSRFToken": self.token})


@pytest.fixture
def phone(signed_in: FlaskClient, world: World) -> Sender:
    """Give the participant's own phone."""
    return make_sender(signed_in, world)


@pytest.fixture
def stranger(app: Flask, world: World) -> Sender:
    """Give the phone of another participant of the same centre."""
    other = world.enrol_another()
    browser = app.test_client()
    activate(browser, other.card, pin="592814")
    return make_sender(browser, other)


def make_sender(browser: FlaskClient, world: World) -> Sender:
    token = form_fields(browser.get("/p/home"))["csrf_token"]
    return Sender(browser, world.assessment().assessment_id, token)


def stored(world: World) -> list[tuple[int, int | None]]:
    """Give item and value of every answer that is kept, of whomever."""
    with world.database.reading() as session:
        assert session.query(SetAsideAnswer).count() == 0
        return [(answer.item_number, answer.value) for answer in session.query(Answer).order_by(Answer.id)]


@pytest.mark.parametrize(("changes", "status", "says"), [
    ({"value": 7}, 400, SAYS_QUESTION),
    ({"value": 0}, 400, SAYS_QUESTION),
    ({"value": -1}, 400, SAYS_QUESTION),
    ({"value": 10**12}, 400, SAYS_QUESTION),
    ({"value": "2; DROP TABLE answers"}, 400, SAYS_QUESTION),
    ({"instrument_code": "qlq-ginet21"}, 400, SAYS_QUESTION),
    ({"instrument_code": "qlq-br23"}, 400, SAYS_QUESTION),
    ({"item_number": 31}, 400, "Question 31"),
    ({"state": "not_reached", "value": None}, 400, SAYS_QUESTION),
    ({"state": "not_applicable", "value": None}, 400, SAYS_QUESTION),
])  # fmt: skip
def test_a_forged_answer_is_refused_with_its_question_and_its_whole_batch(  # noqa: PLR0917 -- the table's columns
    phone: Sender, world: World, changes: dict[str, object], status: int, says: str
) -> None:
    good, bad = make_operation(2, 3), make_operation() | changes
    reply = phone.send(good, bad)
    assert (reply.status_code, _told(reply)["operation_id"]) == (status, bad["operation_id"])
    assert says in _told(reply)["advice"]
    assert stored(world) == []
    assert phone.send(good).status_code == 200
    assert stored(world) == [(2, 3)]


@pytest.mark.parametrize("tampered", [
    {"value": 3}, {"item_number": 2}, {"state": "declined", "value": None},
    {"item_number": 31, "instrument_code": "qlq-ginet21"},
])  # fmt: skip
def test_a_replay_with_another_body_is_a_conflict_and_the_first_answer_stands(
    phone: Sender, world: World, tampered: dict[str, object]
) -> None:
    first = make_operation()
    assert phone.send(first).status_code == 200
    reply = phone.send(first | tampered)
    assert reply.status_code == 409
    assert SAYS_SENT_BEFORE in _told(reply)["error"]
    assert phone.send(first).status_code == 200
    assert stored(world) == [(1, 2)]


def test_an_operation_of_somebody_else_cannot_be_sent_again_read_or_changed(
    phone: Sender, stranger: Sender, world: World
) -> None:
    theirs = make_operation(1, 4)
    assert phone.send(theirs).status_code == 200
    forged = stranger.send(theirs | {"value": 1})
    replayed = stranger.send(theirs)
    assert (forged.status_code, replayed.status_code) == (409, 409)
    assert _told(forged) == _told(replayed)
    assert stored(world) == [(1, 4)]


def test_somebody_elses_questionnaire_is_as_absent_as_one_that_never_was(
    phone: Sender, stranger: Sender, world: World
) -> None:
    phone.send(make_operation(1, 4))
    number = phone.assessment_id
    pages = ("", "/1", "/2", "/review", "/send", "/receipt", "/whole", "/answers")
    for page in pages:
        theirs, none = (stranger.browser.get(f"/p/q/{key}{page}") for key in (number, 987_654))
        assert (theirs.status_code, none.status_code) == (404, 404)
        assert _without_token(theirs.text) == _without_token(none.text)
        assert SAYS_NO_PAGE in theirs.text
    replies = [stranger.send(make_operation(2, 1), assessment_id=key) for key in (number, 987_654)]
    assert [reply.status_code for reply in replies] == [404, 404]
    assert _told(replies[0]) == _told(replies[1])
    assert SAYS_NO_PAGE in _told(replies[0])["error"]
    assert stored(world) == [(1, 4)]


@pytest.mark.parametrize("off", [-YEARS, YEARS])
@pytest.mark.parametrize("agreement", ["consistent", "inconsistent"])
def test_a_clock_that_is_three_years_off_loses_no_answer(  # noqa: PLR0917 -- the table's columns
    phone: Sender, world: World, off: timedelta, agreement: str
) -> None:
    consistent = agreement == "consistent"
    tapped_at = NOW - WAITED + off
    device_now = NOW + off if consistent else NOW - off
    reply = phone.send(make_operation(device_at=tapped_at.isoformat()), device_now=device_now.isoformat())
    assert reply.status_code == 200
    with world.database.reading() as session:
        (answer,) = session.query(Answer)
    assert (answer.device_at, answer.received_at, answer.superseded_at) == (tapped_at, NOW, None)
    assert answer.answered_at in ({NOW - WAITED} if consistent else {NOW})


def test_a_queue_of_ten_thousand_is_refused_whole_with_what_to_do_and_taken_in_parts(
    phone: Sender, world: World
) -> None:
    queue = [make_operation(n % 28 + 1, n % 4 + 1, counter=n + 1) for n in range(QUEUE)]
    whole = phone.send(*queue)
    assert whole.status_code == 413
    assert "trop" in _told(whole)["error"]
    part = phone.send(*queue[: LARGEST_BATCH + 1])
    assert part.status_code == 400
    assert (_told(part)["place"], str(LARGEST_BATCH) in _told(part)["message"]) == ("operations", True)
    assert stored(world) == []
    for begin in range(0, QUEUE, LARGEST_BATCH):
        reply = phone.send(*queue[begin : begin + LARGEST_BATCH])
        assert (reply.status_code, len(_told(reply)["operation_ids"])) == (200, LARGEST_BATCH)
    with world.database.reading() as session:
        assert session.query(Answer).count() == QUEUE
        standing = session.query(Answer).filter(Answer.superseded_at.is_(None))
        assert {(a.item_number, a.value) for a in standing} == {
            (each["item_number"], each["value"]) for each in queue[-28:]
        }
    assert phone.send(*queue[:LARGEST_BATCH]).status_code == 200


@pytest.mark.parametrize("by", ["token", "code"])
def test_a_card_that_somebody_photographed_is_worthless_after_its_use(  # noqa: PLR0917 -- fixtures
    app: Flask, signed_in: FlaskClient, world: World, by: str
) -> None:
    thief = app.test_client()
    card = world.card.token if by == "token" else world.card.short_code
    refused = post(thief, thief.get("/p/activate"), {by: card})
    choose = thief.post(
        "/p/activate", data=form_fields(refused) | {"card": card, "pin": "592814", "again": "592814"}
    )
    for page in (refused, choose):
        assert page.status_code == 403
        assert "Cette carte ne peut pas être utilisée" in page.text
        assert not [
            told for told in ("15-001", "Centre 15", "Suivi 34", "04 67 61 31 00") if told in page.text
        ]
    assert signed_in.get("/p/home").status_code == 200
    assert thief.get("/p/home").headers["Location"] == "/"


def test_of_a_card_that_was_printed_twice_the_last_one_counts(app: Flask, world: World) -> None:
    first, second = world.print_card(), world.print_card()
    old = app.test_client()
    for typed in ({"code": first.short_code}, {"token": first.token}):
        page = post(old, old.get("/p/activate"), typed)
        assert (page.status_code, "Cette carte ne peut pas être utilisée" in page.text) == (403, True)
    assert activate(old, second).headers["Location"] == "/p/home"
    later = app.test_client()
    for code, status in ((first.sign_in_code, 403), (second.sign_in_code, 302)):
        typed = {"sign_in_code": code, "pin": PIN}
        assert post(later, later.get("/p/sign-in"), typed).status_code == status


def test_a_second_print_while_the_first_card_is_in_use_ends_what_is_open_and_loses_no_answer(
    phone: Sender, world: World
) -> None:
    page = phone.browser.get(f"/p/q/{phone.assessment_id}/2")
    world.print_card()
    said = form_fields(page) | {"answer": "3", "go": "next"}
    ask = phone.browser.post(page.request.path, data=said, headers={"Sec-Fetch-Site": "same-origin"})
    assert (ask.status_code, "Votre réponse est gardée" in ask.text) == (401, True)
    assert post(phone.browser, ask, {"pin": PIN}, to="/p/pin").status_code == 302
    assert [value for _item, value in stored(world)] == [3]


def _told(reply: TestResponse) -> Mapping[str, Any]:
    assert reply.json is not None
    told: Mapping[str, Any] = reply.json
    return told


def _without_token(html: str) -> str:
    return "".join(part.partition(">")[2] for part in html.split('name="csrf_token"'))
