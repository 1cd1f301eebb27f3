"""Joining the chains: once a day the heads of all chains are listed in one entry of the central chain."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, lock_chain_head, record_change, site_chain
from pro_app.storage.tables.audit_trail import AuditChainHead, AuditEntry

HEADS_JOINED = "audit.join_heads"


def join_heads(session: Session, *, actor: Actor, now: datetime) -> bool:
    """Record where every chain ends, unless that was done on this UTC day already; tell whether it was done.

    A chain cut short or rewritten later no longer fits the entry, which the next central entries cover.
    """
    day_starts_at = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    central = site_chain(None)
    # Two workers at the same moment queue on the central head, and the second one finds the first's entry.
    lock_chain_head(session, central)
    done = session.scalars(
        select(AuditEntry.id).where(
            AuditEntry.subject_ref == f"chain:{central}",
            AuditEntry.action == HEADS_JOINED,
            AuditEntry.at >= day_starts_at,
            AuditEntry.at < day_starts_at + timedelta(days=1),
        )
    ).first()
    heads = session.scalars(
        select(AuditChainHead).where(AuditChainHead.chain != central).order_by(AuditChainHead.chain)
    ).all()
    if done is not None or not heads:
        return False
    items = [
        {"field": head.chain, "before": None, "after": {"sequence": head.sequence, "digest": head.digest}}
        for head in heads
    ]
    change = Change(action=HEADS_JOINED, subject_ref=f"chain:{central}", items=items)
    record_change(session, change, actor=actor, site_id=None, now=now)
    return True
