"""How a participant signs in: with a card once, then with the PIN on a remembered device or with the code.

Whether the PIN fits is found out before (services/pin_proofs.py), outside of the writing transaction.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import NotFound, TokenRefused
from pro_app.services.passwords import hash_password
from pro_app.services.pin_proofs import ProvenPin, require_standing
from pro_app.services.pins import require_good_pin
from pro_app.services.sessions import end_participant_sessions, start_participant_session, token_digest
from pro_app.services.sign_in_codes import code_digest
from pro_app.storage.tables.credentials import Device, ParticipantCredential, SignInCard
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sessions import ParticipantSession

OWN_DEVICE = "own_device"
"""The mode of answers given by someone who signed in alone, on whatever device."""
LONGEST_LABEL = 100


@dataclass(frozen=True, slots=True)
class NewDevice:
    """What a good sign-in gives to the browser; both secrets are kept nowhere else.

    `device_secret` is None where the device is not to be remembered.
    """

    session_token: str
    device_secret: str | None
    participant_id: int


def check_card(session: Session, *, token_or_code: str, secret_key: str, now: datetime) -> None:
    """Raise TokenRefused unless the card can be used now; nothing is consumed by asking."""
    known = session.scalar(select(SignInCard).where(_is_card(token_or_code, secret_key)))
    why = _why_refused(known, now)
    if why:
        raise TokenRefused(why)


def activate_card(
    session: Session,
    *,
    token_or_code: str,
    pin: str,
    device_label: str,
    secret_key: str,
    now: datetime,
    request_id: str = "",
) -> NewDevice:
    """Use a card once: set the PIN, remember the device, sign in.

    Of several at the same moment one wins. Raises InputRejected for a PIN that may not be chosen and
    TokenRefused for a card that is unknown, used, replaced or too old; then nothing was changed.
    """
    require_good_pin(pin)
    # Before the database is touched, so that nobody who writes waits for it and every refusal takes as long.
    pin_hash = hash_password(pin)
    card_id = _use_card(session, token_or_code=token_or_code, secret_key=secret_key, now=now)
    participant = session.scalars(
        select(Participant)
        .join(SignInCard, SignInCard.participant_id == Participant.id)
        .where(SignInCard.id == card_id)
    ).one()
    credential = session.get_one(ParticipantCredential, participant.id)
    renewed = credential.pin_hash is not None
    credential.pin_hash, credential.pin_set_at = pin_hash, now
    end_participant_sessions(session, participant_id=participant.id, now=now)
    device_id, device_secret = remember_device(session, participant.id, label=device_label, now=now)
    items = [
        {"field": "card", "before": None, "after": f"card:{card_id}"},
        {"field": "pin", "before": "set" if renewed else None, "after": "set"},
        {"field": "device", "before": None, "after": f"device:{device_id}"},
    ]
    actor = make_participant_actor(participant, device_id=device_id, request_id=request_id)
    change = Change("card.activate", actor.reference, items)
    record_change(session, change, actor=actor, site_id=participant.site_id, now=now)
    token = start_participant_session(
        session, participant_id=participant.id, device_id=device_id, mode=OWN_DEVICE, now=now
    )
    return NewDevice(token, device_secret, participant.id)


def sign_in(
    session: Session,
    proof: ProvenPin,
    *,
    now: datetime,
    remember: bool = False,
    device_label: str = "",
    request_id: str = "",
) -> NewDevice:
    """Begin the session of somebody whose PIN fitted, on a device that may then be remembered.

    Raises SignInRefused where the PIN, the card or the device was replaced since.
    """
    require_standing(session, proof)
    participant = session.get_one(Participant, proof.participant_id)
    device_id, device_secret = proof.device_id, None
    if remember and device_id is None:
        device_id, device_secret = remember_device(session, participant.id, label=device_label, now=now)
        items = [{"field": "device", "before": None, "after": f"device:{device_id}"}]
        actor = make_participant_actor(participant, device_id=device_id, request_id=request_id)
        change = Change("device.remember", actor.reference, items)
        record_change(session, change, actor=actor, site_id=participant.site_id, now=now)
    token = start_participant_session(
        session, participant_id=participant.id, device_id=device_id, mode=OWN_DEVICE, now=now
    )
    return NewDevice(token, device_secret, participant.id)


def load_new_actor(session: Session, *, session_token: str, request_id: str) -> Actor:
    """Give the actor of a session that this very transaction started; raises NotFound for another one.

    What was carried through the sign-in is saved as that person, in the same transaction.
    """
    row = session.execute(
        select(Participant, ParticipantSession.device_id)
        .join(ParticipantSession, ParticipantSession.participant_id == Participant.id)
        .where(ParticipantSession.token_sha256 == token_digest(session_token))
    ).one_or_none()
    if row is None:
        raise NotFound("session")
    return make_participant_actor(row[0], device_id=row[1], request_id=request_id)


def _is_card(token_or_code: str, secret_key: str) -> ColumnElement[bool]:
    return or_(
        SignInCard.token_digest == token_digest(token_or_code),
        SignInCard.short_code_digest == code_digest(secret_key, "short", token_or_code),
    )


def _use_card(session: Session, *, token_or_code: str, secret_key: str, now: datetime) -> int:
    """Consume the card in one statement, so that the database decides who was first."""
    card_id = session.scalar(
        update(SignInCard)
        .where(
            _is_card(token_or_code, secret_key),
            SignInCard.used_at.is_(None),
            SignInCard.revoked_at.is_(None),
            SignInCard.expires_at > now,
        )
        .values(used_at=now)
        .returning(SignInCard.id)
        .execution_options(synchronize_session=False)
    )
    if card_id is None:
        known = session.scalar(select(SignInCard).where(_is_card(token_or_code, secret_key)))
        raise TokenRefused(_why_refused(known, now) or "used")
    return card_id


def _why_refused(card: SignInCard | None, now: datetime) -> str | None:
    """Say why a card cannot be used: unknown, used, revoked, expired; None if it can."""
    if card is None:
        return "unknown"
    if card.used_at is not None:
        return "used"
    if card.revoked_at is not None:
        return "revoked"
    return "expired" if card.expires_at <= now else None


def remember_device(session: Session, participant_id: int, *, label: str, now: datetime) -> tuple[int, str]:
    """Remember a device; gives its key and the secret that its browser keeps."""
    secret = secrets.token_urlsafe(32)
    device = Device(
        participant_id=participant_id,
        secret_sha256=token_digest(secret),
        label=label[:LONGEST_LABEL],
        remembered_at=now,
    )
    session.add(device)
    session.flush()
    return device.id, secret


def make_participant_actor(participant: Participant, *, device_id: int | None, request_id: str) -> Actor:
    """Give the participant as the actor of a request that began without anybody signed in."""
    return Actor(
        kind="participant",
        role="participant",
        request_id=request_id,
        study_id=participant.study_id,
        site_ids=frozenset({participant.site_id}),
        participant_id=participant.id,
        device_id=device_id,
        mode=OWN_DEVICE,
    )
