"""How an entry about an event is undone: taken back, set right again, or recorded again."""

from sqlalchemy.orm import Session

from pro_app.errors import NotFound
from pro_app.services.considered_events import Correction, NewEvent
from pro_app.storage.queries.events import find_event
from pro_app.storage.tables.events import ParticipantEvent


def find_undo(session: Session, row: ParticipantEvent) -> NewEvent | Correction:
    """Give the act that undoes an entry; its reason is for the person to say.

    A new event is taken back, a correction gets the earlier words again, and what was taken back is recorded
    again. Whether that is possible now is judged like any other act.
    """
    if row.retracts:
        return NewEvent(row.kind, row.occurred_on, dict(row.details))
    if row.supersedes_id is None:
        return Correction("")
    earlier = find_event(session, row.supersedes_id)
    if earlier is None:
        raise NotFound("event")
    return Correction("", earlier.occurred_on, dict(earlier.details))
