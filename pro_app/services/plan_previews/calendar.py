"""The calendar before and after, visit by visit, from what the planner changes."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from pro_app.protocol.protocol import UNSCHEDULED, Protocol
from pro_app.protocol.replan import PlanChange
from pro_app.protocol.schedule import PlannedVisit
from pro_app.services.plan_previews.model import Answered, Becoming, CalendarRow, VisitDays
from pro_app.storage.queries.assessments import AssessmentRecord


def list_calendar_rows(
    changes: Iterable[PlanChange],
    records: Sequence[AssessmentRecord],
    *,
    protocol: Protocol,
    language: str,
) -> tuple[CalendarRow, ...]:
    """Give a row for each change of the plan, kept visits included, in the order of the days.

    `records` are the participant's assessments as they stand.
    """
    rows = list(_list_rows(changes, records, protocol=protocol, language=language))
    return tuple(sorted(rows, key=_place))


def find_knowing_version(
    protocol: Protocol, records: Iterable[AssessmentRecord], visit_code: str
) -> Protocol:
    """Find the version that has words for a visit: the one that holds, else that of the visit's own record.

    An answered visit outlives a version that drops it.
    """
    own = next((record.protocol for record in records if record.planned_code == visit_code), protocol)
    return protocol if protocol.find_visit(visit_code) is not None else own


def _list_rows(
    changes: Iterable[PlanChange],
    records: Sequence[AssessmentRecord],
    *,
    protocol: Protocol,
    language: str,
) -> Iterator[CalendarRow]:
    standing = {record.visit_code: record for record in records if record.visit_code != UNSCHEDULED}
    unscheduled = {record.ordinal: record for record in records if record.visit_code == UNSCHEDULED}
    for change in changes:
        record = unscheduled.get(change.unscheduled) or standing.get(change.visit_code)
        if change.action == "unschedule":
            # What is planned again in its place begins empty.
            standing.pop(change.visit_code, None)
        reason_code = change.reason_code or (change.after.reason if change.after else None)
        knowing = protocol if protocol.find_visit(change.visit_code) or record is None else record.protocol
        yield CalendarRow(
            visit_code=change.visit_code,
            label=knowing.visit_label(change.visit_code, language),
            becomes=_name(change, protocol),
            before=_days(change.before),
            after=None if change.action in {"cancel", "unschedule"} else _days(change.after),
            reason_code=reason_code,
            reason=knowing.reason_label(reason_code, language) if reason_code else None,
            answered=_tell_answered(record),
        )


def _name(change: PlanChange, protocol: Protocol) -> Becoming:
    """Name what becomes of a visit."""
    named: dict[str, Becoming] = {
        "keep": "kept",
        "add": "added",
        "cancel": "cancelled",
        "unschedule": "unscheduled",
        "readmit": "readmitted",
    }
    before, after = change.before, change.after
    if change.action in named or before is None or after is None:
        return named.get(change.action, "renewed")
    standing = _name_standing(before, after, protocol)
    if standing is not None:
        return standing
    if _window(before) != _window(after):
        return "moved"
    if before.provisional != after.provisional:
        return "provisional" if after.provisional else "confirmed"
    return "renewed"


def _name_standing(before: PlannedVisit, after: PlannedVisit, protocol: Protocol) -> Becoming | None:
    """Name what leaving, or coming back, makes of a visit; None if it makes nothing of it."""
    if before.expected != after.expected:
        return "required" if after.expected else "not_required"
    was_closed = before.reason in protocol.closing_reasons
    is_closed = after.reason in protocol.closing_reasons
    if was_closed != is_closed:
        return "closed" if is_closed else "required"
    return None


def _window(visit: PlannedVisit) -> tuple[date | None, ...]:
    return visit.opens_on, visit.target_on, visit.closes_on


def _days(visit: PlannedVisit | None) -> VisitDays | None:
    if visit is None:
        return None
    return VisitDays(visit.opens_on, visit.target_on, visit.closes_on, visit.provisional)


def _tell_answered(record: AssessmentRecord | None) -> Answered:
    if record is None or record.started_at is None:
        return "sent" if record is not None and record.submitted_at is not None else "no"
    return "started" if record.submitted_at is None else "sent"


def _place(row: CalendarRow) -> tuple[date, str]:
    days = row.after or row.before
    return (days.target_on or days.opens_on if days else date.max), row.visit_code
