"""Reminders that participants asked for themselves, each about one questionnaire and one day."""

from datetime import date

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Key, Table


class ReminderRequest(Table):
    """A wish to be reminded, as a fact: the message follows from it as from a rule of the protocol.

    `remind_on` is a civil date in the participant's zone; one request a day and questionnaire is enough.
    """

    __tablename__ = "reminder_requests"
    __table_args__ = (UniqueConstraint("assessment_id", "remind_on"),)

    id: Mapped[Key]
    participant_id: Mapped[int] = mapped_column(BigKey, ForeignKey("participants.id"), index=True)
    assessment_id: Mapped[int] = mapped_column(BigKey, ForeignKey("assessments.id"))
    remind_on: Mapped[date]
    asked_at: Mapped[At]
