import io
import zipfile
from collections.abc import Callable

import pytest
from conftest import SettableClock
from flask import Flask
from flask.testing import FlaskClient
from staff_world import StaffWorld, csrf_token, sign_in
from werkzeug.test import TestResponse

from pro_app.audit.actor import system_actor
from pro_app.services.releases.make import make_due_releases
from pro_app.settings import Settings
from pro_app.storage.database import Database

RELEASES = "/statistics/releases"
WORKER = system_actor("worker", "releases")


@pytest.fixture
def client(app: Flask, world: StaffWorld) -> FlaskClient:
    assert world
    return signed_in(app, "statistician")


def signed_in(app: Flask, role: str) -> FlaskClient:
    made = app.test_client()
    sign_in(made, role)
    return made


def ask(client: FlaskClient, **said: object) -> TestResponse:
    data: dict[str, object] = {"reason": "Comité <b>de suivi</b>", "purpose": "final"} | said
    data["csrf_token"] = csrf_token(client, RELEASES)
    return client.post(RELEASES, data=data, content_type="multipart/form-data")


def send(client: FlaskClient, path: str) -> TestResponse:
    return client.post(path, data={"csrf_token": csrf_token(client, RELEASES)})


@pytest.fixture
def make(database: Database, settings: Settings, clock: SettableClock) -> Callable[[], None]:
    """Give what the worker does: making the one release that waits."""

    def make_one() -> None:
        made = make_due_releases(database, folder=settings.releases_folder, actor=WORKER, clock=clock)
        assert made == 1

    return make_one


def test_without_a_release_the_page_says_so_and_offers_the_form(client: FlaskClient) -> None:
    page = client.get(RELEASES)

    assert page.status_code == 200
    assert "empty-state" in page.text
    assert 'name="reason"' in page.text


def test_a_release_is_asked_for_watched_made_and_taken(client: FlaskClient, make: Callable[[], None]) -> None:
    asked = ask(client)
    assert (asked.status_code, asked.location) == (303, f"{RELEASES}/1")
    waiting = client.get(f"{RELEASES}/1")
    assert waiting.headers["Refresh"] == "3"
    assert "Comité &lt;b&gt;de suivi&lt;/b&gt;" in waiting.text

    make()
    made = client.get(f"{RELEASES}/1")
    assert "Refresh" not in made.headers
    taken = send(client, f"{RELEASES}/1/archive")
    assert (taken.status_code, taken.mimetype) == (200, "application/zip")
    assert taken.headers["Cache-Control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(taken.data)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
    taken.close()
    assert {"README.html", "manifest.json", "tables/csv/scores.csv"} <= set(names)
    page = client.get(f"{RELEASES}/1").text
    assert all(name in page for name in names)
    assert "Statistician" in page


@pytest.mark.parametrize(
    "said",
    [
        {"reason": ""},
        {"reason": "x" * 501},
        {"reason": "two\nlines"},
        {"purpose": ""},
        {"purpose": "curiosity"},
        {"demographics": (io.BytesIO(b"participant_code,age\n15-001,60\n"), "d.csv")},
        {"demographics": (io.BytesIO(b"participant_code,age,sex\nNOBODY,60,F\n"), "d.csv")},
        {"demographics": (io.BytesIO(b"\xff\xfe\x00"), "d.csv")},
    ],
    ids=lambda said: next(iter(said)),
)
def test_an_unusable_request_is_refused_with_its_words_kept(
    client: FlaskClient, said: dict[str, object]
) -> None:
    answer = ask(client, **said)

    assert answer.status_code == 400
    assert "error-summary" in answer.text
    assert client.get(f"{RELEASES}/1").status_code == 404


def test_a_second_person_approves_and_only_then_are_the_arms_told_apart(
    app: Flask, client: FlaskClient, make: Callable[[], None]
) -> None:
    ask(client, purpose="planned_interim")
    make()
    by_arm = f"{RELEASES}/1/figures?by=arm"
    assert client.get(f"{RELEASES}/1/figures").status_code == 200
    assert client.get(by_arm).status_code == 404
    assert send(client, f"{RELEASES}/1/approve").status_code == 400

    coordinator = signed_in(app, "coordinator")
    assert send(coordinator, f"{RELEASES}/1/approve").status_code == 303
    assert client.get(by_arm).status_code == 200
    assert send(coordinator, f"{RELEASES}/1/approve").status_code == 400


def test_a_check_of_the_data_is_never_shown_by_arm(client: FlaskClient, make: Callable[[], None]) -> None:
    ask(client, purpose="data_check")
    make()

    assert client.get(f"{RELEASES}/1/figures").status_code == 200
    assert client.get(f"{RELEASES}/1/figures?by=arm").status_code == 404
    assert client.get(f"{RELEASES}/1/figures/means-by-time.csv?by=arm").status_code == 404


def test_an_archive_that_is_gone_is_said_to_be_absent(
    client: FlaskClient, make: Callable[[], None], settings: Settings
) -> None:
    ask(client)
    make()
    for path in settings.releases_folder.rglob("*.zip"):
        path.unlink()

    assert client.get(f"{RELEASES}/1").status_code == 200
    assert send(client, f"{RELEASES}/1/archive").status_code == 404


def test_other_roles_find_no_such_pages(app: Flask, world: StaffWorld) -> None:
    for role in set(world.account_ids) - {"statistician", "coordinator"}:
        client = signed_in(app, role)
        for path in (RELEASES, f"{RELEASES}/1", "/statistics/figures", "/statistics/figures/completion.csv"):
            assert client.get(path).status_code == 404, (role, path)


def test_two_releases_are_compared_on_screen_and_as_a_file(
    client: FlaskClient, make: Callable[[], None]
) -> None:
    for _ in range(2):
        ask(client, purpose="other")
        make()

    assert f"{RELEASES}/1/compare/2" in client.get(f"{RELEASES}/2").text
    page = client.get(f"{RELEASES}/1/compare/2")
    assert page.status_code == 200
    assert "empty-state" in page.text
    rows = client.get(f"{RELEASES}/1/compare/2.csv")
    assert (rows.status_code, rows.mimetype) == (200, "text/csv")
    assert rows.text.startswith("table,participant_code,")
    for path in ("1/compare/1", "2/compare/1", "1/compare/3", "1/compare/1.csv"):
        assert client.get(f"{RELEASES}/{path}").status_code == 404
