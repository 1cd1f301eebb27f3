import pytest
from flask import Flask
from flask import session as cookie

from pro_app.web.locale import select_language
from pro_app.web.principals import sign_in


@pytest.mark.parametrize("path", ["/", "/staff/sign-in"])
def test_the_sign_in_pages_are_french_and_offer_english(app: Flask, path: str) -> None:
    page = app.test_client().get(path, headers={"Accept-Language": "en"}).text

    assert '<html lang="fr"' in page
    assert "Se connecter" in page
    assert f'href="{path}?language=en"' in page


def test_a_picked_language_stays(app: Flask) -> None:
    client = app.test_client()
    client.get("/?language=en")

    assert '<html lang="en"' in client.get("/p/activate").text
    assert '<html lang="en"' in client.get("/?language=xx").text


def test_a_picked_language_outlives_the_sign_in_and_can_be_changed_back(app: Flask) -> None:
    with app.test_request_context("/staff/?language=en"):
        assert select_language() == "en"
        sign_in("token", kind="staff")
        assert cookie["language"] == "en"
    with app.test_request_context("/staff/?language=fr"):
        cookie["language"] = "en"
        assert select_language() == "fr"
