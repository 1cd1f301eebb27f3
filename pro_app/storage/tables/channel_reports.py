"""What came back from the ways of sending, and which of them rest for a person because of it."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Key, Table, unique_while_empty


class ChannelReport(Table):
    """One thing that came back about a message: it bounced, arrived, or its reader wants no more of them.

    `report_key` makes a second reading of the same report harmless; `reason` is a code without any address.
    One that came before its message was known under `provider_ref` has no message yet; `blames_address` says
    what it means once it has.
    """

    __tablename__ = "channel_reports"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('delivered', 'delayed', 'bounced', 'complained', 'unsubscribed', 'unreadable')",
            name="kind",
        ),
    )

    id: Mapped[Key]
    report_key: Mapped[str] = mapped_column(String(200), unique=True)
    outbox_message_id: Mapped[int | None] = mapped_column(
        BigKey, ForeignKey("outbox_messages.id"), index=True
    )
    channel: Mapped[Code]
    kind: Mapped[Code]
    reason: Mapped[str | None] = mapped_column(String(100))
    provider_ref: Mapped[str | None] = mapped_column(String(200))
    blames_address: Mapped[bool] = mapped_column(default=False)
    received_at: Mapped[At]


class ChannelStop(Table):
    """One channel that rests for one person; it is never a withdrawal. Current while `lifted_at` is empty.

    `reason` is `unsubscribed` (the person asked for it), `bounced` (the address does not work) or
    `complained` (the person called the message unwanted).
    """

    __tablename__ = "channel_stops"
    __table_args__ = (
        CheckConstraint("reason IN ('unsubscribed', 'bounced', 'complained')", name="reason"),
        unique_while_empty("uq_channel_stops_current", "lifted_at", "participant_id", "channel"),
        Index("ix_channel_stops_participant_id", "participant_id"),
    )

    id: Mapped[Key]
    participant_id: Mapped[int] = mapped_column(BigKey, ForeignKey("participants.id"))
    channel: Mapped[Code]
    reason: Mapped[Code]
    outbox_message_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("outbox_messages.id"))
    since_at: Mapped[At]
    lifted_at: Mapped[At | None]
    lifted_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("accounts.id"))
