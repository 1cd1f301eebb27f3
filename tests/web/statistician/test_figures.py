import csv
import html
import io
from datetime import date

import pytest
from clinic_world import Clinic, noon
from conftest import SettableClock
from export_world import answer_form
from flask import Flask
from flask.testing import FlaskClient
from staff_world import StaffWorld, csrf_token, sign_in

from pro_app.audit.actor import system_actor
from pro_app.figures.figure import FIGURES
from pro_app.services.releases.make import make_due_releases
from pro_app.settings import Settings

FIGURES_PAGE = "/statistics/figures"
RELEASES = "/statistics/releases"
CONSENT, RANDOMISATION = date(2026, 1, 5), date(2026, 1, 12)
MISSES_WEEK_8 = 2
ARM_WORDS = ("lutathera", "surveillance")
"""In the codes of the arms and in their labels."""
WEEK_8, WEEK_16, LOOK = date(2026, 3, 9), date(2026, 5, 4), date(2026, 5, 20)


@pytest.fixture
def client(app: Flask, world: StaffWorld) -> FlaskClient:
    assert world
    made = app.test_client()
    sign_in(made, "coordinator")
    return made


def test_without_anybody_the_page_says_what_will_appear(client: FlaskClient) -> None:
    page = client.get(FIGURES_PAGE)

    assert page.status_code == 200
    assert "empty-state" in page.text


@pytest.mark.parametrize("code", FIGURES)
def test_every_figure_has_its_numbers_behind_it(client: FlaskClient, code: str) -> None:
    answer = client.get(f"{FIGURES_PAGE}/{code}.csv?scale=qlq-c30:FA")

    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    (header,) = csv.reader(io.StringIO(answer.text))
    assert "arm" in header


@pytest.mark.parametrize(
    "query", ["scale=none", "scale=qlq-c30:XX", "definition=XX", "scale=%00", "by=other"]
)
def test_a_strange_choice_falls_back_to_the_first_or_is_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"{FIGURES_PAGE}?{query}").status_code in {200, 400}


def test_live_figures_are_never_shown_by_arm(client: FlaskClient) -> None:
    assert client.get(f"{FIGURES_PAGE}?by=arm").status_code == 404
    assert client.get(f"{FIGURES_PAGE}/means-by-time.csv?by=arm").status_code == 404


def test_an_unknown_figure_is_not_there(client: FlaskClient) -> None:
    assert client.get(f"{FIGURES_PAGE}/nothing.csv").status_code == 404


@pytest.fixture
def trial(app: Flask, world: StaffWorld, clock: SettableClock) -> None:
    """Put people into both arms; some answer at week 8, one of one arm alone at week 16 as well."""
    parts = app.extensions["pro_app"]
    members = [world.actor(role) for role in ("nurse", "nurse", "coordinator", "monitor")]
    site = world.site_id
    clinic = Clinic(parts.database, parts.vault, world.study_id, site, site, *members)
    for number, arm in enumerate(("LUTATHERA", "SURVEILLANCE", "SURVEILLANCE")):
        person = clinic.enrol(CONSENT, site_id=site, participant_code=f"01-00{number}")
        answer_form(clinic, person, "BASELINE", on=CONSENT, line=number)
        clinic.record(person, "randomised", RANDOMISATION, arm=arm)
        if number == MISSES_WEEK_8:
            continue
        answer_form(clinic, person, "W08", on=WEEK_8, line=number)
        if arm == "LUTATHERA":
            answer_form(clinic, person, "W16", on=WEEK_16, line=0)
    clock.now = noon(LOOK)


def read_figures(client: FlaskClient, place: str, query: str = "") -> dict[str, list[dict[str, str]]]:
    """Give the rows behind each figure."""
    found = {}
    for code in FIGURES:
        answer = client.get(f"{place}/{code}.csv?scale=qlq-c30:PF2{query}")
        assert answer.status_code == 200
        found[code] = list(csv.DictReader(io.StringIO(answer.text)))
        assert found[code], code
    return found


def make_release(client: FlaskClient, clock: SettableClock, settings: Settings) -> None:
    """Ask for a release of a planned analysis and make it."""
    said = {"reason": "Analyse", "purpose": "final", "csrf_token": csrf_token(client, RELEASES)}
    client.post(RELEASES, data=said, content_type="multipart/form-data")
    database = client.application.extensions["pro_app"].database
    worker = system_actor("worker", "releases")
    assert make_due_releases(database, folder=settings.releases_folder, actor=worker, clock=clock) == 1


@pytest.mark.usefixtures("trial")
def test_no_arm_shows_in_live_figures_nor_what_comes_from_one_arm_alone(client: FlaskClient) -> None:
    page = html.unescape(client.get(f"{FIGURES_PAGE}?scale=qlq-c30:PF2").text)
    found = read_figures(client, FIGURES_PAGE)

    assert "un seul bras" in page or "only one arm" in page
    assert [word for word in ARM_WORDS if word in page.lower()] == []
    for code, rows in found.items():
        assert {row["arm"] for row in rows} == {"ALL"}, code
        assert {row.get("visit_code", "W08") for row in rows} <= {"BASELINE", "W08"}, code
    assert {row["window"] for row in found["means-by-time"]} == {"DAY_0", "WEEK_8"}


@pytest.mark.usefixtures("trial")
def test_only_an_approved_release_shows_the_arms_and_what_comes_from_one_alone(  # noqa: PLR0917 -- fixtures
    app: Flask, client: FlaskClient, clock: SettableClock, settings: Settings
) -> None:
    make_release(client, clock, settings)
    place = f"{RELEASES}/1/figures"
    before = read_figures(client, place)
    page = client.get(place).text
    second = app.test_client()
    sign_in(second, "statistician")
    second.post(f"{RELEASES}/1/approve", data={"csrf_token": csrf_token(second, RELEASES)})
    together, apart = read_figures(client, place), read_figures(client, place, "&by=arm")

    assert [word for word in ARM_WORDS if word in page.lower()] == []
    assert {row["visit_code"] for row in before["means-by-visit"]} == {"BASELINE", "W08"}
    assert {row["visit_code"] for row in together["means-by-visit"]} == {"BASELINE", "W08", "W16"}
    assert {row["arm"] for row in apart["means-by-visit"]} == {"LUTATHERA", "SURVEILLANCE"}
    assert "LUTATHERA" in client.get(f"{place}?by=arm").text
