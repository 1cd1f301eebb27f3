"""What the newcomer's site has in hand when the demo's past is filled."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from pro_app.audit.verification import verify_audit_trail
from pro_app.demo.people import HOME_SITE, NURSE
from pro_app.demo.run import DemoPlace, prepare
from pro_app.demo.site_work import STEPS, take_in_hand
from pro_app.reminders.dispatch import PostOffice, open_post_office
from pro_app.services.invitations import find_open_invitation
from pro_app.services.staff_addresses import find_staff_address
from pro_app.simulation.history import History, make_sender
from pro_app.simulation.people import Recruitment, plan_virtual_people
from pro_app.simulation.world import World, load_world
from pro_app.storage.queries.assessments import list_assessments
from pro_app.storage.queries.participants import find_participant
from pro_app.storage.tables.accounts import Account
from pro_app.storage.tables.clarifications import Clarification
from pro_app.storage.tables.consent_records import ConsentRecord
from pro_app.storage.tables.paper_forms import PaperEntry, PaperForm
from pro_app.storage.tables.transfers import SiteTransfer

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
THE_YEARS = timedelta(days=3 * 365)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostOffice]:
    """Give a demo in which some have lived at the newcomer's site, and one at each that asks it."""
    place = DemoPlace(tmp_path_factory.mktemp("worked") / "demo", port=8123)
    prepare(place)
    opened = open_post_office(place.settings)
    world = load_world(opened, nurse=NURSE)
    history = History(world, send=make_sender(opened))
    sites = (*[HOME_SITE] * 8, "01", "02")
    recruitment = Recruitment(
        count=len(sites),
        site_codes=sites,
        from_on=world.protocol.trial.began_on,
        spread=THE_YEARS,
        today=NOW.date(),
    )
    for person in plan_virtual_people(world.protocol, recruitment, seed=3):
        history.add_person(person)
    history.run(NOW)
    take_in_hand(world, now=NOW)
    yield opened
    opened.close()


@pytest.fixture
def world(office: PostOffice) -> World:
    return load_world(office, nurse=NURSE)


def test_sheets_of_paper_wait_for_a_second_entry_and_for_a_decision(world: World) -> None:
    with world.database.reading() as session:
        opened = session.scalars(select(PaperForm.id).where(PaperForm.closed_at.is_(None))).all()
        entries = sorted(
            session.scalar(select(func.count()).where(PaperEntry.paper_form_id == form)) or 0
            for form in opened
        )
        modes = {form.mode for form in list_assessments(session, site_ids=[world.site_ids[HOME_SITE]])}

    assert entries == [1, 2]
    assert {"paper", "interview", "site_tablet", "own_device"} <= modes


def test_corrections_consents_and_transfers_are_there(world: World) -> None:
    with world.database.reading() as session:
        decisions = session.scalars(select(Clarification.decision)).all()
        kinds = set(session.scalars(select(ConsentRecord.kind)))
        settled = sorted(str(how) for how in session.scalars(select(SiteTransfer.settled_how)))
        entries, faults = verify_audit_trail(session)

    assert None in decisions
    assert "accepted" in decisions
    assert len(kinds) == 3
    assert {"None", "accepted"} == set(settled)
    assert faults == []
    assert entries


def test_a_life_goes_on_at_the_site_that_follows_it_now(world: World) -> None:
    with world.database.reading() as session:
        moved = session.scalars(select(SiteTransfer).where(SiteTransfer.settled_how == "accepted")).one()
        person = find_participant(session, moved.participant_id)
        nurse = world.find_nurse(session, moved.participant_id)

    assert person is not None
    assert nurse.may_reach_site(world.study_id, person.site_id)
    assert not nurse.may_reach_site(world.study_id, moved.from_site_id)


def test_everybody_of_the_staff_has_an_address_and_a_colleague_is_invited(office: PostOffice) -> None:
    with office.database.reading() as session:
        accounts = session.scalars(select(Account)).all()
        addresses = [find_staff_address(session, office.vault, account.id) for account in accounts]
        invited = [a.username for a in accounts if find_open_invitation(session, a.id) is not None]

    assert all(address and address.endswith("@example.org") for address in addresses)
    assert invited == ["remplacement"]


def test_an_empty_site_has_nothing_in_hand_and_stays_as_it_is(tmp_path: Path) -> None:
    place = DemoPlace(tmp_path / "demo", port=8123)
    prepare(place)
    office = open_post_office(place.settings)
    take_in_hand(load_world(office, nurse=NURSE), now=NOW)

    with office.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(PaperForm)) == 0
        assert session.scalar(select(func.count()).select_from(SiteTransfer)) == 0
    office.close()
    assert STEPS
