"""Data releases: numbered for each study, asked for by one person, made once and never changed after."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Details, JsonObject, Key, Sha256, Table


class DataRelease(Table):
    """One release; whether it is requested, being made, made or failed follows from its times.

    Who makes it holds `lease_token` until `lease_until`. `cut_off_at` is the moment whose data it holds.
    `demographics` is participant code -> {age, sex}; `row_counts` table -> rows; `failure_details` lines in
    English. Once made or failed, only the approval can still be added (a trigger keeps that).
    """

    __tablename__ = "data_releases"
    __table_args__ = (
        UniqueConstraint("study_id", "number"),
        CheckConstraint("purpose IN ('data_check', 'planned_interim', 'final', 'other')", name="purpose"),
        CheckConstraint("made_at IS NULL OR failed_at IS NULL", name="one_end"),
        CheckConstraint("(approved_at IS NULL) = (approved_by_id IS NULL)", name="approval"),
        CheckConstraint("approved_at IS NULL OR made_at IS NOT NULL", name="approved_when_made"),
        CheckConstraint(
            "approved_by_id IS NULL OR requested_by_id IS NULL OR approved_by_id <> requested_by_id",
            name="second_person",
        ),
    )

    id: Mapped[Key]
    study_id: Mapped[int] = mapped_column(BigKey, ForeignKey("studies.id"))
    number: Mapped[int]
    reason: Mapped[str] = mapped_column(String(500))
    purpose: Mapped[Code]
    demographics: Mapped[Details]
    requested_at: Mapped[At]
    requested_by: Mapped[str] = mapped_column(String(130))
    requested_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("accounts.id"))
    started_at: Mapped[At | None]
    lease_token: Mapped[Code | None]
    lease_until: Mapped[At | None]
    progress_step: Mapped[Code | None]
    progress_done: Mapped[int]
    progress_total: Mapped[int]
    cut_off_at: Mapped[At | None]
    made_at: Mapped[At | None]
    app_version: Mapped[Code | None]
    archive_sha256: Mapped[Sha256 | None]
    archive_size: Mapped[int | None] = mapped_column(BigInteger)
    source_sha256: Mapped[Sha256 | None]
    row_counts: Mapped[Details]
    failed_at: Mapped[At | None]
    failure_code: Mapped[Code | None]
    failure_details: Mapped[list[Any]] = mapped_column(JsonObject)
    approved_at: Mapped[At | None]
    approved_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("accounts.id"))
