"""Shutting out one phone of several, on each of the two kinds of database."""

from dataclasses import replace

import pytest
from conftest import NOW
from participant_world import World

from pro_app.errors import NotFound, SignInRefused
from pro_app.services.devices import list_devices_of, revoke_device
from pro_app.services.own_devices import OwnDevice
from pro_app.services.participant_sign_in import NewDevice
from pro_app.services.sessions import find_participant_sign_in
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload


def is_signed_in(world: World, device: NewDevice) -> bool:
    return find_participant_sign_in(world.database, device.session_token, now=NOW) is not None


def remember_two(world: World) -> tuple[NewDevice, NewDevice]:
    """Remember a telephone and then a tablet."""
    phone = world.remember_phone()
    tablet = world.sign_in_with(world.card.sign_in_code, remember=True, device_label="iPad")
    return phone, tablet


def devices(world: World) -> list[OwnDevice]:
    with world.database.reading() as session:
        return list_devices_of(session, world.participant_id, actor=world.clinic.nurse)


def shut_out(world: World, device_id: int) -> None:
    with world.database.writing() as session:
        revoke_device(
            session,
            participant_id=world.participant_id,
            device_id=device_id,
            vault=world.clinic.vault,
            actor=world.clinic.nurse,
            now=NOW,
        )


def test_one_phone_is_signed_out_at_its_next_request_and_the_other_stays(world: World) -> None:
    phone, tablet = remember_two(world)
    (lost,) = (device.device_id for device in devices(world) if device.label == "iPhone")
    shut_out(world, lost)
    assert (is_signed_in(world, phone), is_signed_in(world, tablet)) == (False, True)
    assert [device.label for device in devices(world)] == ["iPad"]
    with pytest.raises(SignInRefused):
        world.sign_in_on(str(phone.device_secret))
    assert is_signed_in(world, world.sign_in_on(str(tablet.device_secret)))


def test_the_trail_names_the_one_phone_and_who_shut_it_out(world: World) -> None:
    remember_two(world)
    lost = devices(world)[0].device_id
    shut_out(world, lost)
    with world.database.reading() as session:
        entry = session.query(AuditEntry).filter_by(action="devices.revoke").one()
        payload = session.query(AuditPayload).filter_by(entry_id=entry.id).one()
    assert entry.subject_ref == f"participant:{world.participant_id}"
    assert entry.actor == f"account:{world.clinic.nurse.account_id}"
    assert payload.items == [{"field": f"device:{lost}", "before": "remembered", "after": "revoked"}]


def test_a_phone_that_is_shut_out_already_changes_nothing(world: World) -> None:
    remember_two(world)
    lost = devices(world)[0].device_id
    shut_out(world, lost)
    with pytest.raises(NotFound):
        shut_out(world, lost)
    with world.database.reading() as session:
        assert session.query(AuditEntry).filter_by(action="devices.revoke").count() == 1


def test_the_phone_of_somebody_else_is_no_phone_of_this_person(world: World) -> None:
    other = world.enrol_another()
    theirs = other.remember_phone()
    (device,) = devices(other)
    with pytest.raises(NotFound):
        shut_out(world, device.device_id)
    assert is_signed_in(other, theirs)


def test_another_site_sees_no_phone_and_shuts_out_none(world: World) -> None:
    phone = world.remember_phone()
    (device,) = devices(world)
    stranger = replace(world, clinic=replace(world.clinic, nurse=world.clinic.other_nurse))
    with pytest.raises(NotFound):
        devices(stranger)
    with pytest.raises(NotFound):
        shut_out(stranger, device.device_id)
    assert is_signed_in(world, phone)
