"""Counts of sign-in tries, shared by all processes."""

from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, Sha256, Table


class Throttle(Table):
    """Tries under one key (a digest of account or source) and when the next one is possible."""

    __tablename__ = "throttles"

    key_sha256: Mapped[Sha256] = mapped_column(primary_key=True)
    tries: Mapped[int]
    window_started_at: Mapped[At]
    blocked_until: Mapped[At | None]
