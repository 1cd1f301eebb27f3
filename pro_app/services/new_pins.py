"""A forgotten PIN: asked for at the door with the card's sign-in code, chosen anew by a code that is sent.

Asking is the same short act for every sign-in code there could be. Only later the worker looks whether it is
somebody's, so that nothing about the answer, its time included, tells.
"""

import logging
from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.clock import Clock
from pro_app.contacts.vault import ContactVault
from pro_app.errors import SignInRefused
from pro_app.reminders.outbox import enqueue_pin_code
from pro_app.reminders.pin_codes import PIN_CODE, PIN_CODE_LIFE, is_pin_code
from pro_app.services.known_channels import find_masked_addresses
from pro_app.services.participant_sign_in import (
    OWN_DEVICE,
    NewDevice,
    make_participant_actor,
    remember_device,
)
from pro_app.services.passwords import hash_password
from pro_app.services.pins import require_good_pin
from pro_app.services.sessions import end_participant_sessions, start_participant_session, token_digest
from pro_app.services.sign_in_codes import code_digest
from pro_app.storage.database import Database
from pro_app.storage.queries.outbox import list_living_keys
from pro_app.storage.tables.credentials import Device, ParticipantCredential, PinRequest
from pro_app.storage.tables.participants import Participant

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NewPin:
    """What somebody types who forgot the PIN: `code` comes from the message, the new PIN is hashed."""

    sign_in_code: str = field(repr=False)
    code: str = field(repr=False)
    pin_hash: str = field(repr=False)


def prepare_new_pin(sign_in_code: str, code: str, pin: str) -> NewPin:
    """Check and hash what was typed; raises InputRejected for a PIN that may not be chosen.

    Before the database is touched, so that nobody who writes waits for it and every refusal takes as long.
    """
    require_good_pin(pin)
    return NewPin(sign_in_code, code, hash_password(pin))


def ask_new_pin(session: Session, *, sign_in_code: str, secret_key: str, now: datetime) -> None:
    """Note that a new PIN is asked for, whether or not there is such a sign-in code."""
    digest = code_digest(secret_key, "sign-in", sign_in_code)
    session.add(PinRequest(sign_in_code_digest=digest, asked_at=now))


def answer_pin_requests(
    database: Database, vault: ContactVault, *, usable_channels: Container[str], actor: Actor, clock: Clock
) -> int:
    """Look at all that was asked for, each in a transaction of its own; gives how many codes go out."""
    with database.reading() as session:
        waiting = session.scalars(select(PinRequest.id).order_by(PinRequest.id)).all()
    answered = 0
    for request_id in waiting:
        try:
            with database.writing() as session:
                answered += _answer(
                    session,
                    request_id,
                    vault=vault,
                    usable_channels=usable_channels,
                    actor=actor,
                    now=clock(),
                )
        except Exception:
            # Whoever waits for it asks again, or calls the centre; the others must not wait as well.
            logger.exception("a request for a new PIN could not be answered")
            with database.writing() as session:
                session.execute(delete(PinRequest).where(PinRequest.id == request_id))
    return answered


def _answer(
    session: Session,
    request_id: int,
    *,
    vault: ContactVault,
    usable_channels: Container[str],
    actor: Actor,
    now: datetime,
) -> bool:
    """Take one request away, and enqueue the code if it is somebody's who has a PIN and can be reached."""
    digest, asked_at = session.execute(
        delete(PinRequest)
        .where(PinRequest.id == request_id)
        .returning(PinRequest.sign_in_code_digest, PinRequest.asked_at)
    ).one_or_none() or (None, None)
    participant = session.scalars(
        select(Participant)
        .join(ParticipantCredential, ParticipantCredential.participant_id == Participant.id)
        .where(
            ParticipantCredential.sign_in_code_digest == digest, ParticipantCredential.pin_hash.is_not(None)
        )
        .with_for_update(of=Participant, key_share=True)
    ).one_or_none()
    if participant is None or asked_at is None or now - asked_at >= PIN_CODE_LIFE:
        return False
    known = find_masked_addresses(vault.find(participant.contact_ref))
    reachable = [code for code in known if code in usable_channels]
    channel = enqueue_pin_code(
        session, participant=participant, reachable=reachable, asked_at=asked_at, now=now
    )
    if channel is None:
        return False
    items = [{"field": "channel", "before": None, "after": channel}]
    change = Change("pin.send_code", f"participant:{participant.id}", items)
    record_change(session, change, actor=actor, site_id=participant.site_id, now=now)
    return True


def choose_new_pin(
    session: Session,
    new: NewPin,
    *,
    secret_key: str,
    device_secret: str | None = None,
    remember: bool = False,
    device_label: str = "",
    now: datetime,
    request_id: str = "",
) -> NewDevice:
    """Set another PIN with the code of a message, once, and sign in; every other session ends.

    Raises SignInRefused for a sign-in code or code that does not fit, was used or is older than ten minutes;
    nothing changed then.
    """
    credential = _lock_credential(session, code_digest(secret_key, "sign-in", new.sign_in_code))
    if credential is None or not _fits(session, credential, new.code, secret_key=secret_key, now=now):
        raise SignInRefused
    credential.pin_hash, credential.pin_set_at = new.pin_hash, now
    participant = session.get_one(Participant, credential.participant_id)
    end_participant_sessions(session, participant_id=participant.id, now=now)
    items: list[dict[str, str | None]] = [{"field": "pin", "before": "set", "after": "set"}]
    device_id = _find_own_device(session, participant.id, device_secret)
    made_secret = None
    if device_id is None and remember:
        device_id, made_secret = remember_device(session, participant.id, label=device_label, now=now)
        items.append({"field": "device", "before": None, "after": f"device:{device_id}"})
    actor = make_participant_actor(participant, device_id=device_id, request_id=request_id)
    change = Change("pin.choose_anew", actor.reference, items)
    record_change(session, change, actor=actor, site_id=participant.site_id, now=now)
    token = start_participant_session(
        session, participant_id=participant.id, device_id=device_id, mode=OWN_DEVICE, now=now
    )
    return NewDevice(token, made_secret, participant.id)


def _lock_credential(session: Session, digest: str) -> ParticipantCredential | None:
    """Lock what the sign-in code leads to, so that of several uses of one code one is the first."""
    return session.scalars(
        select(ParticipantCredential)
        .where(ParticipantCredential.sign_in_code_digest == digest)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()


def _fits(
    session: Session, credential: ParticipantCredential, typed: str, *, secret_key: str, now: datetime
) -> bool:
    """Tell whether a living code was typed; a code lives until a PIN is set after it, or its time is over."""
    if credential.pin_set_at is None:
        return False
    keys = list_living_keys(
        session,
        credential.participant_id,
        rule_code=PIN_CODE,
        planned_after=max(credential.pin_set_at, now - timedelta(days=1)),
        now=now,
    )
    return any(is_pin_code(secret_key, key, typed) for key in keys)


def _find_own_device(session: Session, participant_id: int, device_secret: str | None) -> int | None:
    """Find this browser among those on which the participant is remembered."""
    if device_secret is None:
        return None
    return session.scalar(
        select(Device.id).where(
            Device.secret_sha256 == token_digest(device_secret),
            Device.participant_id == participant_id,
            Device.revoked_at.is_(None),
        )
    )
