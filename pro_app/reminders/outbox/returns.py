"""What comes back about a message: which row it is about, and that it did arrive."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.reminders.outbox.rows import finish_row
from pro_app.storage.tables.outbox import OutboxMessage


def find_reported_message(
    session: Session, *, outbox_message_id: int | None, provider_ref: str | None
) -> OutboxMessage | None:
    """Find the message that a report is about: by our own key, else by the name that its provider gave it."""
    row = session.get(OutboxMessage, outbox_message_id) if outbox_message_id is not None else None
    if row is None and provider_ref:
        statement = select(OutboxMessage).where(OutboxMessage.provider_ref == provider_ref).limit(1)
        row = session.scalars(statement).one_or_none()
    return row


def record_arrival(session: Session, message_id: int, *, now: datetime) -> str | None:
    """Call a message sent of which nobody knew whether it was: it is not tried again.

    Gives the new state, None where nothing was in doubt. Lock the person first.
    """
    statement = select(OutboxMessage).where(OutboxMessage.id == message_id).with_for_update(key_share=True)
    row = session.scalars(statement.execution_options(populate_existing=True)).one()
    if row.state == "unknown" or (row.state == "planned" and row.doubts):
        finish_row(row, "sent", reason=None, now=now)
        return row.state
    return None
