"""What a phone may keep: the whole questionnaire without any answer, the page for times without a network."""

import re

import builders
import pytest
from conftest import NOW
from flask import Flask
from flask.testing import FlaskClient
from participant_world import World, post
from werkzeug.test import TestResponse

from pro_app.services.sessions import start_participant_session
from pro_app.web.security_headers import CONTENT_SECURITY_POLICY

TEMPLATE = re.compile(r'<template data-screen="([\w-]+)"(?: data-item="([\w:-]+)")?>')


@pytest.fixture
def address(world: World) -> str:
    """Give the address of the questionnaire that is due."""
    return f"/p/q/{world.assessment().assessment_id}"


def answer(client: FlaskClient, screen: str, said: str) -> None:
    post(client, client.get(screen), {"answer": said, "go": "next"})


def load(client: FlaskClient, address: str) -> TestResponse:
    """Load a file whole, and close it."""
    with client.get(address) as reply:
        assert reply.data
        return reply


def main_of(html: str) -> str:
    """Give what stands between top and bottom, without what belongs to one moment."""
    inside = re.search(r'<main[^>]*id="main">(.*?)</main>', html, re.DOTALL)
    assert inside
    lasting = re.sub(r"<input[^>]*(?:page_id|csrf_token)[^>]*>", "", inside[1])
    return re.sub(r"\s+", " ", lasting).strip()


def screen_of(whole: str, place: int | str) -> str:
    """Give one screen out of the whole document."""
    return whole.split(f'<template data-screen="{place}"')[1].partition("</template>")[0]


def test_the_whole_document_holds_every_screen_in_order(signed_in: FlaskClient, address: str) -> None:
    page = signed_in.get(f"{address}/whole")

    found = TEMPLATE.findall(page.text)
    places = [place for place, _ in found]
    items = [item for _, item in found if item]
    assert page.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert places == ["asking", "respondent-missing", *map(str, range(1, 57)), "review", "send", "sent"]
    assert items[0] == "qlq-c30:1"
    assert len(items) == len(set(items)) == 51


@pytest.mark.parametrize("number", [1, 2, 31, 32, 44, 56])
def test_a_screen_of_the_whole_document_is_the_single_page(
    signed_in: FlaskClient, address: str, number: int
) -> None:
    single = signed_in.get(f"{address}/{number}").text
    whole = signed_in.get(f"{address}/whole").text

    assert main_of(screen_of(whole, number)) == main_of(single)
    title = re.search(r"<title>(.*?)</title>", single)
    assert title
    assert f"<title>{title[1]}</title>" in screen_of(whole, number)


def test_the_whole_document_is_the_same_whatever_was_answered(signed_in: FlaskClient, address: str) -> None:
    def load_whole() -> str:
        return re.sub(r'name="page_id"[^>]*>', "", signed_in.get(f"{address}/whole").text)

    before = load_whole()
    for number, said in ((2, "4"), (3, "1"), (32, "7")):
        answer(signed_in, f"{address}/{number}", said)

    assert load_whole() == before
    assert "checked" not in before
    assert "csrf_token" not in before


def test_the_answers_come_apart_as_the_forms_carry_them(signed_in: FlaskClient, address: str) -> None:
    answer(signed_in, f"{address}/2", "4")
    answer(signed_in, f"{address}/44", "N")
    post(signed_in, signed_in.get(f"{address}/3"), {"go": "decline"})

    reply = signed_in.get(f"{address}/answers")

    assert reply.json is not None
    items = dict(TEMPLATE.findall(signed_in.get(f"{address}/whole").text))
    assert reply.json["answers"] == {items["2"]: "4", items["44"]: "N", items["3"]: "declined"}
    assert reply.json["owner"] == signed_in.get("/p/sync").json["owner"]  # type: ignore[index]  # JSON
    assert reply.headers["Cache-Control"] == "no-store"


def test_a_questionnaire_that_was_sent_or_is_someone_elses_is_not_given(
    signed_in: FlaskClient, world: World, address: str
) -> None:
    other = f"/p/q/{world.enrol_another().assessment().assessment_id}"
    for part in ("whole", "answers"):
        assert signed_in.get(f"{other}/{part}").status_code == 404
    post(signed_in, signed_in.get(f"{address}/send"), {"respondent": "self"})
    json = {"Accept": "application/json"}
    for part in ("whole", "answers"):
        assert signed_in.get(f"{address}/{part}", headers=json).status_code == 409


def test_nobody_learns_answers_without_signing_in(
    signed_in: FlaskClient, client: FlaskClient, address: str
) -> None:
    post(signed_in, signed_in.get("/p/home"), {}, to="/p/sign-out")
    reply = client.get(f"{address}/answers", headers={"Accept": "application/json"})
    assert reply.status_code == 401
    assert client.get(f"{address}/whole").headers["Location"] == "/"


def test_the_page_for_times_without_a_network_says_nothing_about_anybody(
    signed_in: FlaskClient, client: FlaskClient
) -> None:
    while_signed_in = signed_in.get("/p/offline").text
    post(signed_in, signed_in.get("/p/home"), {}, to="/p/sign-out")

    assert client.get("/p/offline").text == while_signed_in
    assert 'data-owner=""' in while_signed_in


def test_a_page_names_every_file_that_the_phone_has_to_keep(signed_in: FlaskClient, address: str) -> None:
    page = signed_in.get(f"{address}/2").text
    kept = re.search(r'data-assets="([^"]+)"', page)
    assert kept
    addresses = kept[1].replace("&amp;", "&").split()
    assert {load(signed_in, each).status_code for each in addresses} == {200}
    loading = r'<(?:link rel="(?:stylesheet|modulepreload)"|script type="module") (?:href|src)="([^"]+)"'
    referred = re.findall(loading, page)
    assert len(referred) == 7
    assert set(referred) <= set(addresses)


def test_every_module_is_named_by_one_version_so_that_no_old_one_is_mixed_in(
    signed_in: FlaskClient, address: str
) -> None:
    page = signed_in.get(f"{address}/2").text
    versions = set(re.findall(r"/static/js/\w+\.js\?v=(\w+)", page))
    assert len(versions) == 1


def test_the_app_can_be_put_on_the_home_screen_under_a_neutral_name(client: FlaskClient) -> None:
    page = client.get("/").text
    found = re.search(r'<link rel="manifest" href="([^"]+)"', page)
    assert found
    manifest = load(client, found[1])
    assert manifest.mimetype == "application/manifest+json"
    assert manifest.json is not None
    assert (manifest.json["name"], manifest.json["start_url"]) == ("Questionnaires", "/")
    for icon in manifest.json["icons"]:
        reply = load(client, icon["src"])
        assert (reply.status_code, reply.mimetype) == (200, icon["type"])


def test_pages_before_the_sign_in_keep_nothing(client: FlaskClient) -> None:
    for path in ("/", "/p/sign-in", "/p/activate"):
        page = client.get(path).text
        assert 'id="phone"' not in page
        assert "phone.js" not in page


def test_a_tablet_of_the_site_keeps_nothing(app: Flask, client: FlaskClient, world: World) -> None:
    with world.database.writing() as session:
        token = start_participant_session(
            session, participant_id=world.participant_id, device_id=None, mode="site_tablet", now=NOW
        )
    client.set_cookie("participant", builders.signed_cookie(app, token))
    for path in ("/p/home", f"/p/q/{world.assessment().assessment_id}/2"):
        page = client.get(path)
        assert page.status_code == 200
        assert "phone.js" not in page.text
        assert 'id="phone"' not in page.text


def test_the_service_worker_is_served_at_the_root(client: FlaskClient) -> None:
    reply = load(client, "/sw.js")
    assert (reply.status_code, reply.mimetype) == (200, "text/javascript")
