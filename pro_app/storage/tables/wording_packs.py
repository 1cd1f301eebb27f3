"""Wording packs that were imported into a study, and who approved them."""

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, DefinitionHash, Key, Table


class ImportedWording(Table):
    """One pack that waits for approval, or was approved or refused; its text is the stored definition.

    Only the refusal can still be added, once (a trigger keeps that).
    """

    __tablename__ = "imported_wordings"
    __table_args__ = (
        UniqueConstraint("study_id", "wording_sha256"),
        CheckConstraint("(refused_at IS NULL) = (refusal_reason IS NULL)", name="refusal"),
    )

    id: Mapped[Key]
    study_id: Mapped[int] = mapped_column(BigKey, ForeignKey("studies.id"))
    instrument_code: Mapped[Code]
    instrument_version: Mapped[Code]
    wording_sha256: Mapped[DefinitionHash]
    source_name: Mapped[str] = mapped_column(String(200))
    imported_at: Mapped[At]
    imported_by: Mapped[str] = mapped_column(String(130))
    refused_at: Mapped[At | None]
    refused_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("accounts.id"))
    refusal_reason: Mapped[str | None] = mapped_column(String(500))


class WordingApproval(Table):
    """One account's approval of an imported pack, given once and never taken back."""

    __tablename__ = "wording_approvals"
    __table_args__ = (UniqueConstraint("imported_wording_id", "account_id"),)

    id: Mapped[Key]
    imported_wording_id: Mapped[int] = mapped_column(BigKey, ForeignKey("imported_wordings.id"))
    account_id: Mapped[int] = mapped_column(BigKey, ForeignKey("accounts.id"))
    role: Mapped[Code]
    approved_at: Mapped[At]
