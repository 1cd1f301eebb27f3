from dataclasses import replace

import pytest
from conftest import NOW, TEST_SECRET
from participant_world import PIN, World

from pro_app.errors import NotFound, SignInRefused
from pro_app.services.devices import revoke_devices
from pro_app.services.participant_sign_in import (
    NewDevice,
    activate_card,
)
from pro_app.services.sessions import find_participant_sign_in
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload
from pro_app.storage.tables.credentials import Device
from pro_app.storage.tables.sessions import ParticipantSession


def activate(world: World) -> NewDevice:
    with world.database.writing() as session:
        return activate_card(
            session,
            token_or_code=world.card.token,
            pin=PIN,
            device_label="iPhone",
            secret_key=TEST_SECRET,
            now=NOW,
        )


def is_signed_in(world: World, token: str) -> bool:
    return find_participant_sign_in(world.database, token, now=NOW) is not None


def revoke(world: World) -> None:
    with world.database.writing() as session:
        revoke_devices(
            session,
            participant_id=world.participant_id,
            vault=world.clinic.vault,
            actor=world.clinic.nurse,
            now=NOW,
        )


def test_a_lost_phone_is_signed_out_and_its_pin_is_no_longer_enough(world: World) -> None:
    phone = activate(world)
    other = world.enrol_another()
    bystander = activate(other)
    revoke(world)
    assert (is_signed_in(world, phone.session_token), is_signed_in(world, bystander.session_token)) == (
        False,
        True,
    )
    with pytest.raises(SignInRefused):
        world.sign_in_on(str(phone.device_secret))
    again = world.sign_in_with(world.card.sign_in_code)
    assert is_signed_in(world, again.session_token)


def test_shutting_out_is_one_audit_entry_that_names_the_devices(world: World) -> None:
    activate(world)
    revoke(world)
    with world.database.reading() as session:
        (entry,) = session.query(AuditEntry).filter_by(action="devices.revoke")
        (device,) = session.query(Device)
        payload = session.query(AuditPayload).filter_by(entry_id=entry.id).one()
    assert entry.subject_ref == f"participant:{world.participant_id}"
    assert [item["field"] for item in payload.items] == [f"device:{device.id}", "sessions"]


def test_a_session_that_began_while_its_device_was_revoked_does_not_live(world: World) -> None:
    phone = activate(world)
    revoke(world)
    with world.database.writing() as session:
        session.query(ParticipantSession).update({"ended_at": None})
    assert not is_signed_in(world, phone.session_token)


def test_a_new_card_ends_the_open_sessions(world: World) -> None:
    phone = activate(world)
    world.print_card()
    assert not is_signed_in(world, phone.session_token)


def test_another_site_cannot_shut_out_a_phone(world: World) -> None:
    phone = activate(world)
    stranger = replace(world, clinic=replace(world.clinic, nurse=world.clinic.other_nurse))
    with pytest.raises(NotFound):
        revoke(stranger)
    assert is_signed_in(world, phone.session_token)
