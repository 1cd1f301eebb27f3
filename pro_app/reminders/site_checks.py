"""What a site recorded about its checks of vital status and contacts, for which an invitation waits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from pro_app.clock import civil_date
from pro_app.reminders.policy import VisitSituation
from pro_app.reminders.site_tasks import CHECK_COUNTS_DAYS_EARLIER
from pro_app.reminders.task_outcomes import list_settling_outcomes
from pro_app.storage.tables.site_tasks import SiteTaskRecord


@dataclass(frozen=True, slots=True)
class SiteCheck:
    """What a site recorded about the check that stands before one visit; the newest one counts."""

    task_code: str
    visit_code: str
    outcome: str
    recorded_at: datetime


_RECORDS_OF_ONE = (
    select(SiteTaskRecord)
    .where(SiteTaskRecord.participant_id == bindparam("participant_id"))
    .order_by(SiteTaskRecord.recorded_at, SiteTaskRecord.id)
)


def list_site_checks(session: Session, participant_id: int) -> tuple[SiteCheck, ...]:
    """List what was recorded about a participant's tasks, in the order of recording."""
    rows = session.scalars(_RECORDS_OF_ONE, {"participant_id": participant_id})
    return tuple(_read_check(row) for row in rows)


def is_checked(visit: VisitSituation, checks: Iterable[SiteCheck]) -> bool:
    """Say whether the site has settled the check before this visit, not too long before its window."""
    task = visit.site_check
    if task is None:
        return False
    about = [
        check for check in checks if (check.task_code, check.visit_code) == (task.code, visit.visit_code)
    ]
    newest = max(about, key=lambda check: check.recorded_at, default=None)
    if newest is None or newest.outcome not in list_settling_outcomes(task.code):
        return False
    counts_from = visit.opens_on - timedelta(days=task.days_before_opening + CHECK_COUNTS_DAYS_EARLIER)
    return civil_date(newest.recorded_at, visit.zone) >= counts_from


def _read_check(row: SiteTaskRecord) -> SiteCheck:
    task_code, _, about = row.task_key.partition(f":{row.participant_id}:")
    return SiteCheck(task_code, about, row.outcome, row.recorded_at)
