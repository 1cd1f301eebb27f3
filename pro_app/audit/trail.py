"""Writing one audit entry in the transaction of the change it describes."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.chain import (
    FIRST_DIGEST,
    ChainLink,
    link_digest,
    payload_digest,
)
from pro_app.storage.tables.audit_trail import AuditChainHead, AuditEntry, AuditPayload
from pro_app.storage.tables.base import plain_table

APP_VERSION = version("pro-app")
_LOCKED_HEAD = (
    select(AuditChainHead)
    .where(AuditChainHead.chain == bindparam("name"))
    .with_for_update()
    .execution_options(populate_existing=True)
)
_ADD_ENTRY, _ADD_PAYLOAD = (
    insert(plain_table(AuditEntry)).returning(AuditEntry.id),
    insert(plain_table(AuditPayload)),
)
"""These are made once: every change of anything asks them."""


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
    head = lock_chain_head(session, chain)
    salt = secrets.token_hex(16)
    link = ChainLink(
        chain=chain,
        sequence=head.sequence + 1,
        at=written_at(now),
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
    digest = link_digest(link)
    # Nobody changes an entry, so the session need not know it.
    entry_id = session.execute(_ADD_ENTRY, columns | {"digest": digest}).scalar_one()
    session.execute(_ADD_PAYLOAD, {"entry_id": entry_id, "salt": salt, "items": change.items})
    head.sequence, head.digest = link.sequence, digest


def lock_chain_head(session: Session, chain: str) -> AuditChainHead:
    """Give the head of the chain, made if absent, locked until the transaction ends."""
    head = session.scalars(_LOCKED_HEAD, {"name": chain}).one_or_none()
    if head is not None:
        return head
    insert_new = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(
        insert_new(AuditChainHead)
        .values(chain=chain, sequence=0, digest=FIRST_DIGEST)
        .on_conflict_do_nothing(index_elements=["chain"])
    )
    return session.scalars(_LOCKED_HEAD, {"name": chain}).one()


def written_at(at: datetime) -> str:
    """Write a time as it is digested: ISO 8601 in UTC with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
