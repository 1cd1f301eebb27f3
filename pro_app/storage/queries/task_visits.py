"""Reading visits for the list of tasks: those that wait, those that were missed, how far those begun got."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from pro_app.protocol.protocol import UNSCHEDULED
from pro_app.protocol.windows import civil_window, start_of_day
from pro_app.storage.queries.site_tasks import ASKED_ABOUT_AT_ONCE, TaskScope, run_within
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.responses import Response
from pro_app.storage.tables.sites import Site

A_DAY = timedelta(days=1)
"""As much as the civil date of a zone may differ from that in UTC."""


class WaitingVisit(NamedTuple):
    """One visit that was not sent, that the plan has not closed and of which nobody said it stays out."""

    participant_id: int
    assessment_id: int
    visit_code: str
    revision: int
    opens_on: date
    target_on: date | None
    closes_on: date | None
    zone: str
    protocol_sha256: str
    started_at: datetime | None


class MissedVisitRow(NamedTuple):
    """One visit whose window closed without a form that was sent; days are civil dates in its own zone."""

    participant_id: int
    assessment_id: int
    visit_code: str
    closed_on: date
    is_explained: bool
    site_live_on: date | None


_OF_PLAN = (
    PlannedVisit.replaced_at.is_(None),
    PlannedVisit.expected,
    PlannedVisit.reason_code.is_(None),
    Assessment.submitted_at.is_(None),
    Assessment.ordinal == 0,
    Assessment.visit_code != UNSCHEDULED,
)
_WAITING = (
    select(
        PlannedVisit.participant_id,
        Assessment.id,
        PlannedVisit.visit_code,
        PlannedVisit.revision,
        PlannedVisit.opens_on,
        PlannedVisit.target_on,
        PlannedVisit.closes_on,
        PlannedVisit.zone,
        PlannedVisit.protocol_sha256,
        Assessment.started_at,
    )
    .join(Assessment, Assessment.planned_visit_id == PlannedVisit.id)
    .join(Participant, Participant.id == PlannedVisit.participant_id)
    .where(
        *_OF_PLAN,
        Assessment.not_done_reason.is_(None),
        PlannedVisit.opens_on <= bindparam("opened_by"),
        or_(PlannedVisit.closes_on.is_(None), PlannedVisit.closes_on >= bindparam("closing_from")),
    )
    .order_by(PlannedVisit.opens_on, PlannedVisit.id)
)
_CLOSED = (
    select(
        PlannedVisit.participant_id,
        Assessment.id,
        PlannedVisit.visit_code,
        PlannedVisit.opens_on,
        PlannedVisit.closes_on,
        PlannedVisit.zone,
        Assessment.reopened_until,
        Assessment.not_done_reason,
        Site.goes_live_on,
    )
    .join(Assessment, Assessment.planned_visit_id == PlannedVisit.id)
    .join(Participant, Participant.id == PlannedVisit.participant_id)
    .join(Site, Site.id == Participant.site_id)
    .where(*_OF_PLAN, PlannedVisit.closes_on <= bindparam("closed_by"))
    .order_by(PlannedVisit.closes_on, PlannedVisit.id)
)
_CLOSED_OF = _CLOSED.where(PlannedVisit.participant_id.in_(bindparam("participant_ids", expanding=True)))
_UNEXPLAINED = _CLOSED.where(
    PlannedVisit.closes_on >= bindparam("closed_from"),
    Assessment.not_done_reason.is_(None),
    or_(Site.goes_live_on.is_(None), PlannedVisit.closes_on >= Site.goes_live_on),
)
_PASSED = (
    select(Response.assessment_id, func.count(Answer.id))
    .join(Answer, Answer.response_id == Response.id)
    .where(
        Response.assessment_id.in_(bindparam("assessment_ids", expanding=True)),
        Answer.superseded_at.is_(None),
    )
    .group_by(Response.assessment_id)
)


def list_waiting_visits(
    session: Session, scope: TaskScope, *, opened_by: date, closing_from: date
) -> list[WaitingVisit]:
    """List the current visits that were not sent, open by one day and do not close before another."""
    rows = run_within(session, _WAITING, scope, opened_by=opened_by, closing_from=closing_from)
    return [WaitingVisit(*row) for row in rows]


def list_unexplained_visits(
    session: Session, scope: TaskScope, *, closed_from: date, now: datetime
) -> list[MissedVisitRow]:
    """List the missed visits of live sites that nobody has given a reason for, closed since a day."""
    days = {"closed_from": closed_from, "closed_by": now.date() + A_DAY}
    return list(_list_closed(run_within(session, _UNEXPLAINED, scope, **days), now=now))


def list_missed_visits(
    session: Session, participant_ids: Iterable[int], *, now: datetime
) -> list[MissedVisitRow]:
    """List the visits that some people were to answer and that are missing at `now`, by the day they closed.

    Those that the plan itself closed are none, nor those whose period the site has opened again.
    """
    rows: list[MissedVisitRow] = []
    for part in _divide(participant_ids):
        said = {"participant_ids": part, "closed_by": now.date() + A_DAY}
        rows += _list_closed(session.execute(_CLOSED_OF, said), now=now)
    return rows


def count_passed_questions(session: Session, assessment_ids: Iterable[int]) -> dict[int, int]:
    """Count the questions of unsent forms that were answered or passed over; what was said stays unread."""
    return {
        row[0]: row[1]
        for part in _divide(assessment_ids)
        for row in session.execute(_PASSED, {"assessment_ids": part})
    }


def _list_closed(rows: Iterable[Any], *, now: datetime) -> Iterator[MissedVisitRow]:
    """Leave out what is still open in its own zone, and what was opened again."""
    # Earlier days are over in every zone, and most rows are earlier.
    doubtful_from = now.date() - A_DAY
    for person, form, code, opens_on, closes_on, zone, reopened_until, reason, live_on in rows:
        is_closed = closes_on < doubtful_from or civil_window(opens_on, closes_on, zone).has_closed(now)
        if is_closed and (reopened_until is None or now >= start_of_day(reopened_until + A_DAY, zone)):
            yield MissedVisitRow(person, form, code, closes_on, reason is not None, live_on)


def _divide(keys: Iterable[int]) -> Iterator[list[int]]:
    """Divide many keys into parts, since a database takes only so many values at once."""
    wanted = sorted(keys)
    for start in range(0, len(wanted), ASKED_ABOUT_AT_ONCE):
        yield wanted[start : start + ASKED_ABOUT_AT_ONCE]
