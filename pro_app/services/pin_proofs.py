"""Whether a PIN fits, found out before anything is written: a slow hash must hold up nobody who writes."""

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.errors import SignInRefused
from pro_app.services.passwords import is_password
from pro_app.services.sessions import token_digest
from pro_app.services.sign_in_codes import code_digest
from pro_app.storage.database import Database
from pro_app.storage.tables.credentials import Device, ParticipantCredential


@dataclass(frozen=True, slots=True)
class ProvenPin:
    """Whose PIN fitted, and what it fitted, which must still stand when the session begins.

    `device_id` is the remembered device it was typed on; `code_digest` the sign-in code typed elsewhere.
    """

    participant_id: int
    pin_hash: str = field(repr=False)
    device_id: int | None = None
    code_digest: str | None = field(default=None, repr=False)


def prove_pin_on_device(database: Database, *, device_secret: str, pin: str) -> ProvenPin:
    """Check the PIN on a remembered device.

    Raises SignInRefused, in the same time whether the device is unknown, revoked or the PIN wrong.
    """
    with database.reading() as session:
        found = session.execute(
            select(Device.id, Device.participant_id, ParticipantCredential.pin_hash)
            .join(ParticipantCredential, ParticipantCredential.participant_id == Device.participant_id)
            .where(Device.secret_sha256 == token_digest(device_secret), Device.revoked_at.is_(None))
        ).one_or_none()
    device_id, participant_id, pin_hash = found or (None, None, None)
    if not is_password(pin_hash, pin) or participant_id is None or pin_hash is None:
        raise SignInRefused
    return ProvenPin(participant_id, pin_hash, device_id=device_id)


def prove_pin_with_code(database: Database, *, sign_in_code: str, pin: str, secret_key: str) -> ProvenPin:
    """Check the card's sign-in code with the PIN.

    Raises SignInRefused, in the same time whether the code is unknown or the PIN wrong.
    """
    digest = code_digest(secret_key, "sign-in", sign_in_code)
    with database.reading() as session:
        credential = session.scalar(
            select(ParticipantCredential).where(ParticipantCredential.sign_in_code_digest == digest)
        )
    pin_hash = credential.pin_hash if credential else None
    if not is_password(pin_hash, pin) or credential is None or pin_hash is None:
        raise SignInRefused
    return ProvenPin(credential.participant_id, pin_hash, code_digest=digest)


def require_standing(session: Session, proof: ProvenPin) -> None:
    """Raise SignInRefused where what was proven holds no more; keeps it from changing until the commit.

    A new PIN, a new card and a revoked device that were committed in between all win.
    """
    credential = session.scalars(
        select(ParticipantCredential)
        .where(ParticipantCredential.participant_id == proof.participant_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if credential is None or credential.pin_hash != proof.pin_hash:
        raise SignInRefused
    if proof.code_digest not in {None, credential.sign_in_code_digest}:
        raise SignInRefused
    if proof.device_id is not None:
        living = select(Device.id).where(Device.id == proof.device_id, Device.revoked_at.is_(None))
        if session.scalar(living) is None:
            raise SignInRefused
