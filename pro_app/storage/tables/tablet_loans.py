"""Tablets of the site that were lent to participants."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Key, Table


class TabletLoan(Table):
    """One loan: a session of one participant for one questionnaire, in a browser whose staff session pauses.

    `ended_how` is `locked`, `finished`, `taken_back`, `signed_out` or `lent_again`; `idle` or `shut_out`
    where it ended by itself or with all sessions of the person, written when somebody looks at it next.
    """

    __tablename__ = "tablet_loans"

    id: Mapped[Key]
    participant_session_id: Mapped[int] = mapped_column(
        BigKey, ForeignKey("participant_sessions.id"), unique=True
    )
    staff_session_id: Mapped[int] = mapped_column(BigKey, ForeignKey("staff_sessions.id"), index=True)
    account_id: Mapped[int] = mapped_column(BigKey, ForeignKey("accounts.id"))
    participant_id: Mapped[int] = mapped_column(BigKey, ForeignKey("participants.id"), index=True)
    assessment_id: Mapped[int] = mapped_column(BigKey, ForeignKey("assessments.id"))
    idle_minutes: Mapped[int]
    started_at: Mapped[At]
    ended_at: Mapped[At | None]
    ended_how: Mapped[Code | None]
