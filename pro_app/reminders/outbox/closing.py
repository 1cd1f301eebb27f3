"""Finishing messages whose window is over and that nobody tried in time, so that none waits for ever."""

from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from pro_app.reminders.outbox.rows import finish_row, take_back_row
from pro_app.reminders.policy import WINDOW_CLOSED
from pro_app.storage.seldom import seldom
from pro_app.storage.tables.outbox import OutboxMessage

MOST_AT_ONCE = 500


def close_expired(session: Session, *, now: datetime, most: int = MOST_AT_ONCE) -> int:
    """Finish due messages that have lost their sense, and give how many; what others hold is left to them.

    Those never tried are cancelled, those tried have failed, those that may have arrived are unknown. Only
    what is due is looked at: a message is never put off beyond the end of its window.
    """
    waiting = and_(OutboxMessage.state == "planned", seldom(OutboxMessage.attempt_at <= now))
    lost = and_(seldom(OutboxMessage.state == "claimed"), OutboxMessage.lease_until <= now)
    rows = session.scalars(
        select(OutboxMessage)
        .where(or_(waiting, lost), OutboxMessage.expires_at <= now)
        .order_by(OutboxMessage.attempt_at)
        .limit(most)
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    for row in rows:
        if row.state == "claimed":
            row.doubts += 1
            finish_row(row, "unknown", reason="claim_ran_out", now=now)
        else:
            take_back_row(row, WINDOW_CLOSED, now=now)
    return len(rows)
