"""Finding the few people of a site about whom there may be something to do."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from pro_app.storage.queries.site_tasks import TaskScope, run_within
from pro_app.storage.seldom import seldom
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.site_tasks import SiteTaskRecord

_correction = aliased(ParticipantEvent)
_PROTOCOLS = select(Participant.protocol_sha256).distinct()
_FAILED = (
    select(OutboxMessage.participant_id, OutboxMessage.assessment_id)
    .join(Participant, Participant.id == OutboxMessage.participant_id)
    .where(
        OutboxMessage.state.in_(("failed", "unknown")),
        or_(
            and_(OutboxMessage.assessment_id.is_(None), OutboxMessage.due_at >= bindparam("tests_since")),
            and_(OutboxMessage.assessment_id.is_not(None), OutboxMessage.due_at >= bindparam("since")),
        ),
    )
)
_WITH_OUTCOME = (
    select(SiteTaskRecord.participant_id)
    .join(Participant, Participant.id == SiteTaskRecord.participant_id)
    .where(SiteTaskRecord.outcome == bindparam("outcome"))
    .distinct()
)
_RECORDED = (
    # Only what nobody ever touched again is beyond doubt; whoever has a correction is looked at.
    select(func.count(ParticipantEvent.kind.distinct()))
    .where(
        # SQLite would begin with all events of the trial that correct nothing, for each person anew.
        seldom(ParticipantEvent.participant_id == Participant.id),
        ParticipantEvent.kind.in_(bindparam("kinds", expanding=True)),
        ParticipantEvent.supersedes_id.is_(None),
        ParticipantEvent.retracts.is_(False),
        ~exists().where(_correction.supersedes_id == ParticipantEvent.id),
    )
    .correlate(Participant)
    .scalar_subquery()
)
_RESUMED = (
    exists()
    .where(
        ParticipantEvent.participant_id == Participant.id,
        ParticipantEvent.kind.in_(bindparam("resuming", expanding=True)),
    )
    .correlate(Participant)
)
_WITHOUT = select(Participant.id, Participant.protocol_sha256).where(
    or_(bindparam("number") > _RECORDED, _RESUMED)
)


def list_protocols_in(session: Session, scope: TaskScope) -> list[str]:
    """List the versions of the protocol that the people in scope are under, by SHA-256."""
    return sorted(row[0] for row in run_within(session, _PROTOCOLS, scope))


def list_failed_messages(
    session: Session, scope: TaskScope, *, since: datetime, tests_since: datetime
) -> list[tuple[int, int | None]]:
    """List whose messages did not arrive, or perhaps did not, each with the form that it was about.

    Those about forms were due from `since` on, those about none from `tests_since` on (aware UTC).
    """
    rows = run_within(session, _FAILED, scope, since=since, tests_since=tests_since)
    return [(row[0], row[1]) for row in rows]


def list_people_with_outcome(session: Session, scope: TaskScope, outcome: str) -> list[int]:
    """List the people in scope about whom a site ever recorded an outcome."""
    return [row[0] for row in run_within(session, _WITH_OUTCOME, scope, outcome=outcome)]


def list_people_without(
    session: Session, scope: TaskScope, *, kinds: Iterable[str], resuming: Iterable[str]
) -> dict[int, str]:
    """Give the people in scope of whom perhaps not every one of these kinds of event is recorded.

    Each with the version of the protocol, by SHA-256. Who has an event of a kind that ends others is among
    them, as is who has a correction.
    """
    wanted = sorted(set(kinds))
    values = {"kinds": wanted, "resuming": sorted(resuming), "number": len(wanted)}
    return {row[0]: row[1] for row in run_within(session, _WITHOUT, scope, **values)}
