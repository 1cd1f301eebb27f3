"""Reading the audit trail."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.storage.moment_text import MomentText
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload

ENTRIES_AT_A_TIME = 10_000


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One entry with its items, which are empty where the payload was redacted."""

    at: datetime
    actor: str
    role: str
    action: str
    subject_ref: str
    reason: str | None
    items: tuple[dict[str, Any], ...]

    def after(self, field: str) -> str:
        """Give what `field` became; empty where the entry does not say."""
        return next((str(item["after"]) for item in self.items if item.get("field") == field), "")


def list_entries(session: Session, *, action: str, subject_ref: str, limit: int) -> list[AuditRecord]:
    """List the latest entries about one subject and action, the newest first."""
    rows = session.execute(
        select(AuditEntry, AuditPayload)
        .outerjoin(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        .where(AuditEntry.action == action, AuditEntry.subject_ref == subject_ref)
        .order_by(AuditEntry.id.desc())
        .limit(limit)
    )
    return [_read_record(row[0], row[1]) for row in rows]


def stream_entries(
    session: Session, chain: str, *, subject_refs: Collection[str] | None = None
) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Give the entries of a chain in order, or those about some subjects, ENTRIES_AT_A_TIME together.

    Columns: chain, sequence, moment (MomentText), actor, role, action, subject, reason, version of the app,
    digest, items (None where the payload was redacted).
    """
    statement = (
        select(
            AuditEntry.chain,
            AuditEntry.sequence,
            MomentText(AuditEntry.at),
            AuditEntry.actor,
            AuditEntry.role,
            AuditEntry.action,
            AuditEntry.subject_ref,
            AuditEntry.reason,
            AuditEntry.app_version,
            AuditEntry.digest,
            AuditPayload.items,
        )
        .outerjoin(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        .where(AuditEntry.chain == chain)
        .order_by(AuditEntry.sequence)
        .execution_options(yield_per=ENTRIES_AT_A_TIME)
    )
    if subject_refs is not None:
        statement = statement.where(AuditEntry.subject_ref.in_(subject_refs))
    for rows in session.execute(statement).partitions():
        yield [tuple(row) for row in rows]


def _read_record(entry: AuditEntry, payload: AuditPayload | None) -> AuditRecord:
    return AuditRecord(
        at=entry.at,
        actor=entry.actor,
        role=entry.role,
        action=entry.action,
        subject_ref=entry.subject_ref,
        reason=entry.reason,
        items=tuple(payload.items) if payload else (),
    )
