"""Counting what a site did in a span of time, and what it will be asked for in another one."""

from collections import Counter
from datetime import date, datetime

from sqlalchemy import Select, func, select, union
from sqlalchemy.orm import Session

from pro_app.storage.queries.form_standings import CountingRules
from pro_app.storage.tables.assessments import PlannedVisit
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.site_tasks import SiteTaskRecord
from pro_app.storage.tables.transfers import SiteTransfer


def count_task_records(
    session: Session, site_id: int, *, from_at: datetime, until_at: datetime
) -> Counter[tuple[str, str]]:
    """Count by kind of task and outcome what a site recorded from one moment up to another (aware UTC)."""
    statement = select(SiteTaskRecord.task_key, SiteTaskRecord.outcome).where(
        SiteTaskRecord.participant_id.in_(select_people_ever_at(site_id)),
        SiteTaskRecord.site_id == site_id,
        SiteTaskRecord.recorded_at >= from_at,
        SiteTaskRecord.recorded_at < until_at,
    )
    return Counter((key.partition(":")[0], outcome) for key, outcome in session.execute(statement))


def count_opening_forms(
    session: Session, site_id: int, *, from_on: date, until_on: date, rules: CountingRules
) -> dict[str, int]:
    """Count by visit the expected forms whose window opens from one day to another, both included."""
    statement = (
        select(PlannedVisit.visit_code, func.count())
        .join(Participant, Participant.id == PlannedVisit.participant_id)
        .where(
            Participant.site_id == site_id,
            PlannedVisit.replaced_at.is_(None),
            PlannedVisit.expected,
            PlannedVisit.opens_on.between(from_on, until_on),
            func.coalesce(PlannedVisit.reason_code, "").not_in(sorted(rules.closing_reasons)),
        )
        .group_by(PlannedVisit.visit_code)
    )
    return {row[0]: row[1] for row in session.execute(statement)}


def select_people_ever_at(site_id: int) -> Select[int]:
    """Select those who are at a site, and those who left it for another: what was done stays its own."""
    # Neither table knows its rows by the site, both do by the participant: so nothing grows with the trial.
    here = select(Participant.id).where(Participant.site_id == site_id)
    gone = select(SiteTransfer.participant_id).where(SiteTransfer.from_site_id == site_id)
    return select(union(here, gone).subquery().c[0])
