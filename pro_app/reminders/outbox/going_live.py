"""What is sent when the day on which a site goes live is another one than before."""

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from pro_app.storage.tables.outbox import OutboxMessage

_BRING_FORWARD = (
    update(OutboxMessage)
    .where(
        OutboxMessage.site_id == bindparam("the_site"),
        OutboxMessage.state == "planned",
        OutboxMessage.planned_visit_id.is_not(None),
        OutboxMessage.attempts == 0,
        OutboxMessage.attempt_at > OutboxMessage.due_at,
    )
    .values(attempt_at=OutboxMessage.due_at)
    .execution_options(synchronize_session=False)
)


def look_again_at_site(session: Session, site_id: int) -> None:
    """Have every message of a site that was put off looked at again, after the day of going live changed.

    Whatever holds one back still, a pause or a later day, puts it off once more when it is claimed.
    """
    session.flush()
    session.execute(_BRING_FORWARD, {"the_site": site_id})
