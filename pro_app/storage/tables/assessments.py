"""The plan of each participant, revision by revision, and what became of each planned visit."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, DefinitionHash, Key, Table, unique_while_empty


class PlannedVisit(Table):
    """One visit under one revision of the plan; current while `replaced_at` is empty.

    `zone` is the IANA zone in which its days are meant.
    """

    __tablename__ = "planned_visits"
    __table_args__ = (
        UniqueConstraint("participant_id", "visit_code", "revision"),
        unique_while_empty("uq_planned_visits_current", "replaced_at", "participant_id", "visit_code"),
        Index("ix_planned_visits_closes_on", "closes_on"),
        CheckConstraint("closes_on IS NULL OR opens_on <= closes_on", name="window"),
    )

    id: Mapped[Key]
    participant_id: Mapped[int] = mapped_column(BigKey, ForeignKey("participants.id"))
    visit_code: Mapped[Code]
    revision: Mapped[int]
    protocol_sha256: Mapped[DefinitionHash]
    anchor: Mapped[Code]
    target_on: Mapped[date | None]
    opens_on: Mapped[date]
    closes_on: Mapped[date | None]
    zone: Mapped[Code]
    provisional: Mapped[bool]
    expected: Mapped[bool]
    reason_code: Mapped[Code | None]
    planned_at: Mapped[At]
    replaced_at: Mapped[At | None]


class Assessment(Table):
    """The facts of one participant × one planned visit; its state is computed, never stored.

    `ordinal` tells apart several `UNSCHEDULED` assessments of one participant; under a visit's own code it
    is 0, and higher only for empty forms that stood in for a visit until its answers came back.
    `source_on` is the day written on the sheet of a form that came on paper.
    """

    __tablename__ = "assessments"
    __table_args__ = (
        UniqueConstraint("participant_id", "visit_code", "ordinal"),
        CheckConstraint("(submitted_at IS NULL) = (receipt_code IS NULL)", name="receipt"),
    )

    id: Mapped[Key]
    participant_id: Mapped[int] = mapped_column(BigKey, ForeignKey("participants.id"))
    visit_code: Mapped[Code]
    ordinal: Mapped[int] = mapped_column(default=0)
    planned_visit_id: Mapped[int] = mapped_column(BigKey, ForeignKey("planned_visits.id"), index=True)
    started_at: Mapped[At | None]
    completed_at: Mapped[At | None]
    submitted_at: Mapped[At | None]
    submitted_mode: Mapped[Code | None]
    submitted_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("accounts.id"))
    respondent: Mapped[Code | None]
    source_on: Mapped[date | None]
    receipt_code: Mapped[Code | None] = mapped_column(unique=True)
    reopened_at: Mapped[At | None]
    reopened_until: Mapped[date | None]
    reopened_reason: Mapped[str | None] = mapped_column(String(500))
    not_done_reason: Mapped[Code | None]
    not_done_said_by: Mapped[Code | None]
    not_done_text: Mapped[str | None] = mapped_column(String(500))
    not_done_recorded_at: Mapped[At | None]
