"""Which of several workers leads: a lease in the database, under a term that grows with each new holder.

A worker that was frozen may wake up and still believe that it leads. So the belief counts for nothing: what
a leader writes is checked against lease and term in the very transaction that writes it, last before the
commit. No lock is held in between, so that a worker frozen in the middle never keeps the others from leading.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from pro_app.storage.tables.worker import WorkerLease

LEASE_NAME = "worker"
LEASE = timedelta(seconds=30)
"""How long a leader that says nothing is still believed to lead."""
LONGEST_BELIEVED = timedelta(minutes=10)
"""A lease that ends later was given by a clock that has been set back since; it must not block the others."""

_LEASE = select(WorkerLease).where(WorkerLease.name == LEASE_NAME).execution_options(populate_existing=True)
_UNLOCKED_LEASE = _LEASE.with_for_update(skip_locked=True)


@dataclass(frozen=True, slots=True)
class Lead:
    """The lead of one worker under one term."""

    holder: str
    term: int


class LeadLost(Exception):
    """Another worker leads by now, or nobody does; what was to be written is rolled back."""


def claim_lead(session: Session, *, holder: str, now: datetime) -> Lead | None:
    """Take the lead, or renew it under the same term; None while another worker holds it.

    A holder whose own lease ran out comes back under a new term, since others may have led in between.
    """
    lease = session.scalars(_UNLOCKED_LEASE).one_or_none()
    if lease is None:
        known = session.get(WorkerLease, LEASE_NAME, populate_existing=True)
        if known is not None:
            return _read_own(known, holder=holder, now=now)
        lease = _add_lease(session, holder=holder, now=now)
    if lease.lease_until <= now or lease.lease_until > now + LONGEST_BELIEVED:
        lease.holder, lease.term = holder, lease.term + 1
    elif lease.holder != holder:
        return None
    lease.lease_until = now + LEASE
    session.flush()
    return Lead(holder, lease.term)


def _read_own(lease: WorkerLease, *, holder: str, now: datetime) -> Lead | None:
    """Give the lead as it stands where somebody has its row in hand, None unless it is the holder's.

    Another worker may be taking or renewing it; but it may also be the holder's own chore that is just being
    committed.
    """
    if lease.holder != holder or not now < lease.lease_until <= now + LONGEST_BELIEVED:
        return None
    return Lead(holder, lease.term)


def _add_lease(session: Session, *, holder: str, now: datetime) -> WorkerLease:
    """Add the lease of the first worker of all; of two that come at once the later one waits."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(
        insert(WorkerLease)
        .values(name=LEASE_NAME, holder=holder, term=0, lease_until=now)
        .on_conflict_do_nothing(index_elements=["name"])
    )
    return session.scalars(_LEASE.with_for_update()).one()


def require_lead(session: Session, lead: Lead, *, now: datetime) -> None:
    """Raise LeadLost unless the lead still holds; call it last in the transaction that a leader writes."""
    session.flush()
    held = session.execute(
        update(WorkerLease)
        .where(
            WorkerLease.name == LEASE_NAME,
            WorkerLease.holder == lead.holder,
            WorkerLease.term == lead.term,
            WorkerLease.lease_until > now,
        )
        .values(holder=lead.holder)
        .execution_options(synchronize_session=False)
    )
    if held.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE gives a cursor result
        raise LeadLost


def give_up_lead(session: Session, lead: Lead, *, now: datetime) -> None:
    """Let the next worker lead at once, as a leader does that stops in order."""
    session.execute(
        update(WorkerLease)
        .where(
            WorkerLease.name == LEASE_NAME,
            WorkerLease.holder == lead.holder,
            WorkerLease.term == lead.term,
        )
        .values(lease_until=now)
        .execution_options(synchronize_session=False)
    )


def find_leader(session: Session, *, now: datetime) -> WorkerLease | None:
    """Find the lease of the worker that leads; None where nobody does."""
    lease = session.get(WorkerLease, LEASE_NAME)
    return lease if lease is not None and lease.lease_until > now else None
