"""What comes back about a message: which row it is about, and that it did arrive."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.reminders.outbox.rows import finish_row
from pro_app.storage.tables.outbox import OutboxMessage

REPORTED_WITHIN = timedelta(days=30)
"""A report later than this after the first attempt is about another message that had the same name since."""


def find_reported_message(
    session: Session,
    *,
    outbox_message_id: int | None,
    provider_ref: str | None,
    channel: str | None,
    now: datetime,
) -> OutboxMessage | None:
    """Find the message that a report is about: by our own key, else by the name that its provider gave it.

    A provider may use a name again, and two may use the same: of the messages of the last 30 days on the
    channel (None for any) it is the newest.
    """
    row = session.get(OutboxMessage, outbox_message_id) if outbox_message_id is not None else None
    if row is not None or not provider_ref:
        return row
    statement = (
        select(OutboxMessage)
        .where(
            OutboxMessage.provider_ref == provider_ref,
            OutboxMessage.first_attempt_at >= now - REPORTED_WITHIN,
        )
        .order_by(OutboxMessage.first_attempt_at.desc(), OutboxMessage.id.desc())
        .limit(1)
    )
    if channel is not None:
        statement = statement.where(OutboxMessage.channel == channel)
    return session.scalars(statement).one_or_none()


def record_arrival(session: Session, message_id: int, *, now: datetime) -> str | None:
    """Call a message sent of which nobody knew (yet) whether it was: it is not tried again.

    Gives the new state, None where nothing was in doubt. Lock the person first.
    """
    statement = select(OutboxMessage).where(OutboxMessage.id == message_id).with_for_update(key_share=True)
    row = session.scalars(statement.execution_options(populate_existing=True)).one()
    if row.state in {"unknown", "claimed"} or (row.state == "planned" and row.doubts):
        finish_row(row, "sent", reason=None, now=now)
        return row.state
    return None
