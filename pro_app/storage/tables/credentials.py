"""How a participant signs in: card, PIN and remembered devices; no secret is kept readable."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Key, Sha256, Table


class ParticipantCredential(Table):
    """The sign-in code of the latest card (keyed digest) and the PIN (argon2id)."""

    __tablename__ = "participant_credentials"

    participant_id: Mapped[int] = mapped_column(BigKey, ForeignKey("participants.id"), primary_key=True)
    sign_in_code_digest: Mapped[Sha256] = mapped_column(unique=True)
    pin_hash: Mapped[str | None] = mapped_column(String(200))
    pin_set_at: Mapped[At | None]


class SignInCard(Table):
    """A printed card: its one-use activation token, as QR and as a short code to type."""

    __tablename__ = "sign_in_cards"

    id: Mapped[Key]
    participant_id: Mapped[int] = mapped_column(BigKey, ForeignKey("participants.id"), index=True)
    token_digest: Mapped[Sha256] = mapped_column(unique=True)
    short_code_digest: Mapped[Sha256] = mapped_column(unique=True)
    printed_at: Mapped[At]
    printed_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("accounts.id"))
    expires_at: Mapped[At]
    used_at: Mapped[At | None]
    revoked_at: Mapped[At | None]


class Device(Table):
    """A remembered phone or tablet, on which the PIN alone is enough."""

    __tablename__ = "devices"

    id: Mapped[Key]
    participant_id: Mapped[int] = mapped_column(BigKey, ForeignKey("participants.id"), index=True)
    secret_sha256: Mapped[Sha256] = mapped_column(unique=True)
    label: Mapped[str] = mapped_column(String(100))
    remembered_at: Mapped[At]
    revoked_at: Mapped[At | None]


class PinRequest(Table):
    """A new PIN that somebody asked for with this sign-in code, known or not, until the worker has looked.

    It is stored alike for every code, so that asking tells nobody which ones there are.
    """

    __tablename__ = "pin_requests"

    id: Mapped[Key]
    sign_in_code_digest: Mapped[Sha256]
    asked_at: Mapped[At]
