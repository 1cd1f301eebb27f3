"""Planning messages again that failed for want of a usable address, once the person can be reached."""

from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.reminders.outbox.plan import has_gone_out, make_slot
from pro_app.reminders.outbox.planning import list_rows
from pro_app.reminders.outbox.rows import find_attempt, finish_row, plan_again
from pro_app.reminders.policy import PlannedReminder, plan_reminders
from pro_app.reminders.reasons import is_about_address
from pro_app.reminders.situation import PUSH, Situation, load_situation
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant

ADDRESS_CHANGED = "address_changed"


def revive_messages(session: Session, *, participant: Participant, now: datetime) -> int:
    """Plan again what failed because of an address, now that the contact has changed; gives how many.

    Only messages of windows that still run come back, on the first of the person's channels, at the next
    allowed moment after a pause; of several the dispatcher sends one. Lock the person, and plan the messages,
    first.
    """
    session.flush()
    situation = load_situation(session, participant, now=now)
    if situation.stopped_by is not None or not situation.main_channels:
        return 0
    failed = _list_failed(session, participant.id)
    revived = 0
    for slot, reminder in _list_wished(situation, participant.id):
        rows = {row.channel: row for row in failed.get(slot, [])}
        first = next((rows[channel] for channel in situation.main_channels if channel in rows), None)
        attempt_at = find_attempt(reminder.expires_at, situation, now=now)
        if first is None or attempt_at is None:
            continue
        for row in rows.values():
            finish_row(row, "cancelled", reason=ADDRESS_CHANGED, now=now)
        plan_again(
            first,
            site_id=participant.site_id,
            due_at=first.due_at,
            attempt_at=attempt_at,
            expires_at=reminder.expires_at,
        )
        revived += 1
    session.flush()
    return revived


def _list_failed(session: Session, participant_id: int) -> dict[str, list[OutboxMessage]]:
    """List by what they are about the messages that failed on every channel, at least once by an address."""
    by_slot: dict[str, list[OutboxMessage]] = {}
    for row in list_rows(session, participant_id, lock=True):
        if row.channel != PUSH:
            by_slot.setdefault(row.message_key.rpartition(":")[0], []).append(row)
    return {
        slot: [row for row in rows if row.state == "failed"]
        for slot, rows in by_slot.items()
        if not any(has_gone_out(row) or row.state == "planned" for row in rows)
        and any(row.state == "failed" and is_about_address(row.outcome_reason) for row in rows)
    }


def _list_wished(situation: Situation, participant_id: int) -> list[tuple[str, PlannedReminder]]:
    """List what the policy asks for, by what it is about."""
    return [
        (make_slot(participant_id, visit, reminder.rule.code), reminder)
        for visit in situation.visits
        for reminder in plan_reminders(visit, situation.hours)
    ]
