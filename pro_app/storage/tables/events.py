"""What happened to a participant, append-only: when it happened, when it was recorded, what it corrects."""

from datetime import date

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Details, Key, Table


class ParticipantEvent(Table):
    """One event; a correction is a new event that supersedes, a retraction one with `retracts`."""

    __tablename__ = "participant_events"

    id: Mapped[Key]
    participant_id: Mapped[int] = mapped_column(BigKey, ForeignKey("participants.id"), index=True)
    kind: Mapped[Code]
    occurred_on: Mapped[date]
    details: Mapped[Details]
    recorded_at: Mapped[At]
    recorded_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("accounts.id"))
    supersedes_id: Mapped[int | None] = mapped_column(
        BigKey, ForeignKey("participant_events.id"), unique=True
    )
    retracts: Mapped[bool] = mapped_column(default=False)
    correction_reason: Mapped[str | None] = mapped_column(String(500))
