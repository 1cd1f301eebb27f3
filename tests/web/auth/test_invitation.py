import re
from datetime import timedelta

import pytest
from conftest import TEST_SECRET, SettableClock
from flask import Flask
from flask.testing import FlaskClient
from second_factor_world import send
from staff_world import PASSWORD, StaffWorld, csrf_token, sign_in
from werkzeug.test import TestResponse

from pro_app.reminders.dispatch import open_post_office
from pro_app.reminders.staff_mail.dispatch import dispatch_staff_mail
from pro_app.services.invitations import INVITATION_LIFE
from pro_app.settings import Settings

OWN = "trois tortues vertes et lentes"
PAGE = "/staff/invitation"
CODE = re.compile(r'<code class="second-factor-key">((?:[0-9A-Z]{4}-){4}[0-9A-Z]{4})</code>')


@pytest.fixture
def desk(app: Flask, world: StaffWorld) -> FlaskClient:
    assert world
    made = app.test_client()
    sign_in(made, "administrator")
    return made


def post(client: FlaskClient, path: str, **data: str) -> TestResponse:
    return client.post(path, data={"csrf_token": csrf_token(client, "/staff/account"), **data})


def make_code(desk: FlaskClient, world: StaffWorld, role: str = "nurse") -> str:
    answer = post(desk, f"/admin/accounts/{world.account_ids[role]}/invitation", way="paper")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    found = CODE.search(answer.text)
    assert found is not None
    return found[1]


def choose(client: FlaskClient, code: str, password: str = OWN) -> TestResponse:
    return send(client, PAGE, invitation=code, password=password, repeated=password)


def test_an_invitation_on_paper_opens_the_account_with_an_own_password(
    app: Flask, desk: FlaskClient, world: StaffWorld
) -> None:
    code, invited = make_code(desk, world), app.test_client()

    second = send(invited, PAGE, code=code.lower().replace("-", " "))
    assert second.status_code == 200
    assert "<dd>nurse</dd>" in second.text

    assert choose(invited, code).headers["Location"] == "/staff/"
    assert invited.get("/clinic/tasks").status_code == 200
    assert sign_in(app.test_client(), "nurse", OWN) == 302
    assert sign_in(app.test_client(), "nurse", PASSWORD) == 403


def test_a_link_leaves_the_code_to_the_script_and_looking_uses_nothing_up(
    app: Flask, desk: FlaskClient, world: StaffWorld
) -> None:
    code, invited = make_code(desk, world), app.test_client()
    assert 'id="token"' in invited.get(PAGE).text
    for _ in range(3):
        assert send(invited, PAGE, token=code).status_code == 200
    assert choose(invited, code).status_code == 302


def test_what_cannot_be_used_says_why_to_whoever_has_its_code(  # noqa: PLR0917 -- fixtures
    app: Flask, desk: FlaskClient, world: StaffWorld, clock: SettableClock
) -> None:
    invited = app.test_client()

    def see(code: str) -> str:
        answer = send(invited, PAGE, code=code)
        assert answer.status_code == 403
        return re.sub(r'value="[^"]*"', "", answer.text)

    replaced, revoked = make_code(desk, world), make_code(desk, world)
    path = f"/admin/accounts/{world.account_ids['nurse']}/invitation/take-back"
    assert post(desk, path).status_code == 302
    used = make_code(desk, world)
    assert choose(app.test_client(), used).status_code == 302
    old = make_code(desk, world, "monitor")
    words = [see(replaced), see(revoked), see(used), see("0" * 20)]
    clock.now += INVITATION_LIFE + timedelta(minutes=1)
    words.append(see(old))
    assert len(set(words)) == 5


def test_a_weak_password_is_shown_again_and_the_invitation_stays(
    app: Flask, desk: FlaskClient, world: StaffWorld
) -> None:
    code, invited = make_code(desk, world), app.test_client()
    assert choose(invited, code, "motdepasse").status_code == 400
    answer = send(invited, PAGE, invitation=code, password=OWN, repeated="another one")
    assert answer.status_code == 400
    assert OWN not in answer.text
    assert choose(invited, code).status_code == 302


def test_guessing_codes_is_slowed_down(app: Flask, world: StaffWorld) -> None:
    assert world
    client = app.test_client()
    seen = [send(client, PAGE, code=f"{number:020}").status_code for number in range(32)]
    assert seen[0] == 403
    assert seen[-1] == 429


def test_an_account_is_made_with_an_address_and_invited_by_mail(  # noqa: PLR0917 -- fixtures
    app: Flask, desk: FlaskClient, world: StaffWorld, settings: Settings, clock: SettableClock
) -> None:
    new = {
        "display_name": "Paul Petit",
        "username": "paul.petit",
        "language": "fr",
        "role": "nurse",
        "site": str(world.site_id),
        "way": "mail",
    }
    refused = post(desk, "/admin/accounts/new", **new)
    assert refused.status_code == 400
    assert "Paul Petit" not in desk.get("/admin/accounts").text
    made = post(desk, "/admin/accounts/new", **new, email="Paul.Petit@Hopital.example")
    assert made.status_code == 302
    page = desk.get(made.headers["Location"]).text
    assert "Paul.Petit@hopital.example" in page

    office = open_post_office(settings)
    assert dispatch_staff_mail(office, clock=clock).count("sent") == 1
    office.close()
    (mail,) = [path.read_text() for path in (settings.data_folder / "mail" / "new").iterdir()]
    code = re.search(r"/staff/invitation#([0-9A-Z]{20})", mail.replace("=\n", "").replace("=3D", "="))
    assert code is not None
    assert "paul.petit\n" not in mail
    assert choose(app.test_client(), code[1]).status_code == 302


def test_an_address_that_is_none_is_refused_beside_its_field(desk: FlaskClient, world: StaffWorld) -> None:
    path = f"/admin/accounts/{world.account_ids['nurse']}"
    answer = post(desk, f"{path}/address", email="no address")
    assert answer.status_code == 400
    assert "field-error" in answer.text
    assert post(desk, f"{path}/invitation", way="mail").status_code == 409
    assert post(desk, f"{path}/address", email="nadia@hopital.example").status_code == 302
    assert post(desk, f"{path}/invitation", way="mail").status_code == 302


def test_a_coordinator_sends_no_administrator_an_invitation(app: Flask, world: StaffWorld) -> None:
    coordinator = app.test_client()
    sign_in(coordinator, "coordinator")
    account = f"/admin/accounts/{world.account_ids['administrator']}"
    for path in ("invitation", "invitation/take-back", "address"):
        assert post(coordinator, f"{account}/{path}", way="paper", email="x@y.example").status_code == 403


def test_an_account_of_another_study_is_as_absent_as_one_that_never_was(
    desk: FlaskClient, world: StaffWorld
) -> None:
    gone = max(world.account_ids.values()) + 99
    for path in ("invitation", "invitation/take-back", "address"):
        assert post(desk, f"/admin/accounts/{gone}/{path}").status_code == 404


def test_whoever_was_invited_after_working_here_is_told(
    app: Flask, desk: FlaskClient, world: StaffWorld
) -> None:
    assert sign_in(app.test_client(), "nurse") == 302
    code = make_code(desk, world)
    assert TEST_SECRET not in code
    nurse = app.test_client()
    sign_in(nurse, "nurse")
    assert "Administrator" in nurse.get("/staff/account").text


def test_the_digest_is_chosen_and_taken_back_by_those_who_work_at_a_site(
    app: Flask, world: StaffWorld
) -> None:
    assert world
    nurse = app.test_client()
    sign_in(nurse, "nurse")
    page = "/staff/account/digest"
    assert post(nurse, page, hour="8", email="").status_code == 400
    assert post(nurse, page, hour="3", email="nadia@hopital.example").status_code == 400
    assert post(nurse, page, hour="8", email="no address").status_code == 400
    assert not re.search(r'<option selected value="8">|value="8" selected', nurse.get(page).text)
    assert post(nurse, page, hour="8", email="nadia@hopital.example").status_code == 302
    shown = nurse.get(page).text
    assert 'value="nadia@hopital.example"' in shown
    assert re.search(r'<option selected value="8">|value="8" selected', shown)
    assert post(nurse, page, hour="0", email="nadia@hopital.example").status_code == 302

    for role in ("monitor", "coordinator", "statistician", "inspector", "administrator"):
        other = app.test_client()
        sign_in(other, role)
        assert other.get(page).status_code == 404
        assert post(other, page, hour="8", email="x@y.example").status_code == 404
