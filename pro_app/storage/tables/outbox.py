"""Every message that should go out: written with the change that causes it, sent by the worker."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Key, Table


class OutboxMessage(Table):
    """One message on one channel. It holds no address: `contact_ref` leads to the vault at sending time.

    `message_key` makes a second one impossible: participant, visit, rule, plan revision, channel.
    `due_at` is when it should go out, `attempt_at` when it is tried next; `doubts` counts the attempts
    of which nobody knows whether they arrived. `provider_ref` is the name that the provider of the channel
    gave the message, of an e-mail the Message-ID from its claim on; `taken_over_by` the key of the message
    that takes its place on the next channel. `generation` counts how often it began anew after it had failed:
    each generation has a name of its own, a retry keeps it.
    """

    __tablename__ = "outbox_messages"
    __table_args__ = (
        CheckConstraint(
            "state IN ('planned', 'claimed', 'sent', 'unknown', 'failed', 'cancelled')", name="state"
        ),
        Index("ix_outbox_messages_state_attempt_at", "state", "attempt_at"),
        Index("ix_outbox_messages_participant_id_state", "participant_id", "state"),
        Index("ix_outbox_messages_provider_ref", "provider_ref"),
    )

    id: Mapped[Key]
    message_key: Mapped[str] = mapped_column(String(200), unique=True)
    study_id: Mapped[int] = mapped_column(BigKey, ForeignKey("studies.id"))
    site_id: Mapped[int] = mapped_column(BigKey, ForeignKey("sites.id"))
    participant_id: Mapped[int] = mapped_column(BigKey, ForeignKey("participants.id"))
    assessment_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("assessments.id"), index=True)
    planned_visit_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("planned_visits.id"))
    rule_code: Mapped[Code]
    template_code: Mapped[Code]
    channel: Mapped[Code]
    contact_ref: Mapped[Code]
    planned_at: Mapped[At]
    due_at: Mapped[At]
    expires_at: Mapped[At | None]
    attempt_at: Mapped[At]
    first_attempt_at: Mapped[At | None]
    state: Mapped[Code]
    attempts: Mapped[int] = mapped_column(default=0)
    doubts: Mapped[int] = mapped_column(default=0)
    claimed_by: Mapped[Code | None]
    lease_until: Mapped[At | None]
    finished_at: Mapped[At | None]
    outcome_reason: Mapped[str | None] = mapped_column(String(300))
    provider_ref: Mapped[str | None] = mapped_column(String(200))
    taken_over_by: Mapped[str | None] = mapped_column(String(200))
    generation: Mapped[int] = mapped_column(default=0, server_default="0")


class SendQueue(Table):
    """How fast one queue may send: `next_at` is when it may send again, `strikes` its refusals in a row.

    A queue is a channel and, for e-mail, a keyed digest of the domain, which never stands here in the clear.
    """

    __tablename__ = "send_queues"

    queue: Mapped[str] = mapped_column(String(120), primary_key=True)
    next_at: Mapped[At]
    strikes: Mapped[int] = mapped_column(default=0)
