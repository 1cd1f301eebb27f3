"""Until when the site may reopen a visit whose window has closed."""

from collections.abc import Sequence
from datetime import date, timedelta

from pro_app.protocol.protocol import Protocol
from pro_app.protocol.schedule import PlannedVisit


def find_reopening_limit(protocol: Protocol, plan: Sequence[PlannedVisit], visit_code: str) -> date | None:
    """Find the last day on which a closed visit may be answered after the site reopened it.

    That is the day before the next window of the plan opens; None if the visit may never be reopened,
    is not in the plan, or nothing is left between the two windows.
    """
    rule = protocol.find_visit(visit_code)
    visit = next((planned for planned in plan if planned.visit_code == visit_code), None)
    if rule is None or visit is None or not rule.may_reopen or visit.closes_on is None:
        return None
    closes_on = visit.closes_on
    later = [planned.opens_on for planned in plan if planned.opens_on > visit.opens_on]
    if not later:
        return closes_on + timedelta(days=protocol.reopening.last_visit_days)
    limit_on = min(later) - timedelta(days=1)
    return limit_on if limit_on > closes_on else None
