"""Reading the audit trail."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, select
from sqlalchemy.orm import Session, aliased

from pro_app.storage.moment_text import MomentText
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload

ENTRIES_AT_A_TIME = 10_000
EVER = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
SUBJECTS_AT_A_TIME = 500
"""So many subjects are asked about in one query, since a database takes only so many values at once."""


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


@dataclass(frozen=True, slots=True)
class ChainRecord:
    """One entry with its place: `chain` names the site under which it was written.

    `items` is None where the payload was redacted.
    """

    entry_id: int
    chain: str
    at: datetime
    actor: str
    role: str
    action: str
    subject_ref: str
    reason: str | None
    items: tuple[dict[str, Any], ...] | None


_CHAIN_RECORDS = select(
    AuditEntry.id,
    AuditEntry.chain,
    AuditEntry.at,
    AuditEntry.actor,
    AuditEntry.role,
    AuditEntry.action,
    AuditEntry.subject_ref,
    AuditEntry.reason,
    AuditPayload.items,
).outerjoin(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
_ABOUT = _CHAIN_RECORDS.where(
    AuditEntry.subject_ref.in_(bindparam("subject_refs", expanding=True)),
    AuditEntry.at >= bindparam("since"),
    AuditEntry.at < bindparam("until"),
).order_by(AuditEntry.at.desc(), AuditEntry.id.desc())


def list_entries_about(
    session: Session,
    subject_refs: Sequence[str],
    *,
    since: datetime,
    until: datetime,
    actions: Collection[str] | None = None,
    newest: int | None = None,
) -> list[ChainRecord]:
    """List the entries about some subjects from `since` up to, but not at, `until`, the newest first.

    One query for every SUBJECTS_AT_A_TIME subjects; `actions` gives only these, `newest` only so many.
    """
    found: list[ChainRecord] = []
    statement = _ABOUT.limit(newest)
    if actions is not None:
        statement = statement.where(AuditEntry.action.in_(actions))
    for start in range(0, len(subject_refs), SUBJECTS_AT_A_TIME):
        wanted = subject_refs[start : start + SUBJECTS_AT_A_TIME]
        rows = session.execute(statement, {"subject_refs": wanted, "since": since, "until": until})
        found += [_read_chain_record(row) for row in rows]
    found.sort(key=lambda record: (record.at, record.entry_id), reverse=True)
    return found[:newest]


def find_entry_just_before(session: Session, entry_id: int) -> ChainRecord | None:
    """Find the entry that stands right before another one in its chain; None before the first."""
    other = aliased(AuditEntry)
    statement = _CHAIN_RECORDS.join(
        other, and_(other.chain == AuditEntry.chain, other.sequence == AuditEntry.sequence + 1)
    )
    row = session.execute(statement.where(other.id == entry_id)).one_or_none()
    return _read_chain_record(row) if row else None


def _read_chain_record(row: Row[*tuple[Any, ...]]) -> ChainRecord:
    return ChainRecord(
        entry_id=row[0],
        chain=row[1],
        at=row[2],
        actor=row[3],
        role=row[4],
        action=row[5],
        subject_ref=row[6],
        reason=row[7],
        items=None if row[8] is None else tuple(row[8]),
    )


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


def list_entries_since(
    session: Session, *, actions: Collection[str], subject_ref: str, since: datetime
) -> list[AuditRecord]:
    """List the entries about one subject after `since` whose action is one of some, the newest first."""
    rows = session.execute(
        select(AuditEntry, AuditPayload)
        .outerjoin(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        .where(AuditEntry.action.in_(actions), AuditEntry.subject_ref == subject_ref, AuditEntry.at > since)
        .order_by(AuditEntry.id.desc())
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
