"""Reading the outbox: which messages a participant got or is to get."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.outbox import OutboxMessage


def list_messages_with_visits(
    session: Session, participant_id: int
) -> Sequence[tuple[OutboxMessage, str | None]]:
    """List a participant's messages by the time they are due, each with the visit code it is about."""
    rows = session.execute(
        select(OutboxMessage, Assessment.visit_code)
        .outerjoin(Assessment, Assessment.id == OutboxMessage.assessment_id)
        .where(OutboxMessage.participant_id == participant_id)
        .order_by(OutboxMessage.due_at, OutboxMessage.id)
    )
    return [(row[0], row[1]) for row in rows]


def count_planned_messages(session: Session, participant_id: int) -> int:
    """Count the messages to a participant that are still to go out."""
    counted = session.scalar(
        select(func.count(OutboxMessage.id)).where(
            OutboxMessage.participant_id == participant_id, OutboxMessage.state == "planned"
        )
    )
    return counted or 0


def find_next_due_at(session: Session) -> datetime | None:
    """Find when the next planned message is to be tried, put-off ones included; None if none is planned."""
    return session.scalar(select(func.min(OutboxMessage.attempt_at)).where(OutboxMessage.state == "planned"))
