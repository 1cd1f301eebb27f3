"""Shutting out lost phones: what was remembered is forgotten, what is open closed, nothing shown any more."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.contacts.vault import ContactVault
from pro_app.services.participants import load_participant
from pro_app.services.push_addresses import forget_push_of_devices
from pro_app.services.sessions import end_participant_sessions
from pro_app.storage.tables.credentials import Device


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
    change = Change("devices.revoke", f"participant:{participant.id}", items)
    record_change(session, change, actor=actor, site_id=participant.site_id, now=now)
    forget_push_of_devices(session, participant, None, vault=vault, actor=actor, now=now)
