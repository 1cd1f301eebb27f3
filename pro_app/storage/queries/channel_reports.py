"""Reading what came back about messages."""

from sqlalchemy import bindparam, exists, or_, select

from pro_app.storage.tables.channel_reports import ChannelReport
from pro_app.storage.tables.outbox import OutboxMessage

ANY_CHANNEL = "any"
"""Stands in the place of the channel while a report does not tell it and its message is not known."""

WAITING_REPORTS = (
    select(ChannelReport)
    .where(
        ChannelReport.outbox_message_id.is_(None),
        ChannelReport.received_at >= bindparam("since"),
        exists().where(
            OutboxMessage.provider_ref == ChannelReport.provider_ref,
            OutboxMessage.first_attempt_at <= ChannelReport.received_at,
            or_(OutboxMessage.channel == ChannelReport.channel, ChannelReport.channel == ANY_CHANNEL),
        ),
    )
    .order_by(ChannelReport.id)
)
"""The reports whose message has got its name since they came; `since` (aware UTC) is how far back to look."""
