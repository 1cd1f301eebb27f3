"""The phones and tablets on which a participant is remembered, and signing one of them out.

What the site does about them stands in `devices`.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.contacts.vault import ContactVault
from pro_app.errors import NotFound, NotPermitted
from pro_app.services.participants import load_participant
from pro_app.services.push_addresses import forget_push_of_devices
from pro_app.storage.queries.device_reports import resolve_reports_of_devices
from pro_app.storage.tables.credentials import Device
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sessions import ParticipantSession


@dataclass(frozen=True, slots=True)
class OwnDevice:
    """One remembered device; `is_this`: the one that asks. Both moments are aware UTC."""

    device_id: int
    label: str
    remembered_at: datetime
    last_used_at: datetime
    is_this: bool


def list_own_devices(session: Session, *, actor: Actor) -> list[OwnDevice]:
    """List the devices on which the acting participant is remembered: this one first, then the last used."""
    if actor.participant_id is None:
        raise NotPermitted("devices")
    return list_devices(session, actor.participant_id, this_id=actor.device_id)


def list_devices(session: Session, participant_id: int, *, this_id: int | None = None) -> list[OwnDevice]:
    """List the devices on which a participant is remembered: `this_id` first, then the last used."""
    used_at = func.coalesce(func.max(ParticipantSession.seen_at), Device.remembered_at)
    rows = session.execute(
        select(Device, used_at)
        .outerjoin(ParticipantSession, ParticipantSession.device_id == Device.id)
        .where(Device.participant_id == participant_id, Device.revoked_at.is_(None))
        .group_by(Device.id)
    ).all()
    devices = [
        OwnDevice(
            device_id=device.id,
            label=device.label,
            remembered_at=device.remembered_at,
            last_used_at=last_used_at,
            is_this=device.id == this_id,
        )
        for device, last_used_at in rows
    ]
    return sorted(devices, key=lambda device: (not device.is_this, -device.last_used_at.timestamp()))


def load_own_device(session: Session, device_id: int, *, actor: Actor) -> OwnDevice:
    """Give one remembered device of the acting participant; raises NotFound for any other."""
    for device in list_own_devices(session, actor=actor):
        if device.device_id == device_id:
            return device
    raise NotFound("device")


def forget_own_device(
    session: Session, device_id: int, *, vault: ContactVault, actor: Actor, now: datetime
) -> OwnDevice:
    """Remember a device of the acting participant no longer, and end what is open on it; gives which it was.

    It shows no notifications any more: whoever holds it from now on shall read none.
    To sign in there again takes the code of the card and the PIN. Raises NotFound for any other device.
    """
    if actor.participant_id is None:
        raise NotPermitted("devices")
    participant = load_participant(session, actor.participant_id, actor=actor, lock=True)
    device = load_own_device(session, device_id, actor=actor)
    end_device(session, participant, device_id, vault=vault, actor=actor, now=now)
    return device


def end_device(
    session: Session,
    participant: Participant,
    device_id: int,
    *,
    vault: ContactVault,
    actor: Actor,
    now: datetime,
) -> None:
    """Remember a device of a participant no longer, who is locked, and end what is open on it."""
    session.execute(update(Device).where(Device.id == device_id).values(revoked_at=now))
    session.execute(
        update(ParticipantSession)
        .where(ParticipantSession.device_id == device_id, ParticipantSession.ended_at.is_(None))
        .values(ended_at=now)
    )
    items = [{"field": f"device:{device_id}", "before": "remembered", "after": "revoked"}]
    if resolve_reports_of_devices(session, participant.id, [device_id], now=now):
        items.append({"field": "report", "before": "open", "after": "ended"})
    change = Change("devices.revoke", f"participant:{participant.id}", items)
    record_change(session, change, actor=actor, site_id=participant.site_id, now=now)
    forget_push_of_devices(session, participant, device_id, vault=vault, actor=actor, now=now)
