"""Which address a message went to: the present one, or one that was changed since.

No address stands in the main store. What does is when the site changed one, in the audit trail, and when a
message went; that is enough to tell a report about an old address from one about the present one.
"""

from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from pro_app.reminders.addresses import KIND_OF_CHANNEL
from pro_app.reminders.outbox.attempts import LEASE
from pro_app.storage.queries.audit_trail import list_entries
from pro_app.storage.queries.outbox import MessageRow

CONTACT_CHANGED = "contact.change"
MOST_CHANGES = 200
"""So many changes of a person's contact, hour or zone are looked through, the latest first."""


def find_where_it_went(session: Session, row: MessageRow) -> Literal["earlier", "present", "both"]:
    """Find to which address a message went: one that was changed since, the present one, or perhaps both.

    Ask before the message is given another state. It may have gone to both where an attempt before the
    change was perhaps accepted: nobody knows then which of the two a report is about.
    """
    changed_at = find_address_change(session, row.participant_id, row.channel)
    first_at, last_at = row.first_attempt_at, _find_last_sending(row)
    if changed_at is None or last_at is None:
        return "present"
    if last_at < changed_at:
        return "earlier"
    return "both" if row.doubts and first_at is not None and first_at < changed_at else "present"


def find_address_change(session: Session, participant_id: int, channel: str) -> datetime | None:
    """Find when a person's address on a channel was last changed (aware UTC); None if never."""
    kind = KIND_OF_CHANNEL.get(channel)
    entries = list_entries(
        session, action=CONTACT_CHANGED, subject_ref=f"participant:{participant_id}", limit=MOST_CHANGES
    )
    return next(
        (entry.at for entry in entries if any(item.get("field") == kind for item in entry.items)), None
    )


def _find_last_sending(row: MessageRow) -> datetime | None:
    """Find when a message may last have gone out, None if it never did."""
    if row.state in {"sent", "unknown"}:
        return row.finished_at
    if row.state == "claimed" and row.lease_until is not None:
        return row.lease_until - LEASE
    return row.first_attempt_at
