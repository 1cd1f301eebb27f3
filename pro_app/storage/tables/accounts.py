"""Members of staff who sign in, and what each may do where."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Key, Table


class Account(Table):
    """One person's sign-in; `username` is kept in lower case."""

    __tablename__ = "accounts"

    id: Mapped[Key]
    username: Mapped[Code] = mapped_column(unique=True)
    display_name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str] = mapped_column(String(200))
    language: Mapped[Code]
    created_at: Mapped[At]
    disabled_at: Mapped[At | None]


class StaffRole(Table):
    """A role of an account in a study; bound to one site, or to all where `site_id` is empty."""

    __tablename__ = "staff_roles"
    __table_args__ = (
        CheckConstraint(
            "role IN ('administrator', 'coordinator', 'nurse', 'investigator', 'monitor', 'statistician')",
            name="role",
        ),
        CheckConstraint("(role IN ('nurse', 'investigator')) = (site_id IS NOT NULL)", name="site_role"),
        Index("ix_staff_roles_account_id", "account_id"),
    )

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(BigKey, ForeignKey("accounts.id"))
    study_id: Mapped[int] = mapped_column(BigKey, ForeignKey("studies.id"))
    site_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("sites.id"))
    role: Mapped[Code]
    granted_at: Mapped[At]
    revoked_at: Mapped[At | None]
