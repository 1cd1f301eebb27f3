"""Writing one audit entry in the transaction of the change it describes, and verifying the chains."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from sqlalchemy import Result, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.chain import (
    FIRST_DIGEST,
    ChainFault,
    ChainLink,
    check_chain,
    link_digest,
    payload_digest,
)
from pro_app.storage.tables.audit_trail import AuditChainHead, AuditEntry, AuditPayload

APP_VERSION = version("pro-app")


@dataclass(frozen=True, slots=True)
class Change:
    """What an entry says: `action` is `noun.verb`, `items` hold before and after, never contact values."""

    action: str
    subject_ref: str
    items: list[dict[str, Any]] = field(default_factory=list)
    reason: str | None = None


def site_chain(site_id: int | None) -> str:
    """Name the chain of a site; what belongs to no site goes into the chain `central`."""
    return "central" if site_id is None else f"site:{site_id}"


def record_change(
    session: Session, change: Change, *, actor: Actor, site_id: int | None, now: datetime
) -> None:
    """Append one entry to the chain of `site_id`, queueing behind others that write to the same chain."""
    chain = site_chain(site_id)
    head = _lock_head(session, chain)
    salt = secrets.token_hex(16)
    link = ChainLink(
        chain=chain,
        sequence=head.sequence + 1,
        at=_written(now),
        actor=actor.reference,
        role=actor.role,
        action=change.action,
        subject_ref=change.subject_ref,
        reason=change.reason,
        request_id=actor.request_id,
        app_version=APP_VERSION,
        payload_digest=payload_digest(salt, change.items),
        previous_digest=head.digest,
    )
    columns = {name: getattr(link, name) for name in ChainLink.__slots__} | {"at": now}
    entry = AuditEntry(**columns, digest=link_digest(link))
    session.add(entry)
    session.flush()
    session.add(AuditPayload(entry_id=entry.id, salt=salt, items=change.items))
    head.sequence, head.digest = entry.sequence, entry.digest


def verify_audit_trail(session: Session) -> tuple[int, list[ChainFault]]:
    """Check every chain, payload and head; gives the number of entries and every fault found."""
    faults: list[ChainFault] = []
    total = 0
    heads = {head.chain: head for head in session.scalars(select(AuditChainHead))}
    known = set(session.scalars(select(AuditEntry.chain).distinct()))
    for chain in sorted(known | set(heads)):
        counted = _Tally()
        faults += check_chain(counted.pass_on(_stored_links(session, chain, faults)))
        total += counted.count
        head = heads.get(chain)
        if head is None or (head.sequence, head.digest) != (counted.sequence, counted.digest):
            faults.append(
                ChainFault(chain, counted.sequence, "is not where the head of the chain says it ends")
            )
    return total, faults


@dataclass
class _Tally:
    """Counts links as they pass and keeps the last one."""

    count: int = 0
    sequence: int = 0
    digest: str = FIRST_DIGEST

    def pass_on(self, links: Iterator[tuple[ChainLink, str]]) -> Iterator[tuple[ChainLink, str]]:
        for link, digest in links:
            self.count, self.sequence, self.digest = self.count + 1, link.sequence, digest
            yield link, digest


def _stored_links(session: Session, chain: str, faults: list[ChainFault]) -> Iterator[tuple[ChainLink, str]]:
    rows: Result[AuditEntry, AuditPayload | None] = session.execute(
        select(AuditEntry, AuditPayload)
        .outerjoin(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        .where(AuditEntry.chain == chain)
        .order_by(AuditEntry.sequence)
        .execution_options(yield_per=1000)
    )
    for entry, payload in rows:
        if payload is None:
            faults.append(ChainFault(chain, entry.sequence, "has lost its payload"))
        elif payload_digest(payload.salt, payload.items) != entry.payload_digest:
            faults.append(ChainFault(chain, entry.sequence, "has a changed payload"))
        yield _link(entry), entry.digest


def _lock_head(session: Session, chain: str) -> AuditChainHead:
    """Give the head of the chain, made if absent, locked until the transaction ends."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(
        insert(AuditChainHead)
        .values(chain=chain, sequence=0, digest=FIRST_DIGEST)
        .on_conflict_do_nothing(index_elements=["chain"])
    )
    return session.scalars(
        select(AuditChainHead)
        .where(AuditChainHead.chain == chain)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _link(entry: AuditEntry) -> ChainLink:
    stored = {name: getattr(entry, name) for name in ChainLink.__slots__}
    return ChainLink(**(stored | {"at": _written(entry.at)}))
