"""A passkey in a real browser: made with Chromium's own virtual security key, used at the next sign-in."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from accessibility import STAFF_LOOKS, list_violations
from builders import PASSWORD
from journey_people import sign_in_staff
from journey_world import DESK, Installation, open_installation, serve_folder
from playwright.sync_api import Browser, Page, expect
from second_factor_world import App

from pro_app.clock import system_clock


@pytest.fixture(scope="module")
def guarded(  # noqa: PLR0917 -- fixtures
    sqlite_template: Path, contacts_template: Path, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Serve an installation that requires the second factor, under the name that passkeys are bound to."""
    folder = tmp_path_factory.mktemp("passkeys")
    shutil.copy(sqlite_template, folder / "main.sqlite")
    shutil.copy(contacts_template, folder / "contacts.sqlite")
    with (
        serve_folder(folder, host="localhost", second_factor="required") as settings,
        open_installation(settings, browser) as made,
    ):
        yield made


def test_a_passkey_is_made_and_opens_the_next_sign_in_with_one_touch(guarded: Installation) -> None:
    with guarded.open_window(viewport=DESK, watch=guarded.watch(403), reduced_motion="reduce") as page:
        key = _plug_in(page)
        sign_in_staff(page, "nurse", PASSWORD)
        _set_app_up(page)

        page.goto("/staff/passkeys/new")
        _look(page)
        adding = page.locator("form[data-passkey=add]")
        adding.locator("[name=label]").fill("Clé bleue")
        adding.locator("[name=current_password]").fill("not the password")
        adding.locator("button").click()
        expect(adding.get_by_role("alert")).not_to_be_empty()
        adding.locator("[name=current_password]").fill(PASSWORD)
        adding.locator("button").click()
        expect(page.get_by_role("rowheader", name="Clé bleue")).to_be_visible()
        _look(page)

        page.goto("/staff/account")
        page.locator("a[href$='/remove']").click()
        _look(page)

        page.locator("form[action$='/sign-out'] button").first.click()
        sign_in_staff(page, "nurse", PASSWORD)
        _look(page)
        page.locator("form[data-passkey=prove] button").click()
        page.wait_for_url("**/clinic/tasks")

        (kept,) = key.list()
        assert kept["signCount"] > 1
        page.locator("form[action$='/sign-out'] button").first.click()
        sign_in_staff(page, "nurse", PASSWORD)
        key.refuse()
        page.locator("form[data-passkey=prove] button").click()
        expect(page.locator("form[data-passkey=prove]").get_by_role("alert")).not_to_be_empty()
        assert page.url.endswith("/staff/second-factor")


class VirtualKey:
    """Chromium's virtual security key, steered over the DevTools protocol (WebAuthn domain)."""

    def __init__(self, page: Page) -> None:
        self._devtools = page.context.new_cdp_session(page)
        self._devtools.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "usb",
            "hasUserVerification": False,
            "automaticPresenceSimulation": True,
        }
        made = self._devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self._named = {"authenticatorId": made["authenticatorId"]}

    def list(self) -> list[dict[str, Any]]:
        """List the passkeys on it."""
        found = self._devtools.send("WebAuthn.getCredentials", self._named)
        return list(found["credentials"])

    def refuse(self) -> None:
        """Take it out: the browser finds no key any more."""
        self._devtools.send("WebAuthn.clearCredentials", self._named)


def _plug_in(page: Page) -> VirtualKey:
    return VirtualKey(page)


def _set_app_up(page: Page) -> None:
    app = App(page.locator("code.second-factor-key").inner_text().replace(" ", ""))
    page.locator("input[name=code]").fill(app.show(system_clock()))
    page.locator("form[data-once] button").click()
    expect(page.locator(".recovery-codes")).to_be_visible()


def _look(page: Page) -> None:
    wrong = list(list_violations(page, STAFF_LOOKS))
    page.set_viewport_size(DESK)
    assert not wrong, "\n".join(wrong)
