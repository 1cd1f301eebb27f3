"""What the participant has sent, the dates to come, help and data: who sees what, and what is in it."""

import re
from dataclasses import replace
from datetime import date

import pytest
from flask.testing import FlaskClient
from participant_world import World, post

from pro_app.protocol.rules import DataProtection, Label, ParticipantPages
from pro_app.storage.catalogue import known_protocols
from pro_app.storage.tables.participants import Participant


def send_baseline(client: FlaskClient, world: World) -> str:
    """Answer the first item, send the form and give its receipt code."""
    place = f"/p/q/{world.assessment().assessment_id}"
    post(client, client.get(f"{place}/2"), {"answer": "3", "go": "next"})
    post(client, client.get(f"{place}/send"), {"respondent": "self"})
    return world.assessment().receipt_code or ""


def show_in_protocol(monkeypatch: pytest.MonkeyPatch, world: World, pages: ParticipantPages) -> None:
    """Let the participant's protocol say what the participants' pages show."""
    with world.database.reading() as session:
        sha256 = session.get_one(Participant, world.participant_id).protocol_sha256
    monkeypatch.setitem(known_protocols, sha256, replace(known_protocols[sha256], participant_pages=pages))


def test_home_leads_to_every_page_and_each_leads_back(signed_in: FlaskClient) -> None:
    home = signed_in.get("/p/home").text
    for path in (
        "/p/calendar",
        "/p/history",
        "/p/settings",
        "/p/display",
        "/p/devices",
        "/p/help",
        "/p/data",
    ):
        assert f'href="{path}"' in home
        assert 'class="top-bar-back" href="/p/home"' in signed_in.get(path).text


def test_every_page_but_the_items_ends_with_help_and_data(signed_in: FlaskClient, world: World) -> None:
    place = f"/p/q/{world.assessment().assessment_id}"
    for path in ("/p/home", "/p/settings", "/p/history", f"{place}/review", "/p/nothing", "/p/sign-in"):
        assert 'class="page-footer"' in signed_in.get(path).text, path
    for path in (f"{place}/1", f"{place}/2"):
        assert "page-footer" not in signed_in.get(path).text, path


def test_home_and_receipt_say_that_nobody_watches_and_whom_to_call(
    signed_in: FlaskClient, world: World
) -> None:
    pages = [signed_in.get("/p/home")]
    send_baseline(signed_in, world)
    pages += [signed_in.get(f"/p/q/{world.assessment().assessment_id}/receipt"), signed_in.get("/p/home")]
    for page in pages:
        assert "personne ne les surveille" in page.text
        assert re.search(r"Urgence\s*: 15 ou 112", page.text)
        assert "tel:0467613100" in page.text


def test_with_nothing_due_and_nothing_planned_home_says_so(signed_in: FlaskClient, world: World) -> None:
    send_baseline(signed_in, world)
    assert "Aucun autre questionnaire" in signed_in.get("/p/home").text


def test_the_history_shows_day_and_receipt_and_no_answer(signed_in: FlaskClient, world: World) -> None:
    assert "record-card" not in signed_in.get("/p/history").text
    code = send_baseline(signed_in, world)
    page = signed_in.get("/p/history").text
    assert code in page
    assert "lundi 2 mars 2026 à 10:00" in page
    assert "/p/history/" not in page
    assert signed_in.get(f"/p/history/{world.assessment().assessment_id}").status_code == 404


def test_own_answers_are_shown_where_the_protocol_says_so(
    signed_in: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    show_in_protocol(monkeypatch, world, ParticipantPages(own_answers=True))
    address = f"/p/history/{world.assessment().assessment_id}"
    assert signed_in.get(address).status_code == 404
    send_baseline(signed_in, world)
    assert f'href="{address}"' in signed_in.get("/p/history").text
    page = signed_in.get(address).text
    assert page.count('class="review-answer"') == 1
    assert page.count('class="review-answer is-empty"') == 50
    assert "review-change" not in page
    assert 'class="ribbon"' in page
    other = world.enrol_another().assessment().assessment_id
    assert signed_in.get(f"/p/history/{other}").status_code == 404


def test_the_calendar_lists_every_date_and_what_is_open_now(signed_in: FlaskClient, world: World) -> None:
    world.randomise()
    page = signed_in.get("/p/calendar").text
    assert page.count("<li><span>") == 11
    assert 'href="/p/agenda.ics"' in page
    assert f'href="/p/q/{world.assessment().assessment_id}"' in page


def test_the_calendar_file_has_one_neutral_event_a_date(signed_in: FlaskClient, world: World) -> None:
    world.randomise()
    reply = signed_in.get("/p/agenda.ics")
    text = reply.text
    assert (reply.mimetype, "questionnaires.ics" in reply.headers["Content-Disposition"]) == (
        "text/calendar",
        True,
    )
    assert text.count("BEGIN:VEVENT") == text.count("END:VEVENT") == 11
    assert len(set(re.findall(r"UID:\S+", text))) == 11
    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert text.endswith("END:VCALENDAR\r\n")
    assert "DTSTART;VALUE=DATE:20260420" in text
    assert text.count("SUMMARY:Questionnaire à remplir\r\n") == 11
    assert text.count("STATUS:TENTATIVE") > 0
    for word in ("ReLUTH", "reluth", "cancer", "santé", "Suivi", "Semaine"):
        assert word not in text


def test_without_any_date_there_is_no_file_to_add(signed_in: FlaskClient) -> None:
    assert "/p/agenda.ics" not in signed_in.get("/p/calendar").text
    assert "BEGIN:VEVENT" not in signed_in.get("/p/agenda.ics").text


def test_help_and_data_are_open_to_everybody_and_name_no_centre_to_strangers(client: FlaskClient) -> None:
    for path in ("/p/help", "/p/data"):
        page = client.get(path)
        assert page.status_code == 200
        for word in ("04 67 61 31 00", "Institut", "ReLUTH", "to-complete"):
            assert word not in page.text


def test_help_names_the_centre_on_a_remembered_device_without_a_pin(signed_in: FlaskClient) -> None:
    signed_in.delete_cookie("participant")
    assert "04 67 61 31 00" in signed_in.get("/p/help").text


def test_the_data_page_marks_what_the_sponsor_has_not_said(signed_in: FlaskClient, world: World) -> None:
    page = signed_in.get("/p/data").text
    assert page.count('class="to-complete"') == 4
    assert "2 mars 2026" in page
    with world.database.reading() as session:
        assert session.get_one(Participant, world.participant_id).consented_on == date(2026, 3, 2)


def test_the_data_page_says_what_the_protocol_says(
    signed_in: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("controller", "contact", "legal_basis", "retention", "hosting")
    said = {name: Label({"fr": f"dit de {name}", "en": f"said of {name}"}) for name in names}
    show_in_protocol(monkeypatch, world, ParticipantPages(data_protection=DataProtection(**said)))
    page = signed_in.get("/p/data").text
    assert "to-complete" not in page
    for name in names:
        assert f"dit de {name}" in page
    assert "said of retention" in signed_in.get("/p/data?language=en").text
