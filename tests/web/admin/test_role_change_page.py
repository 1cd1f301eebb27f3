import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from staff_world import EARLIER, SYSTEM, StaffWorld, csrf_token, sign_in, site_details
from werkzeug.test import TestResponse

from pro_app.services.sites import save_site
from pro_app.storage.database import Database


def open_as(app: Flask, role: str) -> FlaskClient:
    made = app.test_client()
    sign_in(made, role)
    return made


def post(client: FlaskClient, path: str, **data: str) -> TestResponse:
    return client.post(path, data={"csrf_token": csrf_token(client, "/staff/account"), **data})


def find_path(client: FlaskClient, world: StaffWorld, role: str) -> str:
    account = f"/admin/accounts/{world.account_ids[role]}"
    found = re.search(rf'href="({account}/roles/\d+/change)"', client.get(account).text)
    assert found is not None
    return found[1]


def test_a_nurse_moves_to_another_site_with_one_form(
    app: Flask, database: Database, world: StaffWorld
) -> None:
    with database.writing() as session:
        details = site_details(world.study_id, site_code="02", name="Clinique du Lac")
        other = save_site(session, details, actor=SYSTEM, now=EARLIER).id
    coordinator, nurse = open_as(app, "coordinator"), open_as(app, "nurse")
    path = find_path(coordinator, world, "nurse")
    assert re.search(r'value="nurse"[^>]* checked|checked[^>]* value="nurse"', coordinator.get(path).text)

    assert post(coordinator, path, role="nurse", site=str(other)).status_code == 302

    assert nurse.get("/clinic/tasks").status_code == 302
    page = coordinator.get(f"/admin/accounts/{world.account_ids['nurse']}").text
    assert "Clinique du Lac" in page
    assert coordinator.get(path).status_code == 404


def test_what_cannot_be_is_shown_beside_its_field(app: Flask, world: StaffWorld) -> None:
    coordinator = open_as(app, "coordinator")
    path = find_path(coordinator, world, "nurse")
    for wrong in (
        {"role": "nurse", "site": str(world.site_id)},
        {"role": "nurse", "site": "0"},
        {"role": "inspector", "site": "0"},
        {"role": "administrator", "site": "0"},
        {"site": "0"},
    ):
        answer = post(coordinator, path, **wrong)
        assert (answer.status_code, "field-error" in answer.text) == (400, True)


@pytest.mark.parametrize("role", ["nurse", "investigator", "monitor", "statistician", "inspector"])
def test_others_find_no_such_page(app: Flask, world: StaffWorld, role: str) -> None:
    path = find_path(open_as(app, "administrator"), world, "monitor")
    other = open_as(app, role)
    assert other.get(path).status_code == 404
    assert post(other, path, role="statistician", site="0").status_code == 404


def test_the_role_of_another_account_is_as_absent_as_none(app: Flask, world: StaffWorld) -> None:
    administrator = open_as(app, "administrator")
    role_id = find_path(administrator, world, "monitor").split("/")[-2]
    for path in (
        f"/admin/accounts/{world.account_ids['nurse']}/roles/{role_id}/change",
        f"/admin/accounts/{world.account_ids['nurse']}/roles/9999/change",
        f"/admin/accounts/9999/roles/{role_id}/change",
    ):
        assert administrator.get(path).status_code == 404
        assert post(administrator, path, role="statistician", site="0").status_code == 404


def test_a_coordinator_cannot_change_an_administrator(app: Flask, world: StaffWorld) -> None:
    path = find_path(open_as(app, "administrator"), world, "administrator")
    assert post(open_as(app, "coordinator"), path, role="monitor", site="0").status_code in {400, 403}
