"""Invitations by which members of staff choose their own password, each good once."""

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Key, Sha256, Table, unique_while_empty


class AccountInvitation(Table):
    """One invitation. An account has one at a time that is open.

    Its code follows from `seed` and the installation's secret, so that the message that carries it can be
    written when it goes; here stands only the code's digest. `made_by_id` is empty where whoever runs the app
    made it.
    """

    __tablename__ = "account_invitations"
    __table_args__ = (
        CheckConstraint("closed_how IN ('used', 'revoked', 'replaced')", name="closed_how"),
        CheckConstraint("(closed_at IS NULL) = (closed_how IS NULL)", name="closed"),
        unique_while_empty("uq_account_invitations_open", "closed_at", "account_id"),
    )

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(BigKey, ForeignKey("accounts.id"))
    seed: Mapped[str] = mapped_column(String(64))
    code_digest: Mapped[Sha256] = mapped_column(unique=True)
    made_at: Mapped[At]
    made_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("accounts.id"))
    expires_at: Mapped[At]
    closed_at: Mapped[At | None]
    closed_how: Mapped[Code | None]
