"""The audit trail: append-only, one hash chain per site, payloads apart so that it survives redaction."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, JsonObject, Key, Sha256, Table


class AuditEntry(Table):
    """Who did what, when and why, chained to the entry before it by SHA-256."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        UniqueConstraint("chain", "sequence"),
        Index("ix_audit_entries_subject_ref", "subject_ref"),
    )

    id: Mapped[Key]
    chain: Mapped[Code]
    sequence: Mapped[int]
    at: Mapped[At]
    actor: Mapped[Code]
    role: Mapped[Code]
    action: Mapped[Code]
    subject_ref: Mapped[Code]
    reason: Mapped[str | None] = mapped_column(String(500))
    request_id: Mapped[Code]
    app_version: Mapped[Code]
    payload_digest: Mapped[Sha256]
    previous_digest: Mapped[Sha256]
    digest: Mapped[Sha256]


class AuditPayload(Table):
    """What an entry is about: the items before and after, and the salt of their digest."""

    __tablename__ = "audit_payloads"

    entry_id: Mapped[int] = mapped_column(BigKey, ForeignKey("audit_entries.id"), primary_key=True)
    salt: Mapped[Code]
    items: Mapped[list[dict[str, Any]]] = mapped_column(JsonObject)


class AuditChainHead(Table):
    """The last digest of a chain; the row that writers of one chain queue on."""

    __tablename__ = "audit_chain_heads"

    chain: Mapped[Code] = mapped_column(primary_key=True)
    sequence: Mapped[int]
    digest: Mapped[Sha256]
