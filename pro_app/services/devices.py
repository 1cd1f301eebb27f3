"""Shutting out lost phones: what was remembered is forgotten, what is open closed, nothing shown any more."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.contacts.vault import ContactVault
from pro_app.errors import NotFound
from pro_app.services.own_devices import OwnDevice, end_device, list_devices
from pro_app.services.participants import load_participant
from pro_app.services.push_addresses import forget_push_of_devices
from pro_app.services.sessions import end_participant_sessions
from pro_app.storage.queries.device_reports import resolve_reports_of_devices
from pro_app.storage.tables.credentials import Device


def list_devices_of(session: Session, participant_id: int, *, actor: Actor) -> list[OwnDevice]:
    """List the devices on which a participant whom the actor may reach is remembered, the last used first."""
    participant = load_participant(session, participant_id, actor=actor)
    return list_devices(session, participant.id)


def load_device_of(session: Session, participant_id: int, device_id: int, *, actor: Actor) -> OwnDevice:
    """Give one remembered device of a participant; raises NotFound for any other."""
    for device in list_devices_of(session, participant_id, actor=actor):
        if device.device_id == device_id:
            return device
    raise NotFound("device")


def revoke_device(
    session: Session,
    *,
    participant_id: int,
    device_id: int,
    vault: ContactVault,
    actor: Actor,
    now: datetime,
) -> OwnDevice:
    """Shut out one device of a participant; gives which it was. The others stay signed in.

    Raises NotFound for a device that is not remembered (any more).
    """
    participant = load_participant(session, participant_id, actor=actor, lock=True)
    device = load_device_of(session, participant_id, device_id, actor=actor)
    end_device(session, participant, device_id, vault=vault, actor=actor, now=now)
    return device


def revoke_devices(
    session: Session, *, participant_id: int, vault: ContactVault, actor: Actor, now: datetime
) -> None:
    """Revoke every remembered device of a participant, end every session and its notifications.

    Nobody can tell from here which phone was lost, so all of them sign in anew with code and PIN. Raises
    NotFound.
    """
    participant = load_participant(session, participant_id, actor=actor, lock=True)
    revoked = session.scalars(
        update(Device)
        .where(Device.participant_id == participant.id, Device.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(Device.id)
    ).all()
    end_participant_sessions(session, participant_id=participant.id, now=now)
    items: list[dict[str, str | None]] = [
        {"field": f"device:{device_id}", "before": "remembered", "after": "revoked"}
        for device_id in sorted(revoked)
    ]
    items.append({"field": "sessions", "before": None, "after": "ended"})
    if resolve_reports_of_devices(session, participant.id, revoked, now=now):
        items.append({"field": "report", "before": "open", "after": "ended"})
    change = Change("devices.revoke", f"participant:{participant.id}", items)
    record_change(session, change, actor=actor, site_id=participant.site_id, now=now)
    forget_push_of_devices(session, participant, None, vault=vault, actor=actor, now=now)
