"""Who opened a participant's answers, why, and what was done about what was read."""

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Key, Table


class AnswerReading(Table):
    """One reading by an investigator of the site, open until `closes_at`; its follow-up is recorded once."""

    __tablename__ = "answer_readings"
    __table_args__ = (
        CheckConstraint(
            "follow_up IN ('none_needed', 'called', 'seen', 'referred', 'other')", name="follow_up"
        ),
        CheckConstraint(
            "((follow_up IS NULL) = (follow_up_at IS NULL)) AND"
            " ((follow_up IS NULL) = (follow_up_by_id IS NULL))",
            name="followed_up",
        ),
    )

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(BigKey, ForeignKey("accounts.id"))
    participant_id: Mapped[int] = mapped_column(BigKey, ForeignKey("participants.id"), index=True)
    reason: Mapped[str] = mapped_column(String(500))
    opened_at: Mapped[At]
    closes_at: Mapped[At]
    follow_up: Mapped[Code | None]
    follow_up_text: Mapped[str | None] = mapped_column(String(500))
    follow_up_at: Mapped[At | None]
    follow_up_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("accounts.id"))
