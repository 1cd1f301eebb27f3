"""Members of staff who sign in, and what each may do where."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Key, Table


class Account(Table):
    """One person's sign-in; `username` is kept in lower case.

    `contact_ref` leads to the e-mail address in the vault; `digest_hour` is the hour (0 to 23, where the
    site is) at which the morning digest comes, empty where none is wanted.
    """

    __tablename__ = "accounts"
    __table_args__ = (Index("uq_accounts_contact_ref", "contact_ref", unique=True),)

    id: Mapped[Key]
    username: Mapped[Code] = mapped_column(unique=True)
    display_name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str] = mapped_column(String(200))
    language: Mapped[Code]
    created_at: Mapped[At]
    disabled_at: Mapped[At | None]
    contact_ref: Mapped[Code | None]
    digest_hour: Mapped[int | None]


class StaffRole(Table):
    """A role of an account in a study; bound to one site, or to all where `site_id` is empty.

    From `ends_at` on it opens nothing any more; empty where it lasts until it is taken away.
    """

    __tablename__ = "staff_roles"
    __table_args__ = (
        CheckConstraint(
            "role IN ('administrator', 'coordinator', 'nurse', 'investigator', 'monitor', 'statistician',"
            " 'inspector')",
            name="role",
        ),
        CheckConstraint("(role IN ('nurse', 'investigator')) = (site_id IS NOT NULL)", name="site_role"),
        CheckConstraint("(role <> 'inspector') OR (ends_at IS NOT NULL)", name="inspector_ends"),
        Index("ix_staff_roles_account_id", "account_id"),
    )

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(BigKey, ForeignKey("accounts.id"))
    study_id: Mapped[int] = mapped_column(BigKey, ForeignKey("studies.id"))
    site_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("sites.id"))
    role: Mapped[Code]
    granted_at: Mapped[At]
    revoked_at: Mapped[At | None]
    ends_at: Mapped[At | None]
