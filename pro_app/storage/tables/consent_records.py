"""What became of a participant's consent after enrolment, append-only (a trigger keeps that)."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, String, false
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Key, Table


class ConsentRecord(Table):
    """One thing about a consent: another notice signed, a part withdrawn (`remark` says which), a copy given.

    A correction is a next record that names the one it supersedes; with `retracts` it takes its place with
    nothing. The consent at enrolment stands with the participant.
    """

    __tablename__ = "consent_records"
    __table_args__ = (
        CheckConstraint("kind IN ('notice_signed', 'partly_withdrawn', 'copy_given')", name="kind"),
        CheckConstraint("kind = 'partly_withdrawn' OR notice_version IS NOT NULL", name="version"),
        CheckConstraint("kind <> 'partly_withdrawn' OR remark IS NOT NULL", name="part"),
        CheckConstraint("(supersedes_id IS NULL) = (correction_reason IS NULL)", name="correction"),
        CheckConstraint("supersedes_id IS NOT NULL OR NOT retracts", name="retraction"),
    )

    id: Mapped[Key]
    participant_id: Mapped[int] = mapped_column(BigKey, ForeignKey("participants.id"), index=True)
    kind: Mapped[Code]
    occurred_on: Mapped[date]
    notice_version: Mapped[str | None] = mapped_column(String(40))
    remark: Mapped[str | None] = mapped_column(String(300))
    recorded_at: Mapped[At]
    recorded_by_id: Mapped[int] = mapped_column(BigKey, ForeignKey("accounts.id"))
    supersedes_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("consent_records.id"), unique=True)
    retracts: Mapped[bool] = mapped_column(default=False, server_default=false())
    correction_reason: Mapped[str | None] = mapped_column(String(500))
