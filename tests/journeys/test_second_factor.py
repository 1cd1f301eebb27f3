"""Where the second factor is required: set up at the first sign-in, asked for at each one after it."""

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import builders
import pytest
from accessibility import STAFF_LOOKS, list_violations
from builders import PASSWORD
from journey_desks import read_token
from journey_people import sign_in_staff
from journey_world import DESK, Installation, open_installation, serve_folder
from playwright.sync_api import Browser, Page, expect
from second_factor_world import App

from pro_app.clock import system_clock

PHONE = {"width": 390, "height": 844}
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def guarded(  # noqa: PLR0917 -- fixtures
    sqlite_template: Path, contacts_template: Path, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Serve an installation that requires the second factor."""
    folder = tmp_path_factory.mktemp("guarded")
    shutil.copy(sqlite_template, folder / "main.sqlite")
    shutil.copy(contacts_template, folder / "contacts.sqlite")
    with (
        serve_folder(folder, second_factor="required") as settings,
        open_installation(settings, browser) as made,
    ):
        yield made


def test_an_app_is_set_up_at_the_first_sign_in_and_a_recovery_code_helps_without_it(
    guarded: Installation,
) -> None:
    with guarded.open_window(viewport=PHONE, watch=guarded.watch(403), reduced_motion="reduce") as page:
        sign_in_staff(page, "nurse", PASSWORD)
        app = _set_up(page, checked=True)
        expect(page.get_by_role("heading", level=1)).to_have_text("À faire aujourd’hui")
        _sign_out(page)

        sign_in_staff(page, "nurse", PASSWORD)
        assert page.evaluate(SIDEWAYS) == 0
        _look(page)
        _type(page, "Code affiché par l’application", "000000")
        expect(page.get_by_role("alert")).to_contain_text("Ce code ne convient pas")
        _type(page, "Code affiché par l’application", app.show(system_clock(), steps_ahead=1))
        _sign_out(page)

        sign_in_staff(page, "nurse", PASSWORD)
        page.get_by_role("link", name="Je n’ai pas mon téléphone").click()
        _look(page)
        _type(page, "Code de secours", app.noted[0])
        expect(page.get_by_text("Il reste 9 codes de secours.")).to_be_visible()
        page.goto("/staff/second-factor/codes")
        _look(page)


def test_an_inspector_looks_around_until_the_last_day_and_changes_nothing(guarded: Installation) -> None:
    assert guarded.nurse is not None
    now = system_clock()
    builders.build_staff(
        guarded.database,
        "inspector",
        study_id=guarded.nurse.study_id or 0,
        username="inspector",
        ends_at=now + timedelta(days=2),
        now=now,
    )
    card = guarded.enrol()
    with guarded.open_window(viewport=DESK, watch=guarded.watch(404), reduced_motion="reduce") as page:
        sign_in_staff(page, "inspector", PASSWORD)
        _set_up(page)
        page.get_by_role("link", name=card.participant_code).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(card.participant_code)
        assert page.locator("main form[method=post]").count() == 0
        for name in ("Taux de réponse", "À faire"):
            page.get_by_role("navigation").get_by_role("link", name=re.compile(name)).first.click()
            assert page.locator("main form[method=post]").count() == 0
        participants = page.get_by_role("navigation").get_by_role("link", name="Patients").first
        participants.click()
        _read_the_trail_of(page, card.participant_code)
        record = f"/clinic/participants/{card.participant_id}"
        token = read_token(page)
        for act in ("events/new", "contact", "transfer", "consent", "card"):
            refused = page.request.post(f"{record}/{act}", form={"csrf_token": token})
            assert refused.status == 404, act
        for address in ("/clinic/participants/new", f"{record}/answers", f"{record}/contact"):
            answer = page.goto(address)
            assert answer is not None
            assert answer.status == 404, address


def _read_the_trail_of(page: Page, code: str) -> None:
    """Read everything that was done about a patient, search it and take it along; no address is in it."""
    page.get_by_role("link", name=code).click()
    page.get_by_role("link", name="Toute la piste d’audit, avec recherche et téléchargement").click()
    entries = page.locator("ol.trail li")
    expect(entries.filter(has_text="inclu").first).to_be_visible()
    assert "@" not in page.get_by_role("main").inner_text()
    _look(page)
    page.set_viewport_size(DESK)
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("CSV")).click()
    told = download.value.path().read_text(encoding="utf-8-sig")
    assert code in told
    assert "@" not in told


def _set_up(page: Page, *, checked: bool = False) -> App:
    """Read the key, type the code that an app shows with it, and note the recovery codes."""
    expect(page.get_by_role("img", name="Code QR")).to_be_visible()
    if checked:
        assert page.evaluate(SIDEWAYS) == 0
        _look(page)
    app = App(page.locator("code.second-factor-key").inner_text().replace(" ", ""))
    page.get_by_label("Code affiché par l’application").fill(app.show(system_clock()))
    page.get_by_role("button", name="Utiliser cette application").click()
    expect(page.get_by_role("heading", name="Vos codes de secours")).to_be_visible()
    if checked:
        _look(page)
    app.noted = page.locator(".recovery-codes code").all_inner_texts()
    page.get_by_role("link", name="Je les ai conservés, continuer").click()
    return app


def _type(page: Page, label: str, code: str) -> None:
    page.get_by_label(label).fill(code)
    page.get_by_role("button", name="Continuer").click()


def _sign_out(page: Page) -> None:
    page.get_by_role("button", name="Se déconnecter").click()


def _look(page: Page) -> None:
    """Fail on whatever axe finds on the page, in the sizes of the staff and on the phone at the end."""
    wrong = list(list_violations(page, STAFF_LOOKS))
    page.set_viewport_size(PHONE)
    assert not wrong, "\n".join(wrong)
