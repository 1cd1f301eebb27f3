"""The last question before a study goes to production, where every document is recorded."""

import shutil
from pathlib import Path

from accessibility import STAFF_LOOKS, list_violations
from builders import PASSWORD, SETUP, build_staff
from journey_people import sign_in_staff
from journey_world import DESK, Installation
from playwright.sync_api import Page, expect
from wording_packs import C30, GINET21, make_pack
from wording_world import put_in_use

from pro_app.clock import system_clock
from pro_app.definitions.files import QUESTIONNAIRES
from pro_app.protocol.rules import DataProtection
from pro_app.services.production.entries import ENTRY_WORDS
from pro_app.services.studies import load_study

PAGE = "/admin/study/production"
STUDY = "reluth-ready"
PROTOCOL = "protocols/reluth/1.0/protocol.yaml"


def test_going_to_production_is_asked_once_more_and_can_be_left(
    installation: Installation, tmp_path: Path
) -> None:
    username = make_study_ready(installation, tmp_path)
    with installation.open_window(viewport=DESK, reduced_motion="reduce") as page:
        sign_in_staff(page, username, PASSWORD)
        page.goto(PAGE)
        for kind in ENTRY_WORDS:
            record_document(page, kind)
        page.get_by_role("link", name="Passer en production").click()
        expect(page.get_by_role("button", name="Passer en production")).to_be_visible()
        assert list(list_violations(page, STAFF_LOOKS)) == []
        page.get_by_role("link", name="Annuler").click()
        expect(page.get_by_role("link", name="Passer en production")).to_be_visible()


def make_study_ready(installation: Installation, folder: Path) -> str:
    """Load a study of its own with licensed texts in use; gives the name of its coordinator."""
    now, database = system_clock(), installation.database
    path = shutil.copytree(QUESTIONNAIRES, folder / "questionnaires") / PROTOCOL
    text = path.read_text(encoding="utf-8")
    said = "".join(f'    {name}: {{fr: "{name}", en: "{name}"}}\n' for name in DataProtection().unsaid)
    path.write_text(
        f"{text.replace('code: reluth', f'code: {STUDY}')}\nparticipant_pages:\n  data_protection:\n{said}",
        encoding="utf-8",
    )
    with database.writing() as session:
        study_id = load_study(session, protocol_path=path, actor=SETUP, now=now).id
    people = (
        build_staff(database, "coordinator", study_id=study_id, username="ready.coordinator", now=now),
        build_staff(database, "administrator", study_id=study_id, username="ready.admin", now=now),
    )
    for instrument in (C30, GINET21):
        put_in_use(database, make_pack(instrument), people=people, folder=folder, now=now)
    return "ready.coordinator"


def record_document(page: Page, kind: str) -> None:
    """Record a document by the form of the page."""
    page.locator("[name=kind]").select_option(kind)
    page.locator("[name=reference]").fill(f"REF {kind}")
    page.locator("[name=on]").fill("2026-01-15")
    if kind == "hosting-certificate":
        page.locator("[name=until]").fill("2030-03-01")
    page.locator("form:has([name=reference]) [type=submit]").click()
    expect(page.locator("main").get_by_text(f"REF {kind}")).to_be_visible()
