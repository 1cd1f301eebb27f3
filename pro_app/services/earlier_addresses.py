"""Which address a message went to: the present one, or one that was changed since.

No address stands in the main store. What does is when the site changed one, in the audit trail, and when a
message went; that is enough to tell a report about an old address from one about the present one.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.reminders.addresses import KIND_OF_CHANNEL
from pro_app.reminders.outbox.attempts import LEASE
from pro_app.storage.queries.audit_trail import list_entries
from pro_app.storage.queries.outbox import MessageRow

CONTACT_CHANGED = "contact.change"
MOST_CHANGES = 200
"""So many changes of a person's contact, hour or zone are looked through, the latest first."""


def went_to_earlier_address(session: Session, row: MessageRow) -> bool:
    """Say whether a message went before the person's address on its channel was changed.

    Ask before the message is given another state. Where it was tried several times and nobody knows which
    attempt arrived, the first one counts: if the present address does not work, the next message shows it.
    """
    went_at = _find_sending(row)
    changed_at = find_address_change(session, row.participant_id, row.channel)
    return went_at is not None and changed_at is not None and went_at < changed_at


def find_address_change(session: Session, participant_id: int, channel: str) -> datetime | None:
    """Find when a person's address on a channel was last changed (aware UTC); None if never."""
    kind = KIND_OF_CHANNEL.get(channel)
    entries = list_entries(
        session, action=CONTACT_CHANGED, subject_ref=f"participant:{participant_id}", limit=MOST_CHANGES
    )
    return next(
        (entry.at for entry in entries if any(item.get("field") == kind for item in entry.items)), None
    )


def _find_sending(row: MessageRow) -> datetime | None:
    """Find when a message went out, None if it never did."""
    if row.state in {"sent", "unknown"}:
        return row.finished_at
    if row.state == "claimed" and row.lease_until is not None:
        return row.lease_until - LEASE
    return row.first_attempt_at
