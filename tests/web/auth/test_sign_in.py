from datetime import timedelta

import pytest
from conftest import SettableClock
from flask import Flask
from flask.testing import FlaskClient
from staff_world import EARLIER, PASSWORD, SYSTEM, StaffWorld, csrf_token, sign_in

from pro_app.services.account_records import find_account
from pro_app.services.accounts import disable_account
from pro_app.services.throttle import FREE_TRIES_OF_A_SOURCE
from pro_app.storage.database import Database
from pro_app.storage.queries.accounts import STAFF_IDLE

FIRST_PAGES = {
    "administrator": "/admin/",
    "coordinator": "/clinic/sites",
    "nurse": "/clinic/tasks",
    "investigator": "/clinic/tasks",
    "monitor": "/clinic/",
    "inspector": "/clinic/",
    "statistician": "/statistics/",
}
NEW_PASSWORD = "trois tortues vertes"


@pytest.fixture
def client(app: Flask, world: StaffWorld) -> FlaskClient:
    assert world
    return app.test_client()


def token_in(client: FlaskClient) -> str:
    with client.session_transaction("/staff/") as cookie:
        return str(cookie.get("_user_id", ""))


def test_each_role_lands_on_its_first_page(app: Flask, world: StaffWorld) -> None:
    landed = {}
    for role in world.account_ids:
        client = app.test_client()
        assert sign_in(client, role) == 302
        landed[role] = client.get("/staff/", follow_redirects=True).request.path

    assert landed == FIRST_PAGES


def test_without_a_session_every_staff_page_leads_to_the_sign_in(client: FlaskClient) -> None:
    answer = client.get("/staff/account")

    assert (answer.status_code, answer.location) == (302, "/staff/sign-in")


def test_wrong_name_wrong_password_and_closed_account_get_the_same_page(
    client: FlaskClient, database: Database, clock: SettableClock
) -> None:
    with database.writing() as session:
        account = find_account(session, "monitor")
        assert account is not None
        disable_account(session, account_id=account.id, actor=SYSTEM, now=EARLIER)

    pages = set()
    for name, password in (("nobody", PASSWORD), ("nurse", "wrong"), ("monitor", PASSWORD)):
        data = {"csrf_token": csrf_token(client, "/staff/sign-in"), "username": name, "password": password}
        answer = client.post("/staff/sign-in", data=data)
        pages.add((answer.status_code, answer.text.replace(name, "").split("csrf_token")[0]))
        clock.now += timedelta(minutes=2)
    assert len(pages) == 1
    assert pages.pop()[0] == 403


def test_wrong_tries_have_to_wait_and_the_right_password_too(
    client: FlaskClient, clock: SettableClock
) -> None:
    tries = [sign_in(client, "nurse", "wrong") for _ in range(6)]

    assert tries == [403] * 5 + [429]
    assert sign_in(client, "nurse") == 429
    clock.now += timedelta(minutes=30)
    assert sign_in(client, "nurse") == 302


def test_tries_at_many_names_from_one_source_have_to_wait(client: FlaskClient) -> None:
    tries = [sign_in(client, f"name-{number}", "wrong") for number in range(FREE_TRIES_OF_A_SOURCE + 1)]

    assert tries == [403] * FREE_TRIES_OF_A_SOURCE + [429]


def test_the_session_is_a_new_one_after_signing_in_and_its_old_cookie_is_worthless(
    app: Flask, client: FlaskClient
) -> None:
    client.get("/staff/sign-in")
    with client.session_transaction("/staff/") as cookie:
        cookie["planted"] = "by somebody else"
    sign_in(client, "nurse")
    first = token_in(client)
    with client.session_transaction("/staff/") as cookie:
        assert "planted" not in cookie
    kept = client.get_cookie("staff")
    assert kept is not None
    client.post("/staff/sign-out", data={"csrf_token": csrf_token(client, "/staff/account")})
    sign_in(client, "nurse")

    assert token_in(client) not in {"", first}
    thief = app.test_client()
    thief.set_cookie("staff", kept.value)
    assert thief.get("/staff/account").status_code == 302


def test_an_idle_session_ends(client: FlaskClient, clock: SettableClock) -> None:
    sign_in(client, "nurse")
    assert client.get("/staff/account").status_code == 200

    clock.now += STAFF_IDLE + timedelta(seconds=1)

    assert client.get("/staff/account").status_code == 302


@pytest.mark.parametrize("path", ["/staff/sign-in", "/staff/sign-out", "/staff/role", "/staff/password"])
def test_a_post_without_the_csrf_token_changes_nothing(client: FlaskClient, path: str) -> None:
    sign_in(client, "nurse")
    before = token_in(client)

    answer = client.post(path, data={"username": "nurse", "password": PASSWORD, "staff_role_id": "1"})

    assert (answer.status_code, token_in(client)) == (400, before)


def test_an_empty_form_is_shown_again(client: FlaskClient) -> None:
    assert sign_in(client, "", "") == 400
    assert sign_in(client, "nurse", "") == 400


def test_the_role_can_be_changed_to_ones_own_and_to_no_other(
    client: FlaskClient, database: Database, world: StaffWorld
) -> None:
    with database.writing() as session:
        mine = world.give_nurse_another_role(session, "statistician")
    sign_in(client, "nurse")
    form = {"csrf_token": csrf_token(client, "/staff/account")}
    assert client.get("/statistics/").status_code == 404

    for foreign in ("1", "999", "x", ""):
        answer = client.post("/staff/role", data=form | {"staff_role_id": foreign})
        assert answer.status_code == 404
    assert client.post("/staff/role", data=form | {"staff_role_id": str(mine)}).status_code == 302
    assert client.get("/staff/", follow_redirects=True).request.path == "/statistics/"
    assert client.get("/clinic/").status_code == 404


def change_password(client: FlaskClient, current: str, new: str, *, repeated: str = "") -> int:
    data = {
        "csrf_token": csrf_token(client, "/staff/account"),
        "current_password": current,
        "password": new,
        "repeated": repeated or new,
    }
    return client.post("/staff/password", data=data).status_code


def test_ones_password_is_changed_only_with_the_present_one_and_then_signs_out(client: FlaskClient) -> None:
    sign_in(client, "nurse")

    assert change_password(client, "wrong", NEW_PASSWORD) == 400
    assert change_password(client, PASSWORD, NEW_PASSWORD, repeated="another long password") == 400
    assert change_password(client, PASSWORD, "court") == 400
    assert change_password(client, PASSWORD, "motdepassemotdepasse") == 400
    assert change_password(client, PASSWORD, NEW_PASSWORD) == 302
    assert client.get("/staff/account").status_code == 302
    assert sign_in(client, "nurse") == 403
    assert sign_in(client, "nurse", NEW_PASSWORD) == 302


def test_guessing_the_present_password_has_to_wait(client: FlaskClient) -> None:
    sign_in(client, "nurse")

    tries = [change_password(client, f"wrong {n}", NEW_PASSWORD) for n in range(6)]

    assert tries == [400] * 5 + [429]


def test_the_menu_shows_what_the_role_may_see(app: Flask, world: StaffWorld) -> None:
    shown = {}
    for role in world.account_ids:
        client = app.test_client()
        sign_in(client, role)
        page = client.get("/staff/account").text
        menu = page.split('class="staff-bar-nav"')[1].split("</nav>")[0]
        shown[role] = [part.split('"')[0] for part in menu.split('href="')[1:]]

    pages = ["study", "", "accounts", "sending", "amendments", "wording"]
    assert shown["administrator"] == [f"/admin/{page}" for page in pages]
    ours = ["/statistics/releases", "/statistics/figures", "/statistics/tokens"]
    assert shown["statistician"] == ["/statistics/", *ours]
    assert set(ours[:2]) <= set(shown["coordinator"])
    assert "/statistics/tokens" not in shown["coordinator"]
    assert {"/admin/", "/admin/sending", "/admin/amendments"}.isdisjoint(shown["nurse"])
    assert "/clinic/tasks" in shown["nurse"]
    assert "/statistics/" not in shown["coordinator"]
    assert "/clinic/" in shown["nurse"]
