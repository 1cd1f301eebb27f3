import re
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from staff_world import PASSWORD, StaffWorld, csrf_token, sign_in
from watched_hashes import watch_hashes
from werkzeug.test import TestResponse

from pro_app.audit.actor import system_actor
from pro_app.audit.verification import verify_audit_trail
from pro_app.services.staff_directory import StaffMember, list_staff
from pro_app.storage.database import Database

SITE = {
    "site_code": "02",
    "name": "Clinique du Lac",
    "city": "Annecy",
    "zone": "Europe/Paris",
    "telephone": "04 65 71 00 02",
    "sender_label": "Votre centre",
    "goes_live_on": "2026-04-01",
}
LONG = "trois tortues vertes et lentes"
SYSTEM = system_actor("test", "x")


@dataclass(frozen=True)
class Desk:
    """The administrator's browser, and what it works on."""

    app: Flask
    client: FlaskClient
    database: Database
    world: StaffWorld

    def send(self, path: str, **data: str) -> TestResponse:
        """Post a form with the token of the session."""
        return send(self.client, path, **data)

    def staff(self) -> dict[str, StaffMember]:
        """Give who works in the study, by username."""
        with self.database.reading() as session:
            return {m.username: m for m in list_staff(session, study_id=self.world.study_id)}

    def sign_in(self, username: str, password: str = PASSWORD) -> int:
        """Sign in on another browser."""
        return sign_in(self.app.test_client(), username, password)


@pytest.fixture
def client(app: Flask, world: StaffWorld) -> FlaskClient:
    assert world
    made = app.test_client()
    sign_in(made, "administrator")
    return made


@pytest.fixture
def desk(app: Flask, client: FlaskClient, database: Database, world: StaffWorld) -> Desk:  # noqa: PLR0917 -- fixtures
    return Desk(app, client, database=database, world=world)


def send(client: FlaskClient, path: str, **data: str) -> TestResponse:
    return client.post(path, data={"csrf_token": csrf_token(client, "/staff/account"), **data})


def test_a_site_is_added_corrected_and_listed(client: FlaskClient, world: StaffWorld) -> None:
    assert send(client, "/admin/sites/new", **SITE).status_code == 302
    assert send(client, f"/admin/sites/{world.site_id}", **SITE | {"site_code": "01"}).status_code == 302

    page = client.get("/admin/").text
    assert page.count("Clinique du Lac") >= 2
    assert "Institut du Val" not in page


def test_the_zone_of_a_site_is_chosen_by_the_name_that_people_write(client: FlaskClient) -> None:
    assert ">Nouméa</option>" in client.get("/admin/sites/new").text


@pytest.mark.parametrize(
    "change",
    [
        {"site_code": "01"},
        {"name": ""},
        {"telephone": "12"},
        {"zone": "Europe/Nowhere"},
        {"sender_label": "Centre anticancer"},
        {"goes_live_on": "31/31/2026"},
    ],
)
def test_an_unusable_site_is_shown_again_with_what_was_typed(
    client: FlaskClient, change: dict[str, str]
) -> None:
    answer = send(client, "/admin/sites/new", **SITE | {"city": "Annecy-le-Vieux"} | change)

    assert answer.status_code == 400
    assert "Annecy-le-Vieux" in answer.text
    assert "field-error" in answer.text


def test_a_new_account_shows_its_password_once_and_it_signs_in(desk: Desk) -> None:
    answer = desk.send(
        "/admin/accounts/new",
        display_name="Paul Petit",
        username="Paul.Petit",
        language="fr",
        role="nurse",
        site=str(desk.world.site_id),
    )

    password = re.search(r"<dd>((?:[0-9A-Z]{4}-){4}[0-9A-Z]{4})</dd>", answer.text)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert password is not None
    assert desk.sign_in("paul.petit", password[1]) == 302
    assert password[1] not in desk.client.get("/admin/accounts").text


@pytest.mark.parametrize(
    "change",
    [
        {"username": "nurse"},
        {"username": "é"},
        {"display_name": ""},
        {"role": "king"},
        {"role": ""},
        {"site": "0"},
        {"site": "999"},
        {"role": "monitor"},
        {"language": "de"},
    ],
)
def test_an_unusable_account_is_shown_again_and_not_made(desk: Desk, change: dict[str, str]) -> None:
    good = {
        "display_name": "Paul Petit",
        "username": "paul.petit",
        "language": "fr",
        "role": "nurse",
        "site": str(desk.world.site_id),
    }

    assert desk.send("/admin/accounts/new", **good | change).status_code == 400
    assert len(desk.staff()) == len(desk.world.account_ids)


def test_a_role_is_given_and_taken_after_a_question(desk: Desk) -> None:
    account_id = desk.world.account_ids["monitor"]
    monitor = desk.app.test_client()
    sign_in(monitor, "monitor")
    assert desk.send(f"/admin/accounts/{account_id}/roles", role="coordinator", site="0").status_code == 302
    held = {role.role: role.staff_role_id for role in desk.staff()["monitor"].roles}
    assert held.keys() == {"monitor", "coordinator"}

    path = f"/admin/accounts/{account_id}/roles/{held['monitor']}/take"
    assert 'method="post"' in desk.client.get(path).text
    assert len(desk.staff()["monitor"].roles) == 2
    assert desk.send(path).status_code == 302
    assert [role.role for role in desk.staff()["monitor"].roles] == ["coordinator"]
    assert monitor.get("/staff/account").status_code == 302


def test_an_account_is_closed_after_a_question_and_opened_again(desk: Desk) -> None:
    account_id = desk.world.account_ids["nurse"]
    desk.client.get(f"/admin/accounts/{account_id}/close")
    assert desk.staff()["nurse"].disabled_at is None

    assert desk.send(f"/admin/accounts/{account_id}/close").status_code == 302
    assert desk.sign_in("nurse") == 403
    assert desk.send(f"/admin/accounts/{account_id}/open").status_code == 302
    assert desk.sign_in("nurse") == 302


def test_a_new_password_is_shown_once_and_replaces_the_old_one(desk: Desk) -> None:
    path = f"/admin/accounts/{desk.world.account_ids['nurse']}/password"
    desk.client.get(path)
    assert desk.sign_in("nurse") == 302

    answer = desk.send(path)

    password = re.search(r"<dd>((?:[0-9A-Z]{4}-){4}[0-9A-Z]{4})</dd>", answer.text)
    assert password is not None
    assert desk.sign_in("nurse", PASSWORD) == 403
    assert desk.sign_in("nurse", password[1]) == 302


def test_the_last_administrator_cannot_be_taken_away(desk: Desk) -> None:
    own = desk.world.account_ids["administrator"]
    role_id = desk.staff()["administrator"].roles[0].staff_role_id

    assert desk.send(f"/admin/accounts/{own}/roles/{role_id}/take").status_code == 409
    assert desk.send(f"/admin/accounts/{own}/close").status_code == 409
    assert desk.send(f"/admin/accounts/{own}/password").status_code == 403
    assert desk.client.get("/admin/").status_code == 200


def test_roles_and_accounts_that_do_not_belong_together_are_missing(desk: Desk) -> None:
    nurse_role = desk.staff()["nurse"].roles[0].staff_role_id
    monitor_id = desk.world.account_ids["monitor"]

    assert desk.send(f"/admin/accounts/{monitor_id}/roles/{nurse_role}/take").status_code == 404
    assert desk.send("/admin/accounts/999/close").status_code == 404
    assert desk.client.get("/admin/sites/999").status_code == 404
    assert len(desk.staff()["nurse"].roles) == 1


def test_who_may_see_and_change_what(app: Flask, world: StaffWorld) -> None:
    reading = ["/admin/", "/admin/accounts"]
    account = f"/admin/accounts/{world.account_ids['nurse']}"
    editing = ["/admin/sites/new", f"/admin/sites/{world.site_id}", "/admin/accounts/new", account]
    changing = [
        *editing[:3],
        f"{account}/close",
        f"{account}/open",
        f"{account}/password",
        f"{account}/roles",
    ]
    seen: dict[str, tuple[set[int], set[int], set[int]]] = {}
    for role in world.account_ids:
        client = app.test_client()
        sign_in(client, role)
        if role == "administrator":
            refused: set[int] = set()
        else:
            refused = {send(client, path).status_code for path in changing}
        seen[role] = (
            {client.get(path).status_code for path in reading},
            {client.get(path).status_code for path in editing},
            refused,
        )

    assert seen.pop("administrator") == ({200}, {200}, set())
    assert seen.pop("coordinator") == ({200}, {404}, {404})
    assert set(map(str, seen.values())) == {str(({404}, {404}, {404}))}


def test_the_coordinators_pages_lead_to_no_form(app: Flask, world: StaffWorld) -> None:
    assert world
    client = app.test_client()
    sign_in(client, "coordinator")

    for path in ("/admin/", "/admin/accounts"):
        page = client.get(path).text
        main = page.split("<main")[1]
        assert "<form" not in main
        assert "/admin/sites/" not in main
        assert "/admin/accounts/" not in main


def test_what_was_done_here_leaves_the_audit_trail_whole(desk: Desk) -> None:
    desk.send("/admin/sites/new", **SITE)
    desk.send(f"/admin/accounts/{desk.world.account_ids['nurse']}/close")

    with desk.database.reading() as session:
        entries, faults = verify_audit_trail(session)
    assert (entries, faults) == (14 + 1 + 2, [])


def test_others_can_write_while_a_password_is_hashed(
    desk: Desk, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watched hasher tries, at each hash, and fails the request where it cannot."""
    nurse = desk.staff()["nurse"].account_id
    with watch_hashes(sqlite_url, monkeypatch) as hasher:
        made = desk.send(
            "/admin/accounts/new",
            username="new.one",
            display_name="New One",
            language="fr",
            role="statistician",
            site="0",
        )
        assert made.status_code == 200
        assert desk.send(f"/admin/accounts/{nurse}/password").status_code == 200
        assert desk.sign_in("monitor") == 302
        changed = desk.send("/staff/password", current_password=PASSWORD, password=LONG, repeated=LONG)
        assert changed.status_code == 302
        assert hasher.asked == 5
