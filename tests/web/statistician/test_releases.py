import csv
import html
import io
import zipfile
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from clinic_world import Clinic
from conftest import SettableClock
from flask import Flask
from flask.testing import FlaskClient
from staff_world import StaffWorld, csrf_token, sign_in
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from pro_app.audit.actor import system_actor
from pro_app.services.releases.make import make_due_releases
from pro_app.settings import Settings
from pro_app.storage.database import Database
from pro_app.storage.queries.audit_trail import list_entries
from pro_app.storage.tables.releases import DataRelease

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
    assert "Refresh" not in waiting.headers
    assert "js/release.js" in waiting.text
    assert 'aria-live="polite"' in waiting.text
    assert "Actualiser" in waiting.text
    assert "Comité &lt;b&gt;de suivi&lt;/b&gt;" in waiting.text

    make()
    made = client.get(f"{RELEASES}/1")
    assert "js/release.js" not in made.text
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


def test_a_coordinator_approves_and_compares_and_takes_no_answers(
    app: Flask, client: FlaskClient, make: Callable[[], None]
) -> None:
    for _ in range(2):
        ask(client, purpose="final")
        make()
    coordinator = signed_in(app, "coordinator")
    rows, archive = f"{RELEASES}/1/compare/2/rows", f"{RELEASES}/1/archive"

    for page in (f"{RELEASES}/1", f"{RELEASES}/1/compare/2"):
        assert rows not in coordinator.get(page).text
        assert archive not in coordinator.get(page).text
    assert archive in client.get(f"{RELEASES}/1").text
    assert [send(coordinator, path).status_code for path in (archive, rows)] == [404, 404]
    assert send(coordinator, f"{RELEASES}/1/approve").status_code == 303


def test_asking_how_far_a_release_is_keeps_no_session_alive(
    client: FlaskClient, clock: SettableClock, make: Callable[[], None]
) -> None:
    ask(client)
    signed_in_at = clock.now
    answers = []
    while clock.now - signed_in_at < timedelta(minutes=70):
        clock.now += timedelta(minutes=5)
        answers.append(client.get(f"{RELEASES}/1/state", headers={"Accept": "application/json"}))

    assert answers[0].get_json() == {"state": "requested", "done": 0, "total": 0, "words": ""}
    assert [answer.status_code for answer in answers] == [200] * 11 + [401] * 3
    make()
    sign_in(client, "statistician")
    assert client.get(f"{RELEASES}/1/state").get_json()["state"] == "made"
    assert client.get(f"{RELEASES}/2/state").status_code == 404


def test_looking_at_a_release_keeps_the_session_alive(client: FlaskClient, clock: SettableClock) -> None:
    ask(client)
    for _ in range(3):
        clock.now += timedelta(minutes=40)
        assert client.get(f"{RELEASES}/1").status_code == 200


@pytest.mark.parametrize(("size", "words"), [(1_100_000, "trop volumineux"), (0, "colonnes")])
def test_a_file_of_no_use_is_refused_in_words_about_the_file(
    client: FlaskClient, *, size: int, words: str
) -> None:
    said = {"reason": "Suivi", "purpose": "final", "csrf_token": csrf_token(client, RELEASES)}
    file = FileStorage(io.BytesIO(b"x" * size), "d.csv", "demographics")
    # Encoded here, because the client would leave the temporary file of a large form open.
    boundary, body = encode_multipart(said | {"demographics": file})
    answer = client.post(RELEASES, data=body, content_type=f"multipart/form-data; boundary={boundary}")

    assert answer.status_code == 400
    assert words in html.unescape(answer.text)


def test_beyond_what_the_app_takes_at_all_the_page_speaks_of_size(client: FlaskClient) -> None:
    content_type = "multipart/form-data; boundary=x"
    answer = client.post(RELEASES, data=b"x" * 2_200_000, content_type=content_type)

    assert answer.status_code == 413
    assert "trop volumineux" in answer.text or "too large" in answer.text
    assert "votre centre" not in answer.text


def test_differences_of_scores_are_marked_as_english_and_said_to_be_the_first(
    client: FlaskClient, database: Database, clock: SettableClock
) -> None:
    ask(client)
    with database.writing() as session:
        row = session.get_one(DataRelease, 1)
        row.failed_at, row.failure_code, row.failure_details = clock.now, "scores_disagree", ["PF2 differs"]
    page = client.get(f"{RELEASES}/1").text

    assert '<li class="code" lang="en">PF2 differs</li>' in page
    assert "200" in page


def release_around_randomisation(app: Flask, world: StaffWorld, make_release: Callable[[], None]) -> None:
    """Enrol somebody, make a release, randomise, and make another one."""
    parts = app.extensions["pro_app"]
    members = [world.actor(role) for role in ("nurse", "nurse", "coordinator", "monitor")]
    clinic = Clinic(parts.database, parts.vault, world.study_id, world.site_id, world.site_id, *members)
    person = clinic.enrol(date(2026, 1, 5), site_id=world.site_id, participant_code="01-001")
    make_release()
    clinic.record(person, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    make_release()


@pytest.mark.parametrize("purpose", ["data_check", "final"])
def test_what_changed_is_counted_on_screen_and_taken_as_a_file_that_is_recorded(  # noqa: PLR0917 -- fixtures
    app: Flask, client: FlaskClient, world: StaffWorld, make: Callable[[], None], purpose: str
) -> None:
    def make_release() -> None:
        ask(client, purpose=purpose)
        make()

    release_around_randomisation(app, world, make_release)
    hidden = compare(client)
    coordinator = signed_in(app, "coordinator")
    for number in (1, 2):
        send(coordinator, f"{RELEASES}/{number}/approve")
    approved = compare(client)

    assert [row for row in hidden if row["column"] == "arm"] == []
    arms = {row["after"] for row in approved if row["column"] == "arm"}
    assert arms == ({"LUTATHERA"} if purpose == "final" else set())
    assert hidden
    with app.extensions["pro_app"].database.reading() as session:
        entries = list_entries(session, action="release.download", subject_ref="release:2", limit=10)
    assert [entry.after("what") for entry in entries] == ["comparison with release 1"] * 2


def compare(client: FlaskClient) -> list[dict[str, str]]:
    """Look at the page, which names nobody, and take the rows that it offers."""
    page = client.get(f"{RELEASES}/1/compare/2").text
    assert "01-001" not in page
    assert f"{RELEASES}/1/compare/2/rows" in page
    taken = send(client, f"{RELEASES}/1/compare/2/rows")
    assert (taken.status_code, taken.mimetype) == (200, "text/csv")
    return list(csv.DictReader(io.StringIO(taken.text)))


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
    rows = send(client, f"{RELEASES}/1/compare/2/rows")
    assert (rows.status_code, rows.mimetype) == (200, "text/csv")
    assert rows.text.startswith("table,participant_code,")
    for path in ("1/compare/1", "2/compare/1", "1/compare/3"):
        assert client.get(f"{RELEASES}/{path}").status_code == 404
        assert send(client, f"{RELEASES}/{path}/rows").status_code == 404
    assert client.get(f"{RELEASES}/1/compare/2/rows").status_code == 405
