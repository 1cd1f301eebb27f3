"""Browsers of staff that were lent for one questionnaire: a tablet, or a telephone interview."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Key, Table


class TabletLoan(Table):
    """One loan: a session of one participant for one questionnaire, in the browser of a staff session.

    `mode` is how answers are given under it: on a `site_tablet` in the participant's hands, while the staff
    session pauses, or in an `interview`, in which whoever holds the staff session asks.
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
    mode: Mapped[Code] = mapped_column(default="site_tablet", server_default="site_tablet")
    idle_minutes: Mapped[int]
    started_at: Mapped[At]
    ended_at: Mapped[At | None]
    ended_how: Mapped[Code | None]
