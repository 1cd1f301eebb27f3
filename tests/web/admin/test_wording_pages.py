import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import NOW
from flask import Flask
from flask.testing import FlaskClient
from staff_world import StaffWorld, csrf_token, sign_in
from werkzeug.test import TestResponse
from wording_packs import GINET21, change, make_pack
from wording_world import approve, bring_in

from pro_app.services.studies import find_wording
from pro_app.storage.database import Database

SignIn = Callable[[str], FlaskClient]


@pytest.fixture
def signed_in(app: Flask, world: StaffWorld) -> SignIn:
    """Give a browser in which the member of staff of a role is signed in."""
    assert world

    def open_browser(role: str) -> FlaskClient:
        client = app.test_client()
        sign_in(client, role)
        return client

    return open_browser


@pytest.fixture
def pack_id(database: Database, world: StaffWorld, tmp_path: Path) -> int:
    data = change(make_pack(), "items.44", "Énoncé <b>44</b>\nsur deux lignes")
    return bring_in(
        database, data, study_id=world.study_id, folder=tmp_path, now=NOW, form="json"
    ).record.pack_id


def send(client: FlaskClient, path: str, **data: str) -> TestResponse:
    return client.post(path, data={"csrf_token": csrf_token(client, "/staff/account")} | data)


def in_use(database: Database, world: StaffWorld) -> str:
    with database.reading() as session:
        return find_wording(
            session,
            study_id=world.study_id,
            instrument_code=GINET21,
            instrument_version="1.0",
            language="fr",
        )


def test_without_an_import_the_page_says_how_a_text_comes_here(signed_in: SignIn) -> None:
    page = signed_in("administrator").get("/admin/wording").text

    assert "pro-app wording import" in page
    assert page.count("placeholder-fr") == 2


def test_the_proof_shows_every_text_as_it_is_written_beside_the_placeholder(
    signed_in: SignIn, pack_id: int
) -> None:
    page = signed_in("coordinator").get(f"/admin/wording/{pack_id}").text

    for number in range(31, 52):
        assert f"Énoncé d’essai numéro {number} ?" in page or number == 44
    assert "Énoncé &lt;b&gt;44&lt;/b&gt;\nsur deux lignes" in page
    assert "Proches et entourage" in page
    assert "LIC-2026-017" in page
    assert re.search(r"[0-9a-f]{64}", page)


def test_two_people_approve_on_the_page_and_one_of_them_puts_the_text_in_use(
    signed_in: SignIn, database: Database, *, world: StaffWorld, pack_id: int
) -> None:
    proof = f"/admin/wording/{pack_id}"
    first, second = signed_in("administrator"), signed_in("coordinator")
    before = in_use(database, world)

    assert send(first, f"{proof}/approve", has_compared="y").status_code == 303
    assert f'action="{proof}/approve"' not in first.get(proof).text
    assert send(first, f"{proof}/approve", has_compared="y").status_code == 409
    assert send(first, f"{proof}/use").status_code == 409
    assert send(second, f"{proof}/approve", has_compared="y").status_code == 303
    assert in_use(database, world) == before
    assert send(second, f"{proof}/use").status_code == 303

    assert in_use(database, world) != before
    page = second.get(proof).text
    assert "Administrator" in page
    assert f"{proof}/use" not in page
    assert f"{proof}/refuse" not in page
    assert "essai-1" in second.get("/admin/wording").text


def test_nobody_approves_without_saying_that_every_text_was_compared(signed_in: SignIn, pack_id: int) -> None:
    client = signed_in("coordinator")

    answer = send(client, f"/admin/wording/{pack_id}/approve")

    assert answer.status_code == 400
    assert 'id="has_compared-error"' in answer.text
    assert f"/admin/wording/{pack_id}/approve" in answer.text


def test_a_refusal_needs_a_reason_and_ends_the_matter(signed_in: SignIn, pack_id: int) -> None:
    client, proof = signed_in("coordinator"), f"/admin/wording/{pack_id}"

    assert send(client, f"{proof}/refuse", reason="").status_code == 400
    assert send(client, f"{proof}/refuse", reason="x" * 501).status_code == 400
    assert send(client, f"{proof}/refuse", reason="Une virgule manque").status_code == 303

    page = client.get(proof).text
    assert "Une virgule manque" in page
    for act in ("approve", "refuse", "use"):
        assert f"{proof}/{act}" not in page
    assert send(client, f"{proof}/approve", has_compared="y").status_code == 409


def test_a_monitor_reads_and_decides_nothing(signed_in: SignIn, pack_id: int) -> None:
    client, proof = signed_in("monitor"), f"/admin/wording/{pack_id}"

    assert client.get("/admin/wording").status_code == 200
    assert f'action="{proof}' not in client.get(proof).text
    for act in ("approve", "refuse", "use"):
        assert send(client, f"{proof}/{act}", has_compared="y", reason="non").status_code == 404


@pytest.mark.parametrize("role", ["nurse", "investigator", "statistician"])
def test_others_do_not_see_the_pages(signed_in: SignIn, pack_id: int, role: str) -> None:
    client = signed_in(role)

    assert client.get("/admin/wording").status_code == 404
    assert client.get(f"/admin/wording/{pack_id}").status_code == 404


def test_the_list_shows_how_far_the_approvals_are(
    signed_in: SignIn, database: Database, *, world: StaffWorld, pack_id: int
) -> None:
    approve(database, pack_id, actor=world.actor("administrator"), now=NOW)

    page = signed_in("coordinator").get("/admin/wording").text

    assert re.search(r"1 (of|sur) 2", page)


@pytest.mark.parametrize("key", ["0", "77", "9" * 30])
def test_a_text_that_is_not_there_is_not_found(signed_in: SignIn, key: str) -> None:
    assert signed_in("coordinator").get(f"/admin/wording/{key}").status_code == 404
