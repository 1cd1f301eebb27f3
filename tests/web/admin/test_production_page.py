"""The page on which a study is brought to production."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import NOW
from flask import Flask
from flask.testing import FlaskClient
from staff_world import StaffWorld, csrf_token, sign_in
from werkzeug.test import TestResponse
from wording_packs import C30, GINET21, make_pack
from wording_world import put_in_use

from pro_app.protocol.rules import DataProtection, Label, ParticipantPages
from pro_app.services.production.entries import ENTRY_WORDS
from pro_app.services.production.overview import load_production_overview
from pro_app.services.protocol_versions import find_version_in_force
from pro_app.services.study_overview import load_study_overview
from pro_app.services.wording_packs.records import list_wordings_in_use
from pro_app.storage.catalogue import known_protocols, load_protocol
from pro_app.storage.database import Database

PAGE = "/admin/study/production"


@pytest.fixture
def coordinator(app: Flask, world: StaffWorld) -> FlaskClient:
    assert world
    client = app.test_client()
    sign_in(client, "coordinator")
    return client


@pytest.fixture
def ready(database: Database, world: StaffWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: PLR0917 -- fixtures
    """Put licensed texts in use, and let the protocol tell patients everything about their data."""
    people = (world.actor("coordinator"), world.actor("administrator"))
    for instrument in (C30, GINET21):
        put_in_use(database, make_pack(instrument), people=people, folder=tmp_path, now=NOW)
    said = {name: Label({"fr": name}) for name in DataProtection().unsaid}
    with database.reading() as session:
        sha256 = find_version_in_force(session, world.study_id).sha256
        protocol = load_protocol(session, sha256)
    pages = ParticipantPages(data_protection=DataProtection(**said))
    monkeypatch.setitem(known_protocols, sha256, replace(protocol, participant_pages=pages))


def send(client: FlaskClient, path: str, **data: str) -> TestResponse:
    return client.post(path, data={"csrf_token": csrf_token(client, "/staff/account")} | data)


def record_documents(client: FlaskClient) -> None:
    for kind in ENTRY_WORDS:
        until = {"until": "2027-03-01"} if kind == "hosting-certificate" else {}
        assert (
            send(client, PAGE, kind=kind, reference=f"REF {kind}", on="2026-01-15", **until).status_code
            == 302
        )


def is_live(database: Database, world: StaffWorld) -> bool:
    with database.reading() as session:
        return load_production_overview(session, study_id=world.study_id, now=NOW).is_live


def test_the_page_names_everything_that_blocks_production(coordinator: FlaskClient) -> None:
    page = coordinator.get(PAGE).text

    assert page.count("<li>") >= len(ENTRY_WORDS)
    assert "HDS" in page
    assert f"{PAGE}/go-live" not in page
    assert coordinator.get(f"{PAGE}/go-live").location == PAGE


def test_a_refused_going_live_names_what_is_missing_and_changes_nothing(
    coordinator: FlaskClient, database: Database, world: StaffWorld
) -> None:
    with database.reading() as session:
        before = list_wordings_in_use(session, world.study_id)

    answer = send(coordinator, f"{PAGE}/go-live")

    assert (answer.status_code, "HDS" in answer.text) == (409, True)
    assert not is_live(database, world)
    with database.reading() as session:
        assert list_wordings_in_use(session, world.study_id) == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"reference": ""},
        {"on": "2099-01-01"},
        {"on": ""},
        {"kind": "poem"},
        {"kind": "hosting-certificate"},
        {"allows_listening": "y"},
    ],
)
def test_a_document_that_does_not_fit_is_refused_with_its_reason(
    coordinator: FlaskClient, wrong: dict[str, str]
) -> None:
    good = {"kind": "authority", "reference": "ANSM 2026/7", "on": "2026-01-15"}

    answer = send(coordinator, PAGE, **(good | wrong))

    assert (answer.status_code, "error-summary" in answer.text) == (400, True)
    assert "ANSM 2026/7" not in coordinator.get(PAGE).text


def test_with_everything_there_the_study_goes_live_after_a_confirmation(  # noqa: PLR0917 -- fixtures
    coordinator: FlaskClient, database: Database, world: StaffWorld, ready: None
) -> None:
    assert ready is None
    record_documents(coordinator)
    assert "REF ethics-committee" in coordinator.get(PAGE).text
    assert coordinator.get(f"{PAGE}/go-live").status_code == 200
    assert not is_live(database, world)

    assert send(coordinator, f"{PAGE}/go-live").location == PAGE

    assert is_live(database, world)
    assert coordinator.get(f"{PAGE}/go-live").location == PAGE


@pytest.mark.parametrize("role", ["nurse", "investigator", "monitor", "inspector", "statistician"])
def test_nobody_else_comes_there(app: Flask, world: StaffWorld, role: str) -> None:
    assert world
    client = app.test_client()
    sign_in(client, role)

    assert [client.get(path).status_code for path in (PAGE, f"{PAGE}/go-live")] == [404, 404]
    assert [send(client, path).status_code for path in (PAGE, f"{PAGE}/go-live")] == [404, 404]


def test_a_certificate_that_is_over_counts_as_missing_until_the_study_is_in_production(
    coordinator: FlaskClient, database: Database, world: StaffWorld
) -> None:
    record_documents(coordinator)
    after = datetime(2027, 3, 2, 12, tzinfo=UTC)
    with database.reading() as session:
        before = load_production_overview(session, study_id=world.study_id, now=NOW)
        over = load_production_overview(session, study_id=world.study_id, now=after)
        counted = load_study_overview(session, study_id=world.study_id, now=after)
    assert "hosting-certificate" not in {problem.place for problem in before.missing}
    assert "hosting-certificate" in {problem.place for problem in over.missing}
    assert "hosting-certificate" not in {problem.place for problem in over.remarks}
    assert "hosting-certificate" in {problem.place for problem in replace(over, is_live=True).remarks}
    assert counted.missing == len(over.missing)
