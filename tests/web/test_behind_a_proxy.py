import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from conftest import SettableClock
from flask import Flask

from pro_app.app import create_app
from pro_app.errors import SettingMissing
from pro_app.services.throttle import FREE_TRIES_OF_A_SOURCE
from pro_app.settings import Settings

TRIES_BEFORE_A_WAIT = FREE_TRIES_OF_A_SOURCE + 1
REQUIRED = {
    "PRO_APP_DATABASE_URL": "sqlite:///a.sqlite",
    "PRO_APP_CONTACTS_DATABASE_URL": "sqlite:///b.sqlite",
    "PRO_APP_SECRET_KEY": "k" * 32,
    "PRO_APP_CONTACTS_KEY": "k" * 32,
    "PRO_APP_MAIL_URL": "smtp://localhost",
    "PRO_APP_MAIL_SENDER": "a@test.invalid",
    "PRO_APP_PUBLIC_URL": "https://pro.example.org/",
}
AppWith = Callable[[int], Flask]


@pytest.fixture
def app_with(settings: Settings, clock: SettableClock) -> Iterator[AppWith]:
    """Make apps on the test's stores that trust so many proxies."""
    made: list[Flask] = []

    def make(trusted_proxies: int) -> Flask:
        made.append(create_app(replace(settings, trusted_proxies=trusted_proxies), clock=clock))
        return made[-1]

    yield make
    for app in made:
        parts = app.extensions["pro_app"]
        parts.database.engine.dispose()
        parts.vault.database.engine.dispose()


def try_to_sign_in(app: Flask, *, username: str, forwarded_for: str) -> int:
    """Try a wrong password from an address as a proxy names it; gives the status."""
    client = app.test_client()
    page = client.get("/staff/sign-in").text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token
    form = {"csrf_token": token[1], "username": username, "password": "wrong but long enough"}
    answer = client.post("/staff/sign-in", data=form, headers={"X-Forwarded-For": forwarded_for})
    return answer.status_code


def test_one_visitor_s_wrong_tries_do_not_stop_another_behind_the_same_proxy(app_with: AppWith) -> None:
    app = app_with(1)
    statuses = [
        try_to_sign_in(app, username=f"nobody{number}", forwarded_for="192.0.2.1")
        for number in range(TRIES_BEFORE_A_WAIT)
    ]
    assert statuses[-1] == 429
    assert try_to_sign_in(app, username="somebody", forwarded_for="192.0.2.2") == 403


def test_without_a_trusted_proxy_a_visitor_cannot_pretend_to_come_from_elsewhere(app_with: AppWith) -> None:
    app = app_with(0)
    statuses = [
        try_to_sign_in(app, username=f"nobody{number}", forwarded_for=f"192.0.2.{number}")
        for number in range(TRIES_BEFORE_A_WAIT)
    ]
    assert statuses[-1] == 429


def test_only_the_address_that_the_trusted_proxy_added_counts(app_with: AppWith) -> None:
    app = app_with(1)
    statuses = [
        try_to_sign_in(app, username=f"nobody{number}", forwarded_for=f"203.0.113.{number}, 192.0.2.1")
        for number in range(TRIES_BEFORE_A_WAIT)
    ]
    assert statuses[-1] == 429


@pytest.mark.parametrize(("said", "meant"), [("", 0), ("0", 0), ("1", 1), (" 2 ", 2)])
def test_the_number_of_proxies_is_read_from_the_environment(said: str, meant: int) -> None:
    assert Settings.from_env(REQUIRED | {"PRO_APP_TRUSTED_PROXIES": said}).trusted_proxies == meant


@pytest.mark.parametrize("said", ["-1", "yes", "1.5", "²", "100"])
def test_an_unusable_number_of_proxies_is_named(said: str) -> None:
    with pytest.raises(SettingMissing) as refused:
        Settings.from_env(REQUIRED | {"PRO_APP_TRUSTED_PROXIES": said})
    assert refused.value.name == "PRO_APP_TRUSTED_PROXIES"
