"""Reading the outbox: which messages a participant got or is to get."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from pro_app.storage.queries.site_activity import select_people_ever_at
from pro_app.storage.seldom import seldom
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.channel_reports import ChannelReport
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sites import Site

MessageRow = OutboxMessage
"""A row of the outbox, for those who only read it."""


LONGEST_PUT_OFF = timedelta(days=7)


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


def list_living_keys(
    session: Session, participant_id: int, *, rule_code: str, planned_after: datetime, now: datetime
) -> Sequence[str]:
    """List the keys of a person's messages by one rule that still make sense; both moments are aware UTC."""
    return session.scalars(
        select(OutboxMessage.message_key).where(
            OutboxMessage.participant_id == participant_id,
            OutboxMessage.rule_code == rule_code,
            OutboxMessage.planned_at > planned_after,
            OutboxMessage.expires_at > now,
            OutboxMessage.state != "cancelled",
        )
    ).all()


_NEXT_DUE = select(func.min(OutboxMessage.attempt_at)).where(OutboxMessage.state == "planned")


def find_next_due_at(session: Session) -> datetime | None:
    """Find when the next planned message is to be tried, put-off ones included; None if none is planned."""
    return session.scalar(_NEXT_DUE)


class MessageAbout(NamedTuple):
    """What a list of tasks needs to know of one message that went out, perhaps did, or did not."""

    id: int
    participant_id: int
    assessment_id: int | None
    template_code: str
    channel: str
    state: str
    outcome_reason: str | None
    finished_at: datetime | None
    due_at: datetime
    taken_over_by: str | None


_MESSAGES_ABOUT = (
    select(
        OutboxMessage.id,
        OutboxMessage.participant_id,
        OutboxMessage.assessment_id,
        OutboxMessage.template_code,
        OutboxMessage.channel,
        OutboxMessage.state,
        OutboxMessage.outcome_reason,
        OutboxMessage.finished_at,
        OutboxMessage.due_at,
        OutboxMessage.taken_over_by,
    )
    .where(
        or_(
            OutboxMessage.assessment_id.in_(bindparam("assessment_ids", expanding=True)),
            and_(
                OutboxMessage.assessment_id.is_(None),
                OutboxMessage.participant_id.in_(bindparam("participant_ids", expanding=True)),
                OutboxMessage.due_at >= bindparam("tests_since"),
            ),
        ),
        OutboxMessage.state.in_(("sent", "unknown", "failed")),
    )
    .order_by(OutboxMessage.id)
)


def list_messages_about(
    session: Session,
    *,
    assessment_ids: Iterable[int],
    participant_ids: Iterable[int] = (),
    tests_since: datetime,
) -> list[MessageAbout]:
    """List what went out, perhaps did or did not, about some assessments; and test messages to some people.

    Only tests that were due at `tests_since` (aware UTC) or later are among them.
    """
    wanted = {
        "assessment_ids": list(assessment_ids),
        "participant_ids": list(participant_ids),
        "tests_since": tests_since,
    }
    return [MessageAbout._make(row) for row in session.execute(_MESSAGES_ABOUT, wanted)]


_STANDING_KEYS = select(OutboxMessage.message_key).where(
    OutboxMessage.message_key.in_(bindparam("keys", expanding=True)), OutboxMessage.state != "cancelled"
)


def find_taken_over(session: Session, rows: Iterable[OutboxMessage | MessageAbout]) -> frozenset[int]:
    """Find those messages in whose place another one goes or went; gives their keys.

    One that was withdrawn before it went out takes nobody's place; one that failed speaks for itself.
    """
    handed_over = {row.id: row.taken_over_by for row in rows if row.taken_over_by is not None}
    if not handed_over:
        return frozenset()
    standing = set(session.scalars(_STANDING_KEYS, {"keys": sorted(set(handed_over.values()))}))
    return frozenset(row_id for row_id, key in handed_over.items() if key in standing)


def list_outbox(session: Session) -> Sequence[OutboxMessage]:
    """List every message of every participant, by participant and the time it is due."""
    return session.scalars(
        select(OutboxMessage).order_by(OutboxMessage.participant_id, OutboxMessage.due_at, OutboxMessage.id)
    ).all()


@dataclass(frozen=True, slots=True)
class ListedMessage:
    """One message with the codes that people know its participant, site and visit by; no visit for a test."""

    message: OutboxMessage
    participant_code: str
    site_code: str
    visit_code: str | None


def list_messages(
    session: Session,
    *,
    study_id: int | None = None,
    states: Iterable[str] | None = None,
    site_ids: Iterable[int] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    next_first: bool = False,
    limit: int | None = None,
) -> list[ListedMessage]:
    """List messages by the time they are due, the latest first, or the earliest with `next_first`.

    None means all of each kind. `since` (aware UTC) leaves out what was due before, `until` what is due then
    or later.
    """
    order = (OutboxMessage.due_at, OutboxMessage.id)
    statement = _select_listed().order_by(*(order if next_first else (key.desc() for key in order)))
    statement = statement.limit(limit)
    if study_id is not None:
        statement = statement.where(OutboxMessage.study_id == study_id)
    if states is not None:
        statement = statement.where(OutboxMessage.state.in_(list(states)))
    if site_ids is not None:
        statement = statement.where(OutboxMessage.site_id.in_(list(site_ids)))
    if since is not None:
        statement = statement.where(OutboxMessage.due_at >= since)
    if until is not None:
        statement = statement.where(OutboxMessage.due_at < until)
    return [ListedMessage(*row) for row in session.execute(statement)]


def list_overdue(
    session: Session,
    *,
    now: datetime,
    grace: timedelta,
    site_ids: Iterable[int] | None = None,
    limit: int | None = None,
) -> list[ListedMessage]:
    """List what should have gone and did not, the one that waits longest first.

    Those are messages that nobody has tried for longer than `grace`, those that were tried in vain and wait
    for the next attempt longer than that after their hour, and those that a worker took and never came back
    from. What a pause or quiet hours have put off is not among them.
    """
    in_vain = and_(OutboxMessage.due_at <= now - grace, OutboxMessage.outcome_reason.is_not(None))
    waiting = and_(
        OutboxMessage.state == "planned",
        # No attempt is put off for longer: by four hours, then over the quiet hours and a row of holidays.
        seldom(OutboxMessage.attempt_at <= now + LONGEST_PUT_OFF),
        or_(OutboxMessage.attempt_at <= now - grace, in_vain),
    )
    lost = and_(seldom(OutboxMessage.state == "claimed"), OutboxMessage.lease_until <= now)
    statement = _select_listed().where(or_(waiting, lost)).order_by(OutboxMessage.attempt_at).limit(limit)
    if site_ids is not None:
        statement = statement.where(OutboxMessage.site_id.in_(list(site_ids)))
    return [ListedMessage(*row) for row in session.execute(statement)]


def count_by_state(session: Session, *, study_id: int, since: datetime, until: datetime) -> dict[str, int]:
    """Count a study's messages that were due after `since`, and at `until` at the latest, by state."""
    counted = session.execute(
        select(OutboxMessage.state, func.count(OutboxMessage.id))
        .where(
            OutboxMessage.study_id == study_id, OutboxMessage.due_at > since, OutboxMessage.due_at <= until
        )
        .group_by(OutboxMessage.state)
    )
    return {row[0]: row[1] for row in counted}


def count_unplaced_reports(session: Session, *, since: datetime) -> int:
    """Count what came back since a moment (aware UTC) and is about no message that is known."""
    counted = session.scalar(
        select(func.count(ChannelReport.id)).where(
            ChannelReport.outbox_message_id.is_(None), ChannelReport.received_at >= since
        )
    )
    return counted or 0


def count_ended_messages(
    session: Session, site_id: int, *, from_at: datetime, until_at: datetime
) -> Counter[tuple[str, str]]:
    """Count by channel and state what a site's messages came to from one moment up to another (aware UTC)."""
    statement = (
        select(OutboxMessage.channel, OutboxMessage.state, func.count())
        .where(
            OutboxMessage.participant_id.in_(select_people_ever_at(site_id)),
            OutboxMessage.site_id == site_id,
            OutboxMessage.state.in_(("sent", "unknown", "failed")),
            OutboxMessage.finished_at >= from_at,
            OutboxMessage.finished_at < until_at,
        )
        .group_by(OutboxMessage.channel, OutboxMessage.state)
    )
    return Counter({(channel, state): number for channel, state, number in session.execute(statement)})


def _select_listed() -> Select[OutboxMessage, str, str, str | None]:
    """Select messages with the codes of what they belong to."""
    return (
        select(OutboxMessage, Participant.participant_code, Site.site_code, PlannedVisit.visit_code)
        .join(Participant, Participant.id == OutboxMessage.participant_id)
        .join(Site, Site.id == OutboxMessage.site_id)
        .outerjoin(PlannedVisit, PlannedVisit.id == OutboxMessage.planned_visit_id)
    )
