"""Answers that came too late for their form: kept for the site, never part of it."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Key, Table


class SetAsideAnswer(Table):
    """One operation that is no part of its form; `reason` says why: sent, closed, or answered already.

    Its columns mean what those of `Answer` mean.
    """

    __tablename__ = "set_aside_answers"

    id: Mapped[Key]
    assessment_id: Mapped[int] = mapped_column(BigKey, ForeignKey("assessments.id"), index=True)
    operation_id: Mapped[Code] = mapped_column(unique=True)
    instrument_code: Mapped[Code]
    item_number: Mapped[int]
    state: Mapped[Code]
    value: Mapped[int | None]
    mode: Mapped[Code]
    entered_by: Mapped[Code]
    device_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("devices.id"))
    counter: Mapped[int]
    counted_by: Mapped[Code | None]
    answered_at: Mapped[At]
    device_at: Mapped[At | None]
    device_zone: Mapped[Code | None]
    received_at: Mapped[At]
    reason: Mapped[Code]
    remark: Mapped[Code | None]
