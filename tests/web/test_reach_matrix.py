"""Every route asked by everybody, about what is theirs, what is not, and what is not there at all."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from clinic_browser import PASSWORD, StaffBrowser
from clinic_world import noon
from conftest import TEST_SECRET, SettableClock
from database_copies import read_rows
from flask import Flask
from participant_world import activate
from reach_world import BEGUN, TODAY, ReachWorld, build_reach_world
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from pro_app.services.cards import print_card
from pro_app.storage.database import Database
from pro_app.web.access import STAFF_ROLES, allowed_roles
from pro_app.web.principals import PARTICIPANT

REVIEWED = Path(__file__).with_name("reach.txt")
"""One line a route: its method, its address and the roles that may come there. Read each change of it."""
REFUSED = 400
SITE_FACES = ("clinic.",)
LOGS = {"read_log", "staff_sessions", "participant_sessions", "throttles"}
"""What is written about the asking itself."""


@pytest.fixture
def world(app: Flask, clock: SettableClock, tmp_path: Path) -> ReachWorld:
    """Make one of everything at the first site."""
    clock.now = noon(TODAY)
    made = build_reach_world(app, tmp_path / "reach")
    tasks = sign_in(app, made, "nurse").get("/clinic/tasks").text
    found = re.search(rf"/clinic/participants/{made.own['participant_id']}/tasks/([^\"/?#]+)", tasks)
    assert found is not None
    return replace(made, own={**made.own, "mark": found[1]})


def list_rules(app: Flask) -> list[tuple[str, Rule]]:
    """Give each route with each method that a browser asks it by."""
    return sorted(
        (
            (method, rule)
            for rule in app.url_map.iter_rules()
            if rule.endpoint != "static"
            for method in (rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}
        ),
        key=lambda pair: (pair[1].rule, pair[0]),
    )


def sign_in(app: Flask, world: ReachWorld, role: str) -> StaffBrowser:
    """Sign somebody in; `nurse elsewhere` is the nurse of the other site."""
    browser = StaffBrowser(app.test_client())
    page = browser.post("/staff/sign-in", username=world.usernames[role], password=PASSWORD)
    assert page.status_code == 200
    return browser


def address(rule: Rule, world: ReachWorld, *, missing: bool = False) -> str:
    """Give the address of a route about what is there, or about what is not; an unknown argument fails."""
    built = rule.build(world.values(rule.endpoint, missing=missing), append_unknown=False)
    assert built is not None, f"no value for an argument of {rule.rule}: add it to tests/reach_world.py"
    return built[1]


def ask(browser: StaffBrowser, method: str, path: str, *, token: str) -> TestResponse:
    """Send one request, with a good CSRF token and nothing else."""
    data = {"csrf_token": token} if method != "GET" else None
    return browser.client.open(path, method=method, data=data)


def read_token(browser: StaffBrowser) -> str:
    """Read the CSRF token of a page that everybody of the staff has."""
    page = browser.get("/staff/account")
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def plain(answer: TestResponse, path: str) -> tuple[int, str]:
    """Give what somebody can learn from an answer: status and words, without address and token."""
    text = re.sub(r'name="csrf_token"[^>]*>', "", answer.text).replace(path, "")
    return answer.status_code, text + answer.headers.get("Location", "").replace(path, "")


def read_facts(database: Database) -> dict[str, object]:
    """Read every row but those about the asking itself."""
    return {table.name: rows for table, rows in read_rows(database).tables if table.name not in LOGS}


def test_the_roles_of_every_route_are_those_that_were_reviewed(app: Flask) -> None:
    lines = [
        f"{method:5} {rule.rule}: {', '.join(sorted(allowed_roles(app, rule.endpoint) or ['nobody']))}"
        for method, rule in list_rules(app)
    ]
    assert lines == REVIEWED.read_text(encoding="utf-8").splitlines()


def test_what_is_not_for_somebody_is_exactly_what_is_not_there(app: Flask, world: ReachWorld) -> None:
    leaks, changed = [], []
    for role in world.usernames:
        browser = sign_in(app, world, role)
        token, asked = read_token(browser), 0
        facts = read_facts(world.clinic.database)
        for method, rule in list_closed(app, role):
            paths = dict.fromkeys((address(rule, world), address(rule, world, missing=True)))
            answers = [plain(ask(browser, method, path, token=token), path) for path in paths]
            asked += 1
            if any(status != 404 for status, _ in answers) or len(set(answers)) > 1:
                leaks.append((role, method, rule.rule, [status for status, _ in answers]))
        assert asked > 20, role
        changed += [role] if read_facts(world.clinic.database) != facts else []
    assert (leaks, changed) == ([], [])


def test_what_is_another_patient_s_is_exactly_what_is_not_there(app: Flask, world: ReachWorld) -> None:
    browser = sign_in_patient(app, world)
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get("/p/settings").text)
    assert found is not None
    facts, leaks, asked = read_facts(world.clinic.database), [], 0
    for method, rule in list_rules(app):
        if PARTICIPANT in (allowed_roles(app, rule.endpoint) or ()) and rule.arguments:
            paths = (address(rule, world), address(rule, world, missing=True))
            answers = [plain(ask(browser, method, path, token=found[1]), path) for path in paths]
            asked += 1
            if answers[0][0] < REFUSED or answers[0] != answers[1]:
                leaks.append((method, rule.rule, [status for status, _ in answers]))
    assert asked > 10
    assert leaks == []
    assert read_facts(world.clinic.database) == facts


def sign_in_patient(app: Flask, world: ReachWorld) -> StaffBrowser:
    """Sign in another patient of the same site."""
    clinic, browser = world.clinic, StaffBrowser(app.test_client())
    participant_id = clinic.enrol(BEGUN, participant_code="15-060", email="c@example.fr")
    with clinic.writing() as session:
        card = print_card(
            session,
            participant_id=participant_id,
            secret_key=TEST_SECRET,
            actor=clinic.nurse,
            now=noon(TODAY),
        )
    assert activate(browser.client, card).status_code in {200, 302}
    return browser


def test_what_is_for_somebody_is_there(app: Flask, world: ReachWorld) -> None:
    # Were nothing there for its own people, finding nothing would prove nothing about the others.
    pages = [(method, rule) for method, rule in list_rules(app) if method == "GET" and rule.arguments]
    found: dict[str, set[int]] = {rule.rule: set() for _, rule in pages}
    for role in [*world.usernames]:
        browser = sign_in(app, world, role)
        for method, rule in pages:
            if role in (allowed_roles(app, rule.endpoint) or ()):
                answer = ask(browser, method, address(rule, world), token="")
                found[rule.rule].add(answer.status_code)
    shown = {rule: statuses for rule, statuses in found.items() if statuses}
    assert len(shown) > 40
    assert {rule for rule, statuses in shown.items() if not statuses & {200, 302}} == set()


def list_closed(app: Flask, role: str) -> Iterator[tuple[str, Rule]]:
    """List the routes at which nothing may be there for somebody: other roles', and another site's people."""
    own = role.partition(" ")[0]
    for method, rule in list_rules(app):
        roles = allowed_roles(app, rule.endpoint) or frozenset()
        if not roles & set(STAFF_ROLES):
            continue
        is_of_a_site = rule.endpoint.startswith(SITE_FACES) and rule.arguments
        if own not in roles or ("elsewhere" in role and is_of_a_site):
            yield method, rule
