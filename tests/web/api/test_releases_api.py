import csv
import gzip
import io
import json
import re
from collections.abc import Callable
from datetime import timedelta

import polars as pl
import pyreadstat
import pytest
from conftest import SettableClock
from flask import Flask
from sqlalchemy import update
from staff_world import StaffWorld, sign_in
from werkzeug.test import TestResponse

from pro_app.exports.tables.catalogue import TABLES
from pro_app.exports.tables.participants import PARTICIPANTS
from pro_app.services.accounts import disable_account
from pro_app.services.api_tokens import list_tokens, revoke_token
from pro_app.storage.database import Database
from pro_app.storage.queries.audit_trail import list_entries
from pro_app.storage.tables.accounts import StaffRole

Ask = Callable[..., TestResponse]


def assert_problem(answer: TestResponse, status: int) -> None:
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert json.loads(answer.data)["status"] == status
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("released")
def test_the_list_and_one_release_say_what_there_is(ask: Ask) -> None:
    [listed] = ask("releases").get_json()["releases"]
    described = ask("releases/1").get_json()

    assert (listed["number"], listed["state"], listed["reason"]) == (1, "made", "Comité « de suivi »")
    assert {name: described[name] for name in listed} == listed
    assert set(described["tables"]) == {table.name for table in TABLES}
    assert described["tables"]["items"] == ["csv", "dta", "parquet", "sav"]
    assert {"QS", "ADSL"} <= set(described["datasets"])
    assert described["datasets"]["QS"] == ["json", "xpt"]


@pytest.mark.usefixtures("released")
def test_a_table_comes_in_every_format(ask: Ask) -> None:
    path = "releases/1/tables/participants"
    rows = list(csv.reader(io.StringIO(ask(path).get_data(as_text=True))))
    parquet = pl.read_parquet(ask(f"{path}?format=parquet").data)

    assert tuple(rows[0]) == PARTICIPANTS.column_names
    assert tuple(parquet.columns) == PARTICIPANTS.column_names
    assert ask(f"{path}?format=csv").data == ask(path).data
    for form, read in (("sav", pyreadstat.read_sav), ("dta", pyreadstat.read_dta)):
        answer = ask(f"{path}?format={form}")
        _, metadata = read(io.BytesIO(answer.data), metadataonly=True, output_format="dict")
        assert len(metadata.column_names) == len(PARTICIPANTS.columns)
        assert answer.headers["Content-Disposition"] == f'attachment; filename="participants.{form}"'


@pytest.mark.usefixtures("released")
def test_a_dataset_comes_as_transport_file_and_as_json_whatever_its_case(ask: Ask) -> None:
    transport = ask("releases/1/datasets/qs")
    readable = ask("releases/1/datasets/QS?format=json")

    assert transport.data.startswith(b"HEADER RECORD*******LIBRARY HEADER RECORD")
    assert readable.get_json()["name"] == "QS"


@pytest.mark.usefixtures("released")
def test_what_is_taken_stands_in_the_audit_trail(ask: Ask, database: Database) -> None:
    ask("releases")
    ask("releases/1")
    ask("releases/1/tables/scores", method="HEAD")
    ask("releases/1/tables/scores?format=sav")

    with database.reading() as session:
        entries = list_entries(session, action="release.download", subject_ref="release:1", limit=10)
    [entry] = entries
    assert entry.after("what") == "tables/spss/scores.sav"
    assert entry.actor.startswith("account:")


@pytest.mark.usefixtures("released")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("releases/2", 404),
        ("releases/1/tables/none", 404),
        ("releases/1/datasets/XX", 404),
        ("releases/1/tables/scores?format=xlsx", 406),
        ("releases/1/datasets/QS?format=csv", 406),
        ("releases/1/tables/..%2F..%2Fmanifest.json", 404),
        ("nothing", 404),
    ],
)
def test_what_is_not_there_is_a_problem_in_json(ask: Ask, path: str, status: int) -> None:
    assert_problem(ask(path), status)


def test_without_a_token_nothing_is_said(ask: Ask) -> None:
    for path in ("releases", "releases/1", "releases/1/tables/scores", "releases/1/datasets/QS", "nothing"):
        answer = ask(path, None)
        assert_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_staff_session_is_no_token_and_a_token_is_no_session(
    app: Flask, ask: Ask, world: StaffWorld
) -> None:
    client = app.test_client()
    sign_in(client, "statistician")
    assert world
    assert client.get("/api/v1/releases").status_code == 401
    token_at_page = app.test_client().get("/statistics/", headers={"Authorization": "Bearer x"})
    assert token_at_page.status_code == 302
    assert ask("releases").status_code == 200


def test_an_expired_token_opens_nothing(ask: Ask, clock: SettableClock) -> None:
    assert ask("releases").status_code == 200
    clock.now += timedelta(days=30)
    assert_problem(ask("releases"), 401)


def test_a_revoked_token_opens_nothing(  # noqa: PLR0917 -- fixtures
    ask: Ask, database: Database, world: StaffWorld, clock: SettableClock
) -> None:
    actor = world.actor("statistician")
    with database.writing() as session:
        [token] = list_tokens(session, actor=actor)
        revoke_token(session, token_id=token.token_id, actor=actor, now=clock())
    assert_problem(ask("releases"), 401)


def test_a_disabled_account_has_no_tokens(  # noqa: PLR0917 -- fixtures
    ask: Ask, database: Database, world: StaffWorld, clock: SettableClock
) -> None:
    with database.writing() as session:
        disable_account(
            session,
            account_id=world.account_ids["statistician"],
            actor=world.actor("administrator"),
            now=clock(),
        )
    assert_problem(ask("releases"), 401)


def test_a_token_from_before_somebody_became_a_coordinator_opens_nothing(  # noqa: PLR0917 -- fixtures
    ask: Ask, make_token: Callable[[str], str], database: Database, world: StaffWorld
) -> None:
    token = make_token("statistician")
    assert ask("releases", token).status_code == 200

    with database.writing() as session:
        held = StaffRole.account_id == world.account_ids["statistician"]
        session.execute(update(StaffRole).where(held).values(role="coordinator"))

    assert_problem(ask("releases", token), 401)


def test_too_many_wrong_tokens_have_to_wait_while_a_good_one_goes_on(ask: Ask) -> None:
    answers = [ask("releases", "proapp_wrong") for _ in range(31)]

    assert_problem(answers[0], 401)
    assert_problem(answers[-1], 429)
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert ask("releases").status_code == 200


def test_wrong_tokens_keep_nobody_from_signing_in(app: Flask, ask: Ask) -> None:
    for _ in range(31):
        ask("releases", "proapp_wrong")
    client = app.test_client()

    assert sign_in(client, "nurse") == 302
    assert client.get("/clinic/").status_code == 200


def test_a_token_that_has_ended_is_no_guess(ask: Ask, clock: SettableClock) -> None:
    clock.now += timedelta(days=31)
    answers = [ask("releases") for _ in range(35)]

    assert {answer.status_code for answer in answers} == {401}


def test_the_use_of_a_token_is_noted(  # noqa: PLR0917 -- fixtures
    ask: Ask, database: Database, world: StaffWorld, clock: SettableClock
) -> None:
    ask("releases")
    with database.reading() as session:
        [token] = list_tokens(session, actor=world.actor("statistician"))
    assert token.last_used_at == clock()


def test_the_description_names_every_route_and_no_other(app: Flask, ask: Ask) -> None:
    document = ask("openapi.json", None).get_json()
    rules = [rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1/")]
    routes = {re.sub(r"<(?:int:)?(\w+)>", r"{\1}", rule.removeprefix("/api/v1")) for rule in rules}

    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == routes
    for path, operations in document["paths"].items():
        parameters = operations["get"]["parameters"]
        named = [parameter["name"] for parameter in parameters if parameter["in"] == "path"]
        assert named == re.findall(r"{(\w+)}", path)


def test_every_reference_of_the_description_leads_somewhere(ask: Ask) -> None:
    document = ask("openapi.json", None).get_json()
    references = set()
    waiting = [document]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            references |= {part["$ref"]} if "$ref" in part else set()
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part

    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references == schemas


@pytest.mark.usefixtures("released")
def test_a_program_that_takes_compressed_answers_gets_the_same_bytes(
    app: Flask, ask: Ask, make_token: Callable[[str], str]
) -> None:
    path = "/api/v1/releases/1/datasets/QS?format=json"
    headers = {"Authorization": f"Bearer {make_token('statistician')}", "Accept-Encoding": "gzip"}
    answer = app.test_client().get(path, headers=headers)
    sent = answer.data

    assert int(answer.headers.get("Content-Length", len(sent))) == len(sent)
    received = gzip.decompress(sent) if answer.headers.get("Content-Encoding") == "gzip" else sent
    assert received == ask("releases/1/datasets/QS?format=json").data


def test_a_wrong_method_is_a_problem_in_json_here_and_a_page_elsewhere(app: Flask) -> None:
    client = app.test_client()
    assert_problem(client.post("/api/v1/releases"), 405)
    assert client.post("/demo-is-no-page", headers={"Accept": "text/html"}).mimetype == "text/html"
    assert client.delete("/staff/sign-in").mimetype == "text/html"
