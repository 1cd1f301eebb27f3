"""The staff's pages about calendar and messages, with long names: tables scroll inside, pages never."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from accessibility import STAFF_LOOKS, Look, list_violations
from amendment_world import drop_visit, move_visit, write_version
from builders import PASSWORD, build_staff, randomise
from journey_people import sign_in_staff
from journey_world import DESK, PHONE, Installation, today
from participant_screens import Screen
from playwright.sync_api import Page, expect
from sqlalchemy import select, update
from staff_screens import StaffWalk
from staff_story import StaffStory

from pro_app.app import create_app
from pro_app.audit.actor import system_actor
from pro_app.clock import system_clock
from pro_app.services.studies import load_study
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sites import Site

TABLET = {"width": 820, "height": 1180}
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LINES_OF_MENU = (
    "new Set([...document.querySelectorAll('.staff-bar-nav a')].map((link) => link.offsetTop)).size"
)
IN_OTHER_JOURNEYS = {
    "admin.confirm_go_live",  # needs every document: test_going_to_production.py
    "admin.confirm_reset",  # these four need an app that shows codes: test_second_factor.py
    "auth.recovery",
    "auth.second_factor",
    "auth.confirm_recovery_codes",
    "auth.new_passkey",  # these two need a security key: test_passkeys.py
    "auth.confirm_remove_passkey",
    "auth.invitation",  # needs an invitation: test_invitations.py
    "clinic.answers",  # these four need an investigator: test_corrections.py
    "clinic.clarification",
    "clinic.new_clarification",
    "clinic.reading",
    "clinic.confirm_shutting_out",  # needs a remembered phone: test_asking_by_telephone.py
    "clinic.consent_correction",  # these two need an entry, and a second site: test_transfer.py
    "clinic.transfer",
    "clinic.paper",  # these six need a sheet that somebody types in: test_paper.py
    "clinic.paper_differences",
    "clinic.paper_discarding",
    "clinic.paper_entry",
    "clinic.paper_head",
    "clinic.paper_review",
}
"""Pages at which axe looks where they come up."""
NAME = "Centre hospitalier régional et universitaire Anne-de-Bretagne et Saint-Exupéry de l’agglomération"
TOWN = "Saint-Rémy-en-Bouzemont-Saint-Genest-et-Isson"


@pytest.fixture(scope="module")
def participant_id(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Give a site of a long name a randomised participant and an amendment that waits; undo the name."""
    card, now = installation.enrol(), system_clock()
    assert installation.nurse is not None
    assert installation.nurse.study_id is not None
    with installation.database.reading() as session:
        code = Participant.participant_code == card.participant_code
        participant_id = session.scalars(select(Participant.id).where(code)).one()
        named = session.get_one(Site, installation.site_id)
        usual = {"name": named.name, "city": named.city}
    actor = installation.nurse
    randomise(installation.database, participant_id, on=today(), actor=actor, now=now)
    for role in ("coordinator", "administrator"):
        build_staff(installation.database, role, study_id=actor.study_id or 0, username=role, now=now)
    path = write_version(
        tmp_path_factory.mktemp("amended"), "1.1", move_visit("M03", months=4), drop_visit("Y5")
    )
    with installation.database.writing() as session:
        load_study(session, protocol_path=Path(path), actor=system_actor("test", "load"), now=now)
    _rename_site(installation, name=NAME, city=TOWN)
    yield participant_id
    _rename_site(installation, **usual)


@pytest.mark.parametrize("size", [PHONE, TABLET, DESK], ids=["phone", "tablet", "desk"])
def test_no_page_of_the_nurse_scrolls_sideways(
    installation: Installation, participant_id: int, size: dict[str, int]
) -> None:
    record = f"/clinic/participants/{participant_id}"
    with installation.open_window(viewport=size) as page:
        sign_in_staff(page, "nurse", PASSWORD)
        for address in ("/clinic/tasks", "/clinic/message-texts", record, f"{record}/events/new"):
            _check_width(page, address)
        page.get_by_role("row").filter(has_text="Décès").get_by_role("button").click()
        page.get_by_label("Date", exact=True).fill(today().isoformat())
        page.get_by_role("button", name="Voir ce que cela change").click()
        expect(page.get_by_role("button", name="Enregistrer")).to_be_visible()
        assert page.evaluate(SIDEWAYS) == 0


@pytest.mark.parametrize("size", [PHONE, TABLET, DESK], ids=["phone", "tablet", "desk"])
def test_no_page_of_the_coordinator_scrolls_sideways(
    installation: Installation, participant_id: int, size: dict[str, int]
) -> None:
    assert participant_id
    with installation.open_window(viewport=size) as page:
        sign_in_staff(page, "coordinator", PASSWORD)
        for address in ("/clinic/tasks", "/admin/sending", "/admin/amendments", "/admin/amendments/1.1"):
            _check_width(page, address)
        page.locator("main details summary").first.click()
        assert page.evaluate(SIDEWAYS) == 0
        assert size != DESK or page.evaluate(LINES_OF_MENU) == 1


def test_on_a_phone_every_choice_of_an_event_is_in_reach_without_scrolling_its_table(
    installation: Installation, participant_id: int
) -> None:
    with installation.open_window(viewport=PHONE) as page:
        sign_in_staff(page, "nurse", PASSWORD)
        page.goto(f"/clinic/participants/{participant_id}/events/new")
        choices = page.get_by_role("row").get_by_role("button", name="Choisir").all()
        assert len(choices) > 3
        for choice in choices:
            box = choice.bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= PHONE["width"]


def test_axe_finds_nothing_on_any_page_of_the_staff(
    installation: Installation, participant_id: int, tmp_path: Path
) -> None:
    roles = StaffStory(installation, tmp_path / "words", newcomer_id=participant_id).tell()
    walk = StaffWalk(installation, create_app(installation.settings), roles)
    wrong = [
        f"{screen.name}, {found}"
        for screen in walk.list_screens()
        for found in list_violations(screen.page, _list_looks(screen))
    ]
    assert wrong == []
    assert sorted(walk.list_pages() - walk.seen - IN_OTHER_JOURNEYS) == []


def _list_looks(screen: Screen) -> Sequence[Look]:
    """List how to look at a page; a refused form, seen without errors just before, only narrow."""
    return STAFF_LOOKS[-1:] if screen.name.endswith("-refused") else STAFF_LOOKS


def _check_width(page: Page, address: str) -> None:
    """Open a page, and fail where it is wider than the window."""
    page.goto(address)
    assert page.evaluate(SIDEWAYS) == 0, address


def _rename_site(installation: Installation, **values: str) -> None:
    with installation.database.writing() as session:
        session.execute(update(Site).where(Site.id == installation.site_id).values(**values))
