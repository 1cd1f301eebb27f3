"""What a site did about its tasks; which tasks there are follows from the plan and the messages."""

from datetime import date

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Key, Table


class SiteTaskRecord(Table):
    """One thing that a site did about a task, append-only; the newest one under a `task_key` counts.

    `task_key` names the task: its kind, the participant and what it is about (a visit, a message, a stop).
    `again_on` is the civil day on which the site wants to try again; `reason_code` and `said_by` are the
    protocol's words for why there will be no answer this time, and whose word it is.
    """

    __tablename__ = "site_task_records"
    __table_args__ = (Index("ix_site_task_records_participant_id", "participant_id"),)

    id: Mapped[Key]
    task_key: Mapped[str] = mapped_column(String(200), index=True)
    site_id: Mapped[int] = mapped_column(BigKey, ForeignKey("sites.id"))
    participant_id: Mapped[int] = mapped_column(BigKey, ForeignKey("participants.id"))
    outcome: Mapped[Code]
    note: Mapped[str | None] = mapped_column(String(500))
    again_on: Mapped[date | None]
    reason_code: Mapped[Code | None]
    said_by: Mapped[Code | None]
    recorded_at: Mapped[At]
    recorded_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("accounts.id"))
