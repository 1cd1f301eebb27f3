from datetime import timedelta

import pytest
from conftest import NOW, SettableClock
from flask import Flask
from flask.testing import FlaskClient
from participant_world import PIN, World, activate, form_fields, post
from werkzeug.test import TestResponse

from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload
from pro_app.storage.tables.scores import Score

FIRST_ITEM, SECOND_ITEM, ROW_ITEM, NA_ITEM = 2, 3, 32, 43
"""Numbers of screens: items 1, 2, 29 (the row) and 39 (the first with "not applicable")."""


def current(world: World) -> dict[int, tuple[str, int | None]]:
    """Give the answers in force by item number."""
    with world.database.reading() as session:
        rows = session.query(Answer).filter(Answer.superseded_at.is_(None)).all()
    return {row.item_number: (row.state, row.value) for row in rows}


@pytest.fixture
def address(world: World) -> str:
    return f"/p/q/{world.assessment().assessment_id}"


def answer(client: FlaskClient, address: str, screen: int, value: str, *, go: str = "next") -> TestResponse:  # noqa: PLR0917 -- what a person does on one screen
    return post(client, client.get(f"{address}/{screen}"), {"answer": value, "go": go})


def test_the_questionnaire_begins_with_the_instruction_of_its_first_block(
    signed_in: FlaskClient, address: str
) -> None:
    assert signed_in.get(address).headers["Location"] == f"{address}/1"
    page = signed_in.get(f"{address}/1").get_data(as_text=True)
    assert "[Texte provisoire] Libellés courts pour essayer l’application." in page
    assert "radio" not in page


def test_nothing_is_chosen_before_the_person_chooses(signed_in: FlaskClient, address: str) -> None:
    for screen in (FIRST_ITEM, ROW_ITEM, NA_ITEM):
        assert " checked" not in signed_in.get(f"{address}/{screen}").get_data(as_text=True)


def test_an_answer_is_saved_and_shown_as_chosen_when_the_person_comes_back(
    signed_in: FlaskClient, world: World, address: str
) -> None:
    assert answer(signed_in, address, FIRST_ITEM, "3").headers["Location"] == f"{address}/{SECOND_ITEM}"
    assert current(world) == {1: ("answered", 3)}
    page = signed_in.get(f"{address}/{FIRST_ITEM}").get_data(as_text=True)
    assert page.count(" checked") == 1
    assert 'value="3" checked' in page
    assert "reçu par votre centre" in page


def test_the_same_form_sent_twice_is_one_answer(signed_in: FlaskClient, world: World, address: str) -> None:
    page = signed_in.get(f"{address}/{FIRST_ITEM}")
    for _ in range(2):
        assert post(signed_in, page, {"answer": "3", "go": "next"}).status_code == 302
    with world.database.reading() as session:
        assert session.query(Answer).count() == 1
        assert session.query(AuditEntry).filter_by(action="answers.save").count() == 1


def test_a_changed_choice_on_the_same_page_supersedes_the_first(
    signed_in: FlaskClient, world: World, address: str
) -> None:
    page = signed_in.get(f"{address}/{FIRST_ITEM}")
    post(signed_in, page, {"answer": "3", "go": "next"})
    post(signed_in, page, {"answer": "4", "go": "next"})
    assert current(world) == {1: ("answered", 4)}
    with world.database.reading() as session:
        items = [payload.items for payload in session.query(AuditPayload).order_by(AuditPayload.entry_id)]
    changed = items[-1][0]
    assert (changed["field"], changed["before"], changed["after"]) == ("qlq-c30:1", 3, 4)


def test_going_on_without_a_change_writes_nothing(signed_in: FlaskClient, world: World, address: str) -> None:
    answer(signed_in, address, FIRST_ITEM, "3")
    answer(signed_in, address, FIRST_ITEM, "3")
    with world.database.reading() as session:
        assert session.query(Answer).count() == 1


def test_going_back_keeps_what_was_just_chosen(signed_in: FlaskClient, world: World, address: str) -> None:
    assert (
        answer(signed_in, address, SECOND_ITEM, "2", go="previous").headers["Location"]
        == f"{address}/{FIRST_ITEM}"
    )
    assert current(world) == {2: ("answered", 2)}


def test_an_empty_item_is_asked_about_once_and_can_be_declined(
    signed_in: FlaskClient, world: World, address: str
) -> None:
    page = signed_in.get(f"{address}/{FIRST_ITEM}")
    assert "Je préfère ne pas répondre" not in page.get_data(as_text=True)
    asked = post(signed_in, page, {"go": "next"})
    assert asked.status_code == 200
    assert "Je préfère ne pas répondre" in asked.get_data(as_text=True)
    assert current(world) == {}
    assert post(signed_in, asked, {"go": "decline"}).headers["Location"] == f"{address}/{SECOND_ITEM}"
    assert current(world) == {1: ("declined", None)}
    again = post(signed_in, signed_in.get(f"{address}/{FIRST_ITEM}"), {"go": "next"})
    assert again.headers["Location"] == f"{address}/{SECOND_ITEM}"
    assert current(world) == {1: ("declined", None)}


def test_going_on_after_the_question_leaves_the_item_blank(
    signed_in: FlaskClient, world: World, address: str
) -> None:
    asked = post(signed_in, signed_in.get(f"{address}/{FIRST_ITEM}"), {"go": "next"})
    assert post(signed_in, asked, {"go": "next"}).headers["Location"] == f"{address}/{SECOND_ITEM}"
    assert current(world) == {1: ("left_blank", None)}


def test_after_the_question_an_answer_can_still_be_given(
    signed_in: FlaskClient, world: World, address: str
) -> None:
    asked = post(signed_in, signed_in.get(f"{address}/{FIRST_ITEM}"), {"go": "next"})
    post(signed_in, asked, {"answer": "2", "go": "next"})
    assert current(world) == {1: ("answered", 2)}


def test_going_back_from_an_empty_item_asks_nothing(
    signed_in: FlaskClient, world: World, address: str
) -> None:
    back = post(signed_in, signed_in.get(f"{address}/{SECOND_ITEM}"), {"go": "previous"})
    assert back.headers["Location"] == f"{address}/{FIRST_ITEM}"
    assert current(world) == {}


def test_not_applicable_is_offered_where_the_pack_has_it_and_recorded_apart(
    signed_in: FlaskClient, world: World, address: str
) -> None:
    assert 'value="N"' in signed_in.get(f"{address}/{NA_ITEM}").get_data(as_text=True)
    assert 'value="N"' not in signed_in.get(f"{address}/{FIRST_ITEM}").get_data(as_text=True)
    answer(signed_in, address, NA_ITEM, "N")
    assert current(world) == {39: ("not_applicable", None)}
    assert 'value="N" checked' in signed_in.get(f"{address}/{NA_ITEM}").get_data(as_text=True)


@pytest.mark.parametrize("value", ["0", "5", "7", "99", "N"])
def test_an_answer_that_the_item_does_not_offer_is_refused_and_names_the_item(  # noqa: PLR0917 -- fixtures
    signed_in: FlaskClient, world: World, address: str, value: str
) -> None:
    refused = answer(signed_in, address, SECOND_ITEM, value)
    assert refused.status_code == 400
    assert "2" in refused.get_data(as_text=True)
    assert current(world) == {}


@pytest.mark.parametrize("change", [
    {"item": "31"}, {"item": "999"}, {"item": "x"}, {"instrument": "qlq-xx"}, {"answer": "<b>"},
    {"page_id": "1"}, {"go": "jump"}, {"operation_id": "1"}, {"counter": "-1"}, {"back": "https://x"},
])  # fmt: skip
def test_a_forged_form_is_refused_and_changes_nothing(  # noqa: PLR0917 -- fixtures
    signed_in: FlaskClient, world: World, address: str, change: dict[str, str]
) -> None:
    page = signed_in.get(f"{address}/{FIRST_ITEM}")
    assert post(signed_in, page, {"answer": "2", "go": "next"} | change).status_code == 400
    assert current(world) == {}


def test_a_person_resumes_at_the_first_item_without_an_answer_on_another_device_too(  # noqa: PLR0917 -- fixtures
    app: Flask, signed_in: FlaskClient, world: World, address: str
) -> None:
    for screen in (FIRST_ITEM, SECOND_ITEM):
        answer(signed_in, address, screen, "1")
    other = app.test_client()
    post(other, other.get("/p/sign-in"), {"sign_in_code": world.card.sign_in_code, "pin": PIN})
    assert other.get(address).headers["Location"] == f"{address}/4"
    home = other.get("/p/home").get_data(as_text=True)
    assert "2 réponses gardées sur 51" in home.replace("\N{NO-BREAK SPACE}", " ")


def test_every_screen_says_that_the_wording_is_provisional(signed_in: FlaskClient, address: str) -> None:
    for place in ("1", "2", "review", "send"):
        page = signed_in.get(f"{address}/{place}").get_data(as_text=True)
        assert "Libellés provisoires" in page


def test_the_copyright_line_ends_each_instrument(signed_in: FlaskClient, address: str) -> None:
    shown = [
        screen
        for screen in range(1, 57)
        if "Texte provisoire de l’application, sans contenu sous licence."
        in signed_in.get(f"{address}/{screen}").get_data(as_text=True)
    ]
    assert shown == [33, 56]


def test_the_last_screen_leads_to_the_review_and_changes_come_back_to_it(
    signed_in: FlaskClient, world: World, address: str
) -> None:
    assert answer(signed_in, address, 56, "1").headers["Location"] == f"{address}/57"
    assert signed_in.get(f"{address}/57").headers["Location"] == f"{address}/review"
    review = signed_in.get(f"{address}/review").get_data(as_text=True)
    assert review.count("review-number") == 51
    page = signed_in.get(f"{address}/{FIRST_ITEM}?back=review")
    assert post(signed_in, page, {"answer": "4", "go": "next"}).headers["Location"] == f"{address}/review"
    assert current(world) == {1: ("answered", 4), 51: ("answered", 1)}


def test_sending_needs_to_know_who_answered(signed_in: FlaskClient, world: World, address: str) -> None:
    page = signed_in.get(f"{address}/send")
    assert page.get_data(as_text=True).count('type="radio"') == 3
    assert post(signed_in, page, {}).status_code == 400
    assert post(signed_in, page, {"respondent": "nobody"}).status_code == 400
    assert world.assessment().submitted_at is None


def test_a_sent_form_shows_its_receipt_and_a_second_one_shows_the_same(
    signed_in: FlaskClient, world: World, address: str
) -> None:
    answer(signed_in, address, FIRST_ITEM, "3")
    page = signed_in.get(f"{address}/send")
    for _ in range(2):
        assert post(signed_in, page, {"respondent": "self"}).headers["Location"] == f"{address}/receipt"
    receipt = signed_in.get(f"{address}/receipt").get_data(as_text=True)
    code = world.assessment().receipt_code
    assert code is not None
    assert code in receipt
    assert "lundi 2 mars 2026" in receipt
    assert "10:00" in receipt
    for place in ("", "/2", "/review", "/send"):
        assert signed_in.get(address + place).headers["Location"] == f"{address}/receipt"
    with world.database.reading() as session:
        assert session.query(AuditEntry).filter_by(action="assessment.submit").count() == 1


def test_an_answer_after_sending_is_refused_with_the_receipt(
    signed_in: FlaskClient, world: World, address: str
) -> None:
    page = signed_in.get(f"{address}/{FIRST_ITEM}")
    post(signed_in, signed_in.get(f"{address}/send"), {"respondent": "self"})
    refused = post(signed_in, page, {"answer": "1", "go": "next"})
    assert refused.status_code == 409
    assert str(world.assessment().receipt_code) in refused.get_data(as_text=True)


def test_the_receipt_gives_the_next_date_for_the_calendar(
    signed_in: FlaskClient, world: World, address: str
) -> None:
    post(signed_in, signed_in.get(f"{address}/send"), {"respondent": "self"})
    world.randomise()
    receipt = signed_in.get(f"{address}/receipt").get_data(as_text=True)
    coming = world.assessment("W08")
    link = f"/p/agenda/{coming.assessment_id}.ics"
    assert link in receipt
    calendar = signed_in.get(link)
    assert calendar.mimetype == "text/calendar"
    lines = calendar.get_data(as_text=True).split("\r\n")
    assert f"DTSTART;VALUE=DATE:{coming.opens_on:%Y%m%d}" in lines
    assert all(len(line.encode()) <= 75 for line in lines)
    assert "reluth" not in calendar.get_data(as_text=True).lower()
    assert signed_in.get(f"/p/agenda/{world.assessment().assessment_id}.ics").status_code == 404


def test_nothing_opens_before_its_window_or_after_it(
    signed_in: FlaskClient, world: World, clock: SettableClock
) -> None:
    world.randomise()
    page = signed_in.get(f"/p/q/{world.assessment().assessment_id}/{FIRST_ITEM}")
    later = f"/p/q/{world.assessment('W08').assessment_id}"
    early = signed_in.get(f"{later}/{FIRST_ITEM}")
    assert early.status_code == 409
    clock.now = NOW + timedelta(days=1)
    post(signed_in, signed_in.get("/p/pin"), {"pin": PIN})
    fields = form_fields(page) | {"answer": "2", "go": "next"}
    fields["csrf_token"] = form_fields(signed_in.get("/p/home"))["csrf_token"]
    assert signed_in.post(page.request.path, data=fields).status_code == 409
    assert current(world) == {}


def test_someone_elses_questionnaire_is_like_one_that_does_not_exist(
    app: Flask, signed_in: FlaskClient, world: World
) -> None:
    other = world.enrol_another()
    stranger = app.test_client()
    activate(stranger, other.card)
    mine, missing = f"/p/q/{world.assessment().assessment_id}", "/p/q/999999"
    form = form_fields(signed_in.get(f"{mine}/{FIRST_ITEM}")) | {"answer": "1", "go": "next"}
    form["csrf_token"] = form_fields(stranger.get("/p/home"))["csrf_token"]
    for place in ("", "/2", "/review", "/send", "/receipt"):
        pages = [stranger.get(address + place) for address in (mine, missing)]
        assert [page.status_code for page in pages] == [404, 404]
        assert pages[0].data == pages[1].data
    for place in ("/2", "/send"):
        data = form | {"respondent": "self"}
        assert [stranger.post(a + place, data=data).status_code for a in (mine, missing)] == [404, 404]
    assert current(world) == {}


def test_a_whole_questionnaire_is_scored_when_it_is_sent(
    signed_in: FlaskClient, world: World, address: str
) -> None:
    number = 1
    while True:
        page = signed_in.get(f"{address}/{number}")
        if page.status_code == 302:
            break
        if "radio" in page.get_data(as_text=True):
            post(signed_in, page, {"answer": "1", "go": "next"})
        number += 1
    assert len(current(world)) == 51
    post(signed_in, signed_in.get(f"{address}/send"), {"respondent": "assisted"})
    with world.database.reading() as session:
        scores = {score.scale_code: score.value for score in session.query(Score)}
        submitted = session.query(Assessment).filter(Assessment.submitted_at.isnot(None)).one()
    assert len(scores) == 16 + 9
    assert scores["PF2"] == 100.0
    assert scores["QL2"] == 0.0
    assert submitted.respondent == "assisted"
    assert submitted.submitted_mode == "own_device"


def test_each_page_carries_an_identifier_of_its_own(signed_in: FlaskClient, address: str) -> None:
    pages = {form_fields(signed_in.get(f"{address}/{FIRST_ITEM}"))["page_id"] for _ in range(3)}
    assert len(pages) == 3
