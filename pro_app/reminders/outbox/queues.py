"""Sending slowly: how fast one queue may send, and how long it rests after its server has said "later".

A queue is a channel and, for e-mail, the domain of the recipient, for a notification the host of the push
service: a provider that has too much of our mail answers 4xx to all of it, and the more we insist the longer
it does. All workers share the queues through the
database; nothing is locked while a message is sent, so two workers may go past the pace by one message each.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from pro_app.contacts.push_subscription import find_push_host
from pro_app.storage.tables.outbox import SendQueue

MINUTE = timedelta(minutes=1)
LONGEST_REST = timedelta(minutes=60)
MOST_DOUBLINGS = 6
UNPACED_CHANNELS = frozenset({"push"})
"""A push service asks for patience itself."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How many messages one queue sends in a minute, so many of them at once; None is without end."""

    per_minute: int | None

    @property
    def interval(self) -> timedelta:
        """Give the time that one message takes of a queue's pace."""
        return MINUTE / self.per_minute if self.per_minute else timedelta(0)


UNHURRIED = Pace(None)
_STATE = select(SendQueue.next_at, SendQueue.strikes).where(SendQueue.queue == bindparam("queue"))
_LOCKED = select(SendQueue).where(SendQueue.queue == bindparam("queue")).with_for_update()


@dataclass(frozen=True, slots=True)
class QueueState:
    """How a queue stands: `free_at` is when its pace is used up no more, None for a queue never used.

    What is ahead of the present by less than a minute may still be sent at once. After a refusal `free_at` is
    set a minute beyond the rest, so that one message tries how things are and the others follow at the pace.
    """

    free_at: datetime | None
    strikes: int

    def find_rest(self, *, now: datetime) -> datetime | None:
        """Find until when nothing may be sent, None where something may; bounded for clocks set back."""
        if self.free_at is None or self.free_at - MINUTE <= now:
            return None
        return min(self.free_at - MINUTE if self.strikes else self.free_at, now + LONGEST_REST)


def find_queue(channel: str, address: str, *, secret_key: str) -> str | None:
    """Name the queue of an address, without the address: None for a push address that names no host."""
    if channel in UNPACED_CHANNELS:
        domain = find_push_host(address)
        if domain is None:
            return None
    else:
        _, at, domain = address.rpartition("@")
        if not at:
            return channel
    digest = hmac.new(secret_key.encode(), f"queue:{domain.lower()}".encode(), hashlib.sha256).hexdigest()
    return f"{channel}:{digest[:32]}"


def find_pace(channel: str, pace: Pace) -> Pace:
    """Give the pace of a channel in an installation that sends at `pace`."""
    return UNHURRIED if channel in UNPACED_CHANNELS else pace


def find_queue_state(session: Session, queue: str) -> QueueState:
    """Read how a queue stands."""
    row = session.execute(_STATE, {"queue": queue}).one_or_none()
    return QueueState(None, 0) if row is None else QueueState(row[0], row[1])


def note_attempt(
    session: Session,
    queue: str,
    *,
    refused: bool,
    pace: Pace,
    now: datetime,
    asked_for: timedelta = timedelta(0),
) -> QueueState:
    """Count one message against the pace, and after a refusal let the queue rest 1, 2, 4 … 60 minutes.

    Where the other side asked for a longer rest it gets that, up to an hour. A refusal that comes while
    the queue rests already is of a message that was on its way before.
    """
    row = session.scalars(_LOCKED, {"queue": queue}).one_or_none()
    if row is None:
        if not refused and pace.per_minute is None:
            return QueueState(None, 0)
        row = _add_row(session, queue, now=now)
    rests = QueueState(row.next_at, row.strikes).find_rest(now=now) is not None
    if not refused:
        row.strikes = 0
        row.next_at = max(row.next_at, now) + pace.interval
    elif not (rests and row.strikes):
        rest = min(max(MINUTE * 2 ** min(row.strikes, MOST_DOUBLINGS), asked_for), LONGEST_REST)
        row.strikes += 1
        row.next_at = now + rest + MINUTE
    return QueueState(row.next_at, row.strikes)


def _add_row(session: Session, queue: str, *, now: datetime) -> SendQueue:
    """Add a queue, unless another worker has done so in the same moment."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(
        insert(SendQueue)
        .values(queue=queue, next_at=now, strikes=0)
        .on_conflict_do_nothing(index_elements=["queue"])
    )
    return session.scalars(_LOCKED, {"queue": queue}).one()
