import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from conftest import SettableClock
from flask import Flask
from flask.testing import FlaskClient
from second_factor_world import App, read_key
from second_factor_world import send as send_page
from staff_world import EARLIER, PASSWORD, StaffWorld, add_account, csrf_token, sign_in
from watched_hashes import watch_hashes
from werkzeug.test import TestResponse

from pro_app.audit.actor import system_actor
from pro_app.audit.verification import verify_audit_trail
from pro_app.services.accounts import disable_account
from pro_app.services.staff_directory import StaffMember, list_staff
from pro_app.services.staff_roles import grant_role
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
        way="password",
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
        "way": "password",
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
        if role in {"administrator", "coordinator"}:
            refused: set[int] = set()
        else:
            refused = {send(client, path).status_code for path in changing}
        seen[role] = (
            {client.get(path).status_code for path in reading},
            {client.get(path).status_code for path in editing},
            refused,
        )

    assert seen.pop("administrator") == ({200}, {200}, set())
    assert seen.pop("coordinator") == ({200}, {200}, set())
    assert set(map(str, seen.values())) == {str(({404}, {404}, {404}))}


@pytest.fixture
def coordinator(app: Flask, client: FlaskClient, database: Database, world: StaffWorld) -> Desk:  # noqa: PLR0917 -- fixtures
    assert client
    made = app.test_client()
    sign_in(made, "coordinator")
    return Desk(app, made, database=database, world=world)


def test_a_coordinator_adds_sites_and_accounts(coordinator: Desk) -> None:
    new = {"display_name": "New One", "language": "fr", "site": "0", "way": "password"}

    assert coordinator.send("/admin/sites/new", **SITE).status_code == 302
    made = coordinator.send("/admin/accounts/new", username="new.one", role="monitor", **new)
    assert made.status_code == 200
    account_id = coordinator.staff()["new.one"].account_id
    for path in (f"/admin/accounts/{account_id}/password", f"/admin/accounts/{account_id}/second-factor"):
        assert coordinator.client.get(path).status_code == 200
    assert coordinator.send(f"/admin/accounts/{account_id}/close").status_code == 302


@pytest.mark.parametrize("role", ["administrator", "coordinator"])
def test_a_coordinator_makes_and_changes_no_administrator_and_no_coordinator(
    coordinator: Desk, role: str
) -> None:
    before = coordinator.staff()
    member = before[role]
    own = f"/admin/accounts/{member.account_id}"
    nurse = f"/admin/accounts/{before['nurse'].account_id}"
    new = {"display_name": "New One", "language": "fr", "site": "0", "username": "new.one", "role": role}
    new["way"] = "password"

    assert coordinator.send("/admin/accounts/new", **new).status_code == 400
    assert coordinator.send(f"{nurse}/roles", role=role, site="0").status_code == 400
    take = coordinator.send(f"{own}/roles/{member.roles[0].staff_role_id}/take")
    answers = [take, *(coordinator.send(f"{own}/{act}") for act in ("close", "password", "second-factor"))]
    assert {answer.status_code for answer in answers} <= {403, 409}
    assert coordinator.send(f"{own}/roles", role="monitor", site="0").status_code == 403
    if role == "coordinator":
        assert coordinator.staff()[role].roles == member.roles
    assert "/take" not in coordinator.client.get(own).text
    assert coordinator.staff().keys() == before.keys()


@pytest.mark.parametrize("role", ["administrator", "coordinator"])
def test_a_coordinator_is_offered_nothing_on_a_closed_account_that_led(coordinator: Desk, role: str) -> None:
    with coordinator.database.writing() as session:
        account_id = add_account(session, "leader")
        grant_role(
            session,
            account_id=account_id,
            study_id=coordinator.world.study_id,
            role=role,
            site_id=None,
            actor=SYSTEM,
            now=EARLIER,
        )
        disable_account(session, account_id=account_id, actor=SYSTEM, now=EARLIER)
    own = f"/admin/accounts/{account_id}"

    page = coordinator.client.get(own).text

    assert [act for act in ("open", "password", "second-factor", "roles") if f"{own}/{act}" in page] == []
    acts = [coordinator.send(f"{own}/{act}").status_code for act in ("open", "password", "second-factor")]
    assert acts == [403] * 3
    assert coordinator.staff()["leader"].disabled_at == EARLIER


def test_whoever_made_a_password_is_told_who_resets_the_second_factor(
    desk: Desk, clock: SettableClock
) -> None:
    nurse, account = desk.app.test_client(), f"/admin/accounts/{desk.world.account_ids['nurse']}"
    sign_in(nurse, "nurse")
    app = App(read_key(nurse.get("/staff/second-factor/new").text))
    send_page(nurse, "/staff/second-factor/new", code=app.show(clock.now), current_password=PASSWORD)
    made = re.search(r"<dd>((?:[0-9A-Z]{4}-){4}[0-9A-Z]{4})</dd>", desk.send(f"{account}/password").text)
    assert made is not None

    refused = desk.send(f"{account}/second-factor")

    assert (refused.status_code, "pro-app reset-second-factor" in refused.text) == (409, True)
    clock.now += timedelta(minutes=1)
    assert sign_in(nurse, "nurse", made[1]) == 302
    send_page(nurse, "/staff/second-factor", code=app.show(clock.now))
    first, own = nurse.get("/clinic/tasks").text, nurse.get("/staff/account").text
    assert ("Administrator" in first, "Administrator" in own) == (True, True)
    assert "Administrator" not in nurse.get("/clinic/tasks").text
    clock.now += timedelta(days=14)
    assert sign_in(nurse, "nurse", made[1]) == 302
    send_page(nurse, "/staff/second-factor", code=app.show(clock.now))
    assert "Administrator" not in nurse.get("/staff/account").text


def test_an_inspector_is_given_a_last_day_and_no_other_role_of_a_site_has_one(desk: Desk) -> None:
    account = f"/admin/accounts/{desk.world.account_ids['statistician']}"

    assert desk.send(f"{account}/roles", role="inspector", site="0").status_code == 400
    early = desk.send(f"{account}/roles", role="inspector", site="0", last_on="2026-03-01")
    wrong = desk.send(f"{account}/roles", role="statistician", site="0", last_on="2026-03-09")
    assert (early.status_code, wrong.status_code) == (400, 400)
    assert "field-error" in early.text

    assert desk.send(f"{account}/roles", role="inspector", site="0", last_on="2026-03-02").status_code == 302

    given = desk.staff()["statistician"].roles[-1]
    assert (given.role, given.ends_at) == ("inspector", datetime(2026, 3, 2, 23, 0, tzinfo=UTC))
    assert "2 mars 2026" in desk.client.get(account).text


def test_a_second_factor_is_reset_by_an_administrator_and_never_ones_own(
    desk: Desk, clock: SettableClock
) -> None:
    account = f"/admin/accounts/{desk.world.account_ids['nurse']}"
    nurse = desk.app.test_client()
    sign_in(nurse, "nurse")
    key = read_key(nurse.get("/staff/second-factor/new").text)
    app = App(key)
    send_page(nurse, "/staff/second-factor/new", code=app.show(clock.now), current_password=PASSWORD)
    assert nurse.get("/clinic/").status_code == 200
    assert f"{account}/second-factor" in desk.client.get(account).text

    assert desk.send(f"{account}/second-factor").status_code == 302

    assert nurse.get("/clinic/").location == "/staff/sign-in"
    assert desk.sign_in("nurse") == 302
    assert f"{account}/second-factor" not in desk.client.get(account).text
    own = f"/admin/accounts/{desk.world.account_ids['administrator']}/second-factor"
    assert desk.client.get(own).location == "/staff/account"
    assert desk.send(own).status_code == 409


def test_what_was_done_here_leaves_the_audit_trail_whole(desk: Desk) -> None:
    desk.send("/admin/sites/new", **SITE)
    desk.send(f"/admin/accounts/{desk.world.account_ids['nurse']}/close")

    with desk.database.reading() as session:
        entries, faults = verify_audit_trail(session)
    assert (entries, faults) == (16 + 1 + 2, [])


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
            way="password",
        )
        assert made.status_code == 200
        assert desk.send(f"/admin/accounts/{nurse}/password").status_code == 200
        assert desk.sign_in("monitor") == 302
        changed = desk.send("/staff/password", current_password=PASSWORD, password=LONG, repeated=LONG)
        assert changed.status_code == 302
        assert hasher.asked == 5
