"""Verifying the audit trail: every chain, payload and head, and the heads that were joined each day."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Result, select
from sqlalchemy.orm import Session

from pro_app.audit.chain import FIRST_DIGEST, ChainFault, ChainLink, check_chain, payload_digest
from pro_app.audit.heads import HEADS_JOINED
from pro_app.audit.trail import written_at
from pro_app.storage.tables.audit_trail import AuditChainHead, AuditEntry, AuditPayload


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
    return total, faults + _check_joined_heads(session)


def _check_joined_heads(session: Session) -> list[ChainFault]:
    """Compare every chain with where the daily entries of the central chain say that it once ended."""
    joined = session.scalars(
        select(AuditPayload)
        .join(AuditEntry, AuditEntry.id == AuditPayload.entry_id)
        .where(AuditEntry.action == HEADS_JOINED)
        .order_by(AuditEntry.id)
    ).all()
    digests: dict[tuple[str, int], str] = {
        (chain, sequence): digest
        for chain, sequence, digest in session.execute(
            select(AuditEntry.chain, AuditEntry.sequence, AuditEntry.digest)
        )
    }
    return [
        ChainFault(item["field"], item["after"]["sequence"], "is not what the central chain says it was")
        for payload in joined
        for item in payload.items
        if digests.get((item["field"], item["after"]["sequence"])) != item["after"]["digest"]
    ]


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


def _link(entry: AuditEntry) -> ChainLink:
    stored = {name: getattr(entry, name) for name in ChainLink.__slots__}
    return ChainLink(**(stored | {"at": written_at(entry.at)}))
