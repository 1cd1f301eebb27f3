from pathlib import Path
from typing import Any

import pytest
from conftest import NOW
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pro_app.app import create_app
from pro_app.demo.folder import check_folder, forget
from pro_app.demo.run import DemoPlace, load_access, prepare, save_access
from pro_app.errors import InputRejected
from pro_app.services.second_factors.totp import find_present_step, make_code


def test_a_second_start_keeps_what_the_first_one_made(tmp_path: Path) -> None:
    place = DemoPlace(tmp_path / "demo", 8000)
    first = prepare(place)

    assert prepare(place) == first


def test_lives_led_under_other_rules_begin_anew(tmp_path: Path) -> None:
    place = DemoPlace(tmp_path / "demo", 8000)
    first = prepare(place)
    save_access(place.folder, first | {"protocol_sha256": "0" * 64})

    again = prepare(place)
    assert again["staff"][0]["password"] != first["staff"][0]["password"]
    assert load_access(place.folder) == again


def test_only_what_a_demo_made_is_ever_forgotten(tmp_path: Path) -> None:
    place = DemoPlace(tmp_path / "demo", 8000)
    prepare(place)
    (place.folder / "thesis.txt").write_text("ten years of work", encoding="utf-8")

    with pytest.raises(InputRejected):
        check_folder(place.folder)
    forget(place.folder)
    assert [path.name for path in place.folder.iterdir()] == ["thesis.txt"]


def test_an_empty_folder_and_one_that_is_not_there_yet_will_do(tmp_path: Path) -> None:
    check_folder(tmp_path)
    check_folder(tmp_path / "new")
    (tmp_path / "file").touch()
    with pytest.raises(InputRejected):
        check_folder(tmp_path / "file")


def test_everybody_of_the_demo_has_an_app_whose_code_the_tour_shows(tmp_path: Path) -> None:
    place = DemoPlace(tmp_path / "demo", 8000)
    access = prepare(place)
    app = create_app(place.settings, clock=lambda: NOW)
    tour = app.test_client().get("/demo").text

    codes = [make_code(member["totp_secret"], find_present_step(NOW)) for member in access["staff"]]
    assert [code for code in codes if f"<code>{code}</code>" not in tour] == []
    assert "inspector" in {member["role"] for member in access["staff"]}

    member, client = access["staff"][0], app.test_client()
    asked = _sign_in(client, member)
    assert f">{codes[0]}</b>" in asked.text
    token = _read_token(asked.text)
    client.post("/staff/second-factor", data={"csrf_token": token, "code": codes[0]})
    assert client.get("/staff/account").status_code == 200
    following = make_code(member["totp_secret"], find_present_step(NOW) + 1)
    assert f">{following}</b>" in _sign_in(app.test_client(), member).text


def _sign_in(client: FlaskClient, member: dict[str, Any]) -> TestResponse:
    data = {
        "csrf_token": _read_token(client.get("/staff/sign-in").text),
        "username": member["username"],
        "password": member["password"],
    }
    client.post("/staff/sign-in", data=data)
    return client.get("/staff/", follow_redirects=True)


def _read_token(text: str) -> str:
    return text.split('name="csrf_token" type="hidden" value="')[1].partition('"')[0]
