"""The pages of the second factor, in an installation that requires it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from conftest import TEST_SECRET as KEY
from conftest import SettableClock
from flask import Flask, request
from flask.testing import FlaskClient
from second_factor_world import PAGE, App, read_key, read_recovery_codes, send, set_up
from staff_world import PASSWORD, StaffWorld, csrf_token, sign_in

from pro_app.app import create_app
from pro_app.services.second_factors.proving import complete_sign_in, prove_by_app
from pro_app.services.second_factors.records import TOTP
from pro_app.services.second_factors.sealing import seal_secret
from pro_app.services.second_factors.setting_up import set_up_second_factor
from pro_app.services.second_factors.totp import make_secret
from pro_app.services.throttle import FREE_TRIES
from pro_app.settings import Settings
from pro_app.storage.database import Database
from pro_app.web import request as this
from pro_app.web.access import STAFF_ROLES, allowed_roles
from pro_app.web.principals import PARTICIPANT

STEP = timedelta(seconds=30)
OPEN_TO_HALF = {PAGE, f"{PAGE}/recovery", f"{PAGE}/new", f"{PAGE}/passkey", f"{PAGE}/passkey/options"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, second_factor="required")


@pytest.fixture
def client(app: Flask, world: StaffWorld) -> FlaskClient:
    assert world
    return app.test_client()


@pytest.fixture
def nurse(client: FlaskClient, clock: SettableClock) -> App:
    """Give the nurse's app, set up a while ago; the browser is signed out."""
    app = set_up(client, "nurse", clock.now)
    send_sign_out(client)
    clock.now += 2 * STEP
    return app


def send_sign_out(client: FlaskClient) -> None:
    token = csrf_token_of(client, "/staff/account")
    assert client.post("/staff/sign-out", data={"csrf_token": token}).status_code == 302


def csrf_token_of(client: FlaskClient, path: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(path).text)
    assert found is not None
    return found[1]


def is_through(client: FlaskClient) -> bool:
    return client.get("/staff/account").status_code == 200


def test_the_first_sign_in_leads_to_setting_up_and_then_to_the_first_page(
    client: FlaskClient, clock: SettableClock
) -> None:
    sign_in(client, "nurse")
    landed = client.get("/staff/", follow_redirects=True)

    assert landed.request.path == f"{PAGE}/new"
    assert "<svg" in landed.text
    app = App(read_key(landed.text))
    codes = read_recovery_codes(send(client, f"{PAGE}/new", code=app.show(clock.now)).text)
    assert (len(codes), is_through(client)) == (10, True)


def test_a_double_click_on_setting_up_shows_recovery_codes_that_work(  # noqa: PLR0917 -- fixtures
    app: Flask, client: FlaskClient, database: Database, clock: SettableClock
) -> None:
    sign_in(client, "nurse")
    phone = App(read_key(client.get(f"{PAGE}/new").text))
    _send_first(app, database, phone, now=clock.now)

    answer = send(client, f"{PAGE}/new", code=phone.show(clock.now))

    codes = read_recovery_codes(answer.text)
    assert (answer.status_code, len(codes), is_through(client)) == (200, 10, True)
    other = app.test_client()
    sign_in(other, "nurse")
    assert send(other, f"{PAGE}/recovery", code=codes[0]).status_code == 302


def test_whoever_sets_up_a_phone_after_another_one_is_asked_for_the_code_of_that(  # noqa: PLR0917 -- fixtures
    app: Flask, client: FlaskClient, database: Database, clock: SettableClock
) -> None:
    sign_in(client, "nurse")
    phone = App(read_key(client.get(f"{PAGE}/new").text))
    _send_first(app, database, App(make_secret()), now=clock.now)

    answer = send(client, f"{PAGE}/new", code=phone.show(clock.now))

    assert (answer.status_code, answer.location) == (302, PAGE)


def test_a_double_click_on_the_code_leaves_nobody_outside(  # noqa: PLR0917 -- fixtures
    app: Flask, client: FlaskClient, database: Database, nurse: App, clock: SettableClock
) -> None:
    sign_in(client, "nurse")
    code = nurse.show(clock.now)

    def prove_before() -> None:
        with database.writing() as session:
            prove_by_app(session, this.staff(), typed=code, secret_key=KEY, now=clock.now)

    _before_the_next_post(app, prove_before)

    assert (send(client, PAGE, code=code).status_code, is_through(client)) == (302, True)


def test_the_forms_of_the_second_factor_are_sent_once(client: FlaskClient, clock: SettableClock) -> None:
    sign_in(client, "nurse")
    pages = [client.get(f"{PAGE}/new").text]
    app = App(read_key(pages[0]))
    send(client, f"{PAGE}/new", code=app.show(clock.now))
    pages.append(client.get(f"{PAGE}/codes").text)
    send_sign_out(client)
    sign_in(client, "nurse")
    pages += [client.get(PAGE).text, client.get(f"{PAGE}/recovery").text]

    assert [("data-once" in page, "js/staff/once" in page) for page in pages] == [(True, True)] * 4


def _send_first(app: Flask, database: Database, phone: App, *, now: datetime) -> None:
    """Set `phone` up in the session of the next form, after that was let in and before it is read."""

    def set_up_before() -> None:
        staff = this.staff()
        sealed = seal_secret(phone.secret, account_id=staff.account_id, secret_key=KEY)
        typed = phone.show(now)
        with database.writing() as session:
            set_up_second_factor(session, staff, sealed=sealed, typed=typed, secret_key=KEY, now=now)
            complete_sign_in(session, staff, kind=TOTP, now=now)

    _before_the_next_post(app, set_up_before)


def _before_the_next_post(app: Flask, act: Callable[[], None]) -> None:
    waiting = [act]

    def act_once() -> None:
        if request.method == "POST" and request.path.startswith(PAGE) and waiting:
            waiting.pop()()

    app.before_request_funcs.setdefault(None, []).append(act_once)


def test_loading_the_page_again_keeps_the_key_that_was_scanned(client: FlaskClient) -> None:
    sign_in(client, "nurse")

    keys = {read_key(client.get(f"{PAGE}/new").text) for _ in range(3)}
    keys.add(read_key(send(client, f"{PAGE}/new", code="000000").text))

    assert len(keys) == 1


def test_a_code_that_does_not_fit_sets_up_nothing(client: FlaskClient) -> None:
    sign_in(client, "nurse")

    for code, status in (("", 400), ("12345", 403), ("<b>", 403)):
        answer = send(client, f"{PAGE}/new", code=code)
        assert (answer.status_code, "field-error" in answer.text) == (status, True)
    assert not is_through(client)


def test_the_cookie_is_another_one_once_the_second_factor_is_proven(
    client: FlaskClient, nurse: App, clock: SettableClock
) -> None:
    sign_in(client, "nurse")
    with client.session_transaction("/staff/") as cookie:
        before = cookie["_user_id"]
    send(client, PAGE, code=nurse.show(clock.now))
    with client.session_transaction("/staff/") as cookie:
        after = cookie["_user_id"]

    assert (before != after, is_through(client)) == (True, True)


def test_half_a_sign_in_opens_nothing_but_the_second_factor_and_the_way_out(
    app: Flask, client: FlaskClient, nurse: App
) -> None:
    assert nurse
    sign_in(client, "nurse")
    token = csrf_token_of(client, PAGE)
    opened = set()
    for rule in app.url_map.iter_rules():
        allowed = allowed_roles(app, rule.endpoint) or frozenset()
        if not allowed & set(STAFF_ROLES):
            continue
        path = re.sub(r"<(?:(\w+):)?\w+>", lambda m: "1" if m[1] == "int" else "x", rule.rule)
        for method in (rule.methods or set()) & {"GET", "POST"}:
            answer = client.open(path, method=method, data={"csrf_token": token})
            if (answer.status_code, answer.location) != (302, PAGE):
                opened.add(path)
    assert opened <= OPEN_TO_HALF
    assert opened >= {PAGE}
    assert not is_through(client)
    assert client.get("/clinic/", headers={"Accept": "application/json"}).status_code == 401


def test_half_a_sign_in_shows_no_menu_and_no_name(client: FlaskClient, nurse: App) -> None:
    assert nurse
    sign_in(client, "nurse")

    page = client.get(PAGE).text

    assert "staff-bar" not in page
    assert "Nurse" not in page


def test_whoever_has_the_password_alone_cannot_set_up_a_phone_of_their_own(
    client: FlaskClient, nurse: App
) -> None:
    assert nurse
    sign_in(client, "nurse")

    assert client.get(f"{PAGE}/new").location == PAGE
    answer = client.post(f"{PAGE}/new", data={"csrf_token": csrf_token_of(client, PAGE), "code": "1"})
    assert (answer.status_code, answer.location) == (302, PAGE)
    assert client.get(f"{PAGE}/codes").location == PAGE


def test_a_code_opens_once(  # noqa: PLR0917 -- fixtures
    app: Flask, client: FlaskClient, nurse: App, clock: SettableClock
) -> None:
    code = nurse.show(clock.now)
    sign_in(client, "nurse")
    assert send(client, PAGE, code=code).status_code == 302
    other = app.test_client()
    sign_in(other, "nurse")

    refused = send(other, PAGE, code=code)

    assert (refused.status_code, "déjà" in refused.text or "already" in refused.text) == (403, True)
    assert (is_through(client), is_through(other)) == (True, False)


def test_a_recovery_code_opens_once_and_says_how_many_are_left(
    app: Flask, client: FlaskClient, nurse: App
) -> None:
    sign_in(client, "nurse")
    send(client, f"{PAGE}/recovery", code=nurse.noted[0])
    page = client.get("/staff/account").text
    other = app.test_client()
    sign_in(other, "nurse")

    assert re.search(r"\b9\b", page)
    assert send(other, f"{PAGE}/recovery", code=nurse.noted[0]).status_code == 403
    assert not is_through(other)


def test_tries_are_slowed_down_and_a_good_password_in_between_does_not_help(  # noqa: PLR0917 -- fixtures
    app: Flask, client: FlaskClient, nurse: App, clock: SettableClock
) -> None:
    statuses = []
    for _ in range(FREE_TRIES + 1):
        guesser = app.test_client()
        sign_in(guesser, "nurse")
        statuses.append(send(guesser, PAGE, code="000000").status_code)
    sign_in(client, "nurse")

    assert statuses == [403] * FREE_TRIES + [429]
    assert send(client, PAGE, code=nurse.show(clock.now)).status_code == 429
    assert send(client, f"{PAGE}/recovery", code=nurse.noted[0]).status_code == 429
    clock.now += timedelta(minutes=2)
    assert send(client, PAGE, code=nurse.show(clock.now)).status_code == 302


def test_another_phone_takes_the_password_as_well(
    client: FlaskClient, nurse: App, clock: SettableClock
) -> None:
    sign_in(client, "nurse")
    send(client, PAGE, code=nurse.show(clock.now))
    clock.now += 2 * STEP
    app = App(read_key(client.get(f"{PAGE}/new").text))
    code = app.show(clock.now)

    assert send(client, f"{PAGE}/new", code=code, current_password="wrong").status_code == 403
    assert send(client, f"{PAGE}/new", code=code).status_code == 400
    answer = send(client, f"{PAGE}/new", code=code, current_password=PASSWORD)
    assert len(read_recovery_codes(answer.text)) == 10
    assert is_through(client)


def test_new_recovery_codes_take_the_password(client: FlaskClient, nurse: App, clock: SettableClock) -> None:
    sign_in(client, "nurse")
    send(client, PAGE, code=nurse.show(clock.now))

    assert send(client, f"{PAGE}/codes", current_password="wrong").status_code == 403
    codes = read_recovery_codes(send(client, f"{PAGE}/codes", current_password=PASSWORD).text)

    assert len(set(codes) - set(nurse.noted)) == 10


def test_the_way_out_is_open_to_half_a_sign_in(client: FlaskClient, nurse: App) -> None:
    assert nurse
    sign_in(client, "nurse")

    client.post("/staff/sign-out", data={"csrf_token": csrf_token_of(client, PAGE)})

    assert client.get(PAGE).location == "/staff/sign-in"


def test_who_is_through_goes_on_from_the_pages_of_the_second_factor(
    client: FlaskClient, clock: SettableClock
) -> None:
    set_up(client, "nurse", clock.now)

    for path in (PAGE, f"{PAGE}/recovery"):
        assert client.get(path, follow_redirects=True).request.path == "/clinic/tasks"


@pytest.fixture
def optional(settings: Settings, world: StaffWorld, clock: SettableClock) -> Iterator[FlaskClient]:
    """Give a browser at an installation where the second factor is optional."""
    assert world
    made = create_app(replace(settings, second_factor="optional"), clock=clock)
    yield made.test_client()
    parts = made.extensions["pro_app"]
    parts.database.engine.dispose()
    parts.vault.database.engine.dispose()


def test_where_it_is_optional_only_those_who_set_it_up_are_asked(
    optional: FlaskClient, clock: SettableClock
) -> None:
    sign_in(optional, "nurse")
    assert is_through(optional)
    app = App(read_key(optional.get(f"{PAGE}/new").text))
    send(optional, f"{PAGE}/new", code=app.show(clock.now), current_password=PASSWORD)
    send_sign_out(optional)

    sign_in(optional, "nurse")

    assert not is_through(optional)
    clock.now += 2 * STEP
    send(optional, PAGE, code=app.show(clock.now))
    assert is_through(optional)


def test_what_a_monitor_sees_an_inspector_sees_and_neither_changes_anything(app: Flask) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]
    allowed = [(rule, allowed_roles(app, rule.endpoint) or frozenset()) for rule in rules]
    differing = {r.rule for r, roles in allowed if ("monitor" in roles) != ("inspector" in roles)}
    changing = {
        rule.rule
        for rule, roles in allowed
        if "inspector" in roles and "POST" in (rule.methods or ()) and not rule.rule.startswith("/staff/")
    }

    assert (differing, changing) == (set(), set())
    assert not any(PARTICIPANT in roles and "inspector" in roles for _rule, roles in allowed)


def test_an_inspector_whose_last_day_is_over_is_led_to_the_sign_in(
    client: FlaskClient, database: Database, clock: SettableClock
) -> None:
    assert database
    set_up(client, "inspector", clock.now)
    assert client.get("/clinic/").status_code == 200
    clock.now += timedelta(days=800)

    assert client.get("/clinic/").location == "/staff/sign-in"
    token = csrf_token(client, "/staff/sign-in")
    data = {"csrf_token": token, "username": "inspector", "password": PASSWORD}
    assert client.post("/staff/sign-in", data=data).status_code == 403
