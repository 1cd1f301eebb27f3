"""What is asked of one row of the outbox, and what happens to it, said once for everyone who writes there."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from pro_app.reminders.policy import (
    ALWAYS,
    WINDOW_CLOSED,
    MessageSituation,
    check_eligibility,
    find_condition,
)
from pro_app.reminders.sending_hours import find_allowed_moment
from pro_app.reminders.situation import Situation
from pro_app.storage.tables.outbox import OutboxMessage

UNREADABLE = "record_unreadable"
"""Why a message waits whose record cannot be judged: it fails visibly if nobody mends that in time."""


def enqueue_rows(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert messages; one whose key is there already stays as it is, also if two requests race."""
    if not rows:
        return
    session.execute(_insert_new(session.get_bind().dialect.name), rows)


@cache
def _insert_new(dialect: str) -> Executable:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(OutboxMessage).on_conflict_do_nothing(index_elements=["message_key"])


def find_channel_of(message_key: str) -> str:
    """Give the channel that a message key names."""
    return message_key.rpartition(":")[2]


def check_row(row: OutboxMessage, situation: Situation, *, now: datetime) -> str | None:
    """Say why a message may no longer go out, as a reason code; None if it may."""
    visit = situation.find_visit(row.planned_visit_id, row.assessment_id)
    condition: str | None = ALWAYS
    if row.planned_visit_id is not None:
        condition = find_condition(row.rule_code, visit.all_rules if visit else ())
    message = MessageSituation(condition or ALWAYS, row.planned_visit_id, row.expires_at)
    reason = check_eligibility(message, visit, stopped_by=situation.stopped_by, now=now)
    return reason if condition is not None or reason is not None else "plan_replaced"


def find_allowed(row: OutboxMessage, situation: Situation, *, now: datetime) -> datetime:
    """Give the moment from which a message may go out: after a pause, outside the quiet hours."""
    if row.planned_visit_id is None:
        return now
    return situation.find_next_moment(now, before=row.expires_at)


def find_attempt(expires_at: datetime | None, situation: Situation, *, now: datetime) -> datetime | None:
    """Give when a message about a visit is tried next, None where its window leaves no allowed moment.

    Where it is only a pause that runs beyond the window, that is the end of the window: the pause may be
    ended before, and until then nothing is over.
    """
    allowed_at = situation.find_next_moment(now, before=expires_at)
    if expires_at is None or allowed_at < expires_at:
        return allowed_at
    return expires_at if find_allowed_moment(now, situation.hours) < expires_at else None


def plan_again(
    row: OutboxMessage, *, site_id: int, due_at: datetime, attempt_at: datetime, expires_at: datetime | None
) -> None:
    """Plan a message that did not go out, anew or again, as if it had never been tried.

    One that was given up after it had been tried begins a new generation: what still comes back about the one
    before, at another address perhaps, is not about it. It goes out in the name of the site `site_id`.
    """
    if row.state != "planned" and row.first_attempt_at is not None:
        row.generation, row.provider_ref = row.generation + 1, None
    row.state, row.outcome_reason, row.finished_at, row.taken_over_by = "planned", None, None, None
    row.due_at, row.attempt_at, row.expires_at = due_at, attempt_at, expires_at
    row.attempts, row.first_attempt_at, row.site_id = 0, None, site_id


def take_back_row(row: OutboxMessage, reason: str, *, now: datetime) -> None:
    """Take a message back that may go out no more; one that was tried in vain until then has failed."""
    in_vain = row.attempts or row.outcome_reason == UNREADABLE
    if reason == WINDOW_CLOSED and in_vain and not row.doubts:
        finish_row(row, "failed", reason=row.outcome_reason or reason, now=now)
    else:
        withdraw_row(row, reason, now=now)


def withdraw_row(row: OutboxMessage, reason: str, *, now: datetime) -> None:
    """Take a message back; what may have arrived already is not called cancelled."""
    finish_row(row, "unknown" if row.doubts else "cancelled", reason=reason, now=now)


def finish_row(row: OutboxMessage, state: str, *, reason: str | None, now: datetime) -> None:
    """Put a message into a final state and give up the claim on it."""
    row.state, row.outcome_reason, row.finished_at = state, reason, now
    row.claimed_by = row.lease_until = None
