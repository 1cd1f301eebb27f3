from dataclasses import replace

import pytest
from conftest import NOW
from participant_world import World

from pro_app.errors import NotFound, SignInRefused
from pro_app.services.device_reports import HeldAnswers, record_held_answers
from pro_app.services.devices import revoke_device
from pro_app.services.sessions import find_participant_sign_in
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload
from pro_app.storage.tables.credentials import Device
from pro_app.storage.tables.device_reports import DeviceReport
from pro_app.storage.tables.sessions import ParticipantSession


def is_signed_in(world: World, token: str) -> bool:
    return find_participant_sign_in(world.database, token, now=NOW) is not None


def test_a_lost_phone_is_signed_out_and_its_pin_is_no_longer_enough(world: World) -> None:
    phone = world.remember_phone()
    other = world.enrol_another()
    bystander = other.remember_phone()
    world.revoke_phones()
    assert (is_signed_in(world, phone.session_token), is_signed_in(world, bystander.session_token)) == (
        False,
        True,
    )
    with pytest.raises(SignInRefused):
        world.sign_in_on(str(phone.device_secret))
    again = world.sign_in_with(world.card.sign_in_code)
    assert is_signed_in(world, again.session_token)


def test_shutting_out_is_one_audit_entry_that_names_the_devices(world: World) -> None:
    world.remember_phone()
    world.revoke_phones()
    with world.database.reading() as session:
        (entry,) = session.query(AuditEntry).filter_by(action="devices.revoke")
        (device,) = session.query(Device)
        payload = session.query(AuditPayload).filter_by(entry_id=entry.id).one()
    assert entry.subject_ref == f"participant:{world.participant_id}"
    assert [item["field"] for item in payload.items] == [f"device:{device.id}", "sessions"]


def test_a_session_that_began_while_its_device_was_revoked_does_not_live(world: World) -> None:
    phone = world.remember_phone()
    world.revoke_phones()
    with world.database.writing() as session:
        session.query(ParticipantSession).update({"ended_at": None})
    assert not is_signed_in(world, phone.session_token)


def test_a_new_card_ends_the_open_sessions(world: World) -> None:
    phone = world.remember_phone()
    world.print_card()
    assert not is_signed_in(world, phone.session_token)


def test_another_site_cannot_shut_out_a_phone(world: World) -> None:
    phone = world.remember_phone()
    stranger = replace(world, clinic=replace(world.clinic, nurse=world.clinic.other_nurse))
    with pytest.raises(NotFound):
        stranger.revoke_phones()
    assert is_signed_in(world, phone.session_token)


@pytest.mark.parametrize("which", ["all", "one"])
def test_what_a_phone_said_that_it_holds_ends_when_it_is_shut_out(world: World, which: str) -> None:
    world.remember_phone()
    with world.database.reading() as session:
        device_id = session.query(Device).one().id
    actor = replace(world.actor(), device_id=device_id)
    with world.database.writing() as session:
        record_held_answers(session, HeldAnswers(2, 0, 60), actor=actor, now=NOW)
    if which == "all":
        world.revoke_phones()
    else:
        with world.database.writing() as session:
            revoke_device(
                session,
                participant_id=world.participant_id,
                device_id=device_id,
                vault=world.clinic.vault,
                actor=world.clinic.nurse,
                now=NOW,
            )
    with world.database.reading() as session:
        assert session.query(DeviceReport).one().resolved_at is not None
        entry = session.query(AuditEntry).filter_by(action="devices.revoke").one()
        payload = session.query(AuditPayload).filter_by(entry_id=entry.id).one()
    assert {"field": "report", "before": "open", "after": "ended"} in payload.items
