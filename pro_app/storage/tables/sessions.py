"""Server-side sessions, apart for participants and staff; only digests of their tokens are kept."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Key, Sha256, Table


class StaffSession(Table):
    """One signed-in browser of a member of staff, acting under one role.

    A session that was paused opens nothing any more: the password begins another one in its place.
    `second_factor_at` is when the second factor was proven, and `second_factor_kind` by what; empty where
    only the password was.
    """

    __tablename__ = "staff_sessions"

    id: Mapped[Key]
    token_sha256: Mapped[Sha256] = mapped_column(unique=True)
    account_id: Mapped[int] = mapped_column(BigKey, ForeignKey("accounts.id"), index=True)
    staff_role_id: Mapped[int] = mapped_column(BigKey, ForeignKey("staff_roles.id"))
    started_at: Mapped[At]
    seen_at: Mapped[At]
    paused_at: Mapped[At | None]
    ended_at: Mapped[At | None]
    second_factor_at: Mapped[At | None]
    second_factor_kind: Mapped[Code | None]


class ParticipantSession(Table):
    """One signed-in device of a participant; `mode` says how the answers are given."""

    __tablename__ = "participant_sessions"

    id: Mapped[Key]
    token_sha256: Mapped[Sha256] = mapped_column(unique=True)
    participant_id: Mapped[int] = mapped_column(BigKey, ForeignKey("participants.id"), index=True)
    device_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("devices.id"))
    mode: Mapped[Code]
    started_at: Mapped[At]
    seen_at: Mapped[At]
    ended_at: Mapped[At | None]
