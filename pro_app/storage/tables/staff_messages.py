"""E-mails to members of staff: written with the change that causes them, sent by the worker."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Details, Key, Table


class StaffMessage(Table):
    """One e-mail. It holds no address and no name: `contact_ref` leads to the vault at sending time.

    `message_key` makes a second one impossible. `counts` is how many tasks of each kind a digest tells of,
    and empty otherwise; `attempt_at` when it is tried next, `attempts` how often it was,
    `doubts` how often nobody knows whether it arrived.
    """

    __tablename__ = "staff_messages"
    __table_args__ = (
        CheckConstraint("kind IN ('digest', 'invitation')", name="kind"),
        CheckConstraint("(kind = 'invitation') = (account_invitation_id IS NOT NULL)", name="invitation"),
        CheckConstraint(
            "state IN ('planned', 'claimed', 'sent', 'unknown', 'failed', 'cancelled')", name="state"
        ),
        Index("ix_staff_messages_state_attempt_at", "state", "attempt_at"),
    )

    id: Mapped[Key]
    message_key: Mapped[str] = mapped_column(String(200), unique=True)
    account_id: Mapped[int] = mapped_column(BigKey, ForeignKey("accounts.id"), index=True)
    account_invitation_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("account_invitations.id"))
    kind: Mapped[Code]
    contact_ref: Mapped[Code]
    counts: Mapped[Details]
    planned_at: Mapped[At]
    expires_at: Mapped[At]
    attempt_at: Mapped[At]
    state: Mapped[Code]
    attempts: Mapped[int] = mapped_column(default=0)
    doubts: Mapped[int] = mapped_column(default=0)
    claimed_by: Mapped[Code | None]
    lease_until: Mapped[At | None]
    finished_at: Mapped[At | None]
    outcome_reason: Mapped[str | None] = mapped_column(String(300))
