"""The statement about accessibility: open to everybody, linked everywhere, silent about nothing."""

from dataclasses import replace

from flask.testing import FlaskClient

from pro_app.app import create_app
from pro_app.settings import Settings

ADDRESS = "/accessibility"


def test_everybody_is_led_to_the_statement(client: FlaskClient) -> None:
    for page in ("/p/sign-in", "/p/help", "/staff/sign-in"):
        shown = client.get(page).text
        assert f'href="{ADDRESS}"' in shown, page
        assert "non conforme</a>" in shown, page


def test_the_statement_says_what_was_and_what_was_not_tested(client: FlaskClient) -> None:
    page = client.get(ADDRESS)
    assert page.status_code == 200
    for part in ("state", "tested", "untested", "technologies", "contact", "remedies"):
        assert f'id="{part}"' in page.text, part
    for fact in (
        "Accessibilité\u00a0: non conforme.",
        "Aucun audit",
        "4.1.2",
        "axe-core",
        "Défenseur des droits",
        "2026",
    ):
        assert fact in page.text, fact


def test_the_statement_names_whom_to_tell(settings: Settings) -> None:
    told = replace(settings, accessibility_contact="acces@example.org")
    assert "acces@example.org" in create_app(told).test_client().get(ADDRESS).text
    assert "example.org" not in create_app(settings).test_client().get(ADDRESS).text
