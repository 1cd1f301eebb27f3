"""What happens to a row of the outbox, said once for everyone who writes there."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from pro_app.storage.tables.outbox import OutboxMessage


def enqueue_rows(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert messages; one whose key is there already stays as it is, also if two requests race."""
    if not rows:
        return
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(insert(OutboxMessage).on_conflict_do_nothing(index_elements=["message_key"]), rows)


def withdraw_row(row: OutboxMessage, reason: str, *, now: datetime) -> None:
    """Take a message back; what may have arrived already is not called cancelled."""
    finish_row(row, "unknown" if row.doubts else "cancelled", reason=reason, now=now)


def finish_row(row: OutboxMessage, state: str, *, reason: str | None, now: datetime) -> None:
    """Put a message into a final state and give up the claim on it."""
    row.state, row.outcome_reason, row.finished_at = state, reason, now
    row.claimed_by = row.lease_until = None
