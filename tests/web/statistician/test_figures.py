import csv
import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from staff_world import StaffWorld, sign_in

from pro_app.figures.figure import FIGURES

FIGURES_PAGE = "/statistics/figures"


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
