import io
import zipfile

import pytest
from flask import Flask
from flask.testing import FlaskClient
from staff_world import StaffWorld, csrf_token, sign_in
from werkzeug.test import TestResponse

from pro_app.services.dataset import list_downloads
from pro_app.storage.database import Database


@pytest.fixture
def client(app: Flask, world: StaffWorld) -> FlaskClient:
    assert world
    made = app.test_client()
    sign_in(made, "statistician")
    return made


def download(client: FlaskClient, purpose: str) -> TestResponse:
    data = {"csrf_token": csrf_token(client, "/statistics/"), "purpose": purpose}
    return client.post("/statistics/dataset", data=data)


def test_the_page_says_what_there_is_and_that_the_study_is_in_test_mode(client: FlaskClient) -> None:
    page = client.get("/statistics/")

    assert page.status_code == 200
    for name in ("participants.csv", "assessments.csv", "items.csv", "scores.csv", "manifest.json"):
        assert name in page.text
    assert "mode test" in page.text or "test mode" in page.text


def test_the_download_is_a_whole_zip_that_no_cache_keeps(client: FlaskClient) -> None:
    answer = download(client, "Contrôle des données")

    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="')
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        assert "scores.csv" in archive.namelist()


def test_each_download_stands_on_the_page_with_its_purpose(
    client: FlaskClient, database: Database, world: StaffWorld
) -> None:
    download(client, "Contrôle <b>des données</b>")

    page = client.get("/statistics/").text
    assert "Contrôle &lt;b&gt;des données&lt;/b&gt;" in page
    with database.reading() as session:
        assert len(list_downloads(session, study_id=world.study_id)) == 1


@pytest.mark.parametrize("purpose", ["", "   ", "x" * 501, "two\nlines"])
def test_without_a_usable_purpose_nothing_is_handed_out(client: FlaskClient, purpose: str) -> None:
    answer = download(client, purpose)

    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert "empty-state" in client.get("/statistics/").text


def test_only_statisticians_see_the_page_or_the_data(app: Flask, world: StaffWorld) -> None:
    answers = {}
    for role in world.account_ids:
        client = app.test_client()
        sign_in(client, role)
        data = {"csrf_token": csrf_token(client, "/staff/account"), "purpose": "x"}
        answers[role] = (
            client.get("/statistics/").status_code,
            client.post("/statistics/dataset", data=data).status_code,
        )

    assert answers.pop("statistician") == (200, 200)
    assert set(answers.values()) == {(404, 404)}


def test_the_statistician_reaches_no_other_face(client: FlaskClient) -> None:
    paths = ("/clinic/", "/admin/", "/admin/accounts", "/p/home")

    assert [client.get(path).status_code for path in paths[:3]] == [404] * 3
    assert client.get(paths[3]).status_code in {302, 404}
