"""What holds for every route of the app, so that a new one cannot escape it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import Rule

from pro_app.web.access import API_TOKEN, PUBLIC, STAFF_ROLES, allowed_roles
from pro_app.web.principals import PARTICIPANT
from pro_app.web.security_headers import CONTENT_SECURITY_POLICY

KNOWN_ROLES = {*PUBLIC, *API_TOKEN, PARTICIPANT, *STAFF_ROLES}
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


def rules(app: Flask) -> Iterator[Rule]:
    return (rule for rule in app.url_map.iter_rules() if rule.endpoint != "static")


def address(rule: Rule) -> str:
    """Give an address of the route whose objects do not exist."""
    return re.sub(r"<(?:(\w+):)?\w+>", lambda m: "999999" if m[1] == "int" else "nothing", rule.rule)


def test_every_route_declares_who_may_see_it(app: Flask) -> None:
    declared = {rule.endpoint: allowed_roles(app, rule.endpoint) for rule in rules(app)}

    assert {endpoint for endpoint, roles in declared.items() if not roles or roles - KNOWN_ROLES} == set()


def test_a_route_without_a_declaration_is_refused(app: Flask) -> None:
    app.add_url_rule("/p/undeclared", "undeclared", lambda: "secret")

    answer = app.test_client().get("/p/undeclared")

    assert (answer.status_code, "secret" in answer.text) == (403, False)


def test_nobody_sees_a_protected_page_without_signing_in(app: Flask) -> None:
    client = app.test_client()
    seen = {
        rule.rule: client.get(address(rule)).status_code
        for rule in rules(app)
        if "GET" in (rule.methods or ()) and allowed_roles(app, rule.endpoint) != PUBLIC
    }
    refused = {path: 401 if path.startswith("/api/") else 302 for path in seen}

    assert seen
    assert seen == refused


def test_every_unsafe_method_needs_the_csrf_token(app: Flask) -> None:
    client = app.test_client()
    answers = {
        (rule.rule, method): client.open(address(rule), method=method, data={"x": "1"}).status_code
        for rule in rules(app)
        for method in (rule.methods or set()) & UNSAFE
    }

    assert answers
    assert {place: status for place, status in answers.items() if status not in {302, 400, 401}} == {}


@pytest.mark.parametrize(
    "path", ["/", "/p/nothing", "/staff/sign-in", "/healthz", "/clinic/", "/statistics/", "/admin/"]
)
def test_every_answer_carries_the_security_headers(app: Flask, path: str) -> None:
    answer = app.test_client().get(path)

    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(app: Flask) -> None:
    app.config["SESSION_COOKIE_SECURE"] = True
    for path, name in (("/", "__Host-participant"), ("/staff/sign-in", "__Host-staff")):
        answer = app.test_client().get(path, base_url="https://localhost")
        cookies = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith(name)]

        assert len(cookies) == 1, path
        assert all(flag in cookies[0] for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))


def test_no_template_holds_inline_script_or_style(app: Flask) -> None:
    folder = app.root_path
    forbidden = re.compile(r"\sstyle=|\son\w+=\"|<script(?![^>]*\ssrc=)|javascript:", re.IGNORECASE)
    templates = list(Path(folder).rglob("*.html"))

    assert templates
    assert [str(t) for t in templates if forbidden.search(t.read_text(encoding="utf-8"))] == []
