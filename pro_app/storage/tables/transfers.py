"""Participants who move to another site: asked by the one, accepted or refused by the other."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Key, Table, unique_while_empty


class SiteTransfer(Table):
    """One request to follow a participant at another site; one at a time waits, and each is settled once.

    `moves_on` is the civil day from which the other site follows the participant, and may accept.
    """

    __tablename__ = "site_transfers"
    __table_args__ = (
        CheckConstraint("from_site_id <> to_site_id", name="other_site"),
        CheckConstraint("settled_how IN ('accepted', 'refused', 'withdrawn')", name="settled_how"),
        CheckConstraint(
            "((settled_how IS NULL) = (settled_at IS NULL))"
            " AND ((settled_how IS NULL) = (settled_by_id IS NULL))",
            name="settled",
        ),
        CheckConstraint("refusal_reason IS NULL OR settled_how = 'refused'", name="refused"),
        unique_while_empty("uq_site_transfers_waiting", "settled_at", "participant_id"),
    )

    id: Mapped[Key]
    participant_id: Mapped[int] = mapped_column(BigKey, ForeignKey("participants.id"), index=True)
    from_site_id: Mapped[int] = mapped_column(BigKey, ForeignKey("sites.id"), index=True)
    to_site_id: Mapped[int] = mapped_column(BigKey, ForeignKey("sites.id"), index=True)
    moves_on: Mapped[date]
    reason: Mapped[str] = mapped_column(String(500))
    asked_at: Mapped[At]
    asked_by_id: Mapped[int] = mapped_column(BigKey, ForeignKey("accounts.id"))
    settled_how: Mapped[Code | None]
    settled_at: Mapped[At | None]
    settled_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("accounts.id"))
    refusal_reason: Mapped[str | None] = mapped_column(String(500))
