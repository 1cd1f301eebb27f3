"""A calendar before and after in words, as the component `calendar_change` shows it on every face."""

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext, lazy_gettext

from pro_app.protocol.schedule import PlannedVisit
from pro_app.services.plan_previews.model import CalendarRow, VisitDays
from pro_app.web.dates import period

BECOMES = {
    "kept": lazy_gettext("No change"),
    "moved": lazy_gettext("New dates"),
    "added": lazy_gettext("Added"),
    "cancelled": lazy_gettext("Removed"),
    "unscheduled": lazy_gettext("Answers kept apart"),
    "readmitted": lazy_gettext("Answers brought back"),
    "not_required": lazy_gettext("No longer asked for"),
    "closed": lazy_gettext("Closed"),
    "required": lazy_gettext("Asked for again"),
    "confirmed": lazy_gettext("Dates confirmed"),
    "provisional": lazy_gettext("Dates provisional"),
    "renewed": lazy_gettext("Same days, other rules"),
    "past": lazy_gettext("Already past, not asked"),
}
"""What becomes of a visit, by the codes of event previews and of amendments."""
ANSWERED = {"started": lazy_gettext("begun"), "sent": lazy_gettext("received")}


def list_calendar_entries(rows: Iterable[CalendarRow]) -> list[dict[str, Any]]:
    """Give the rows of a preview as the component wants them."""
    return [
        make_calendar_entry(row.label, row.becomes, before=row.before, after=row.after, remark=_remark(row))
        for row in rows
    ]


def make_calendar_entry(
    label: str,
    becomes: str,
    *,
    before: VisitDays | PlannedVisit | None,
    after: VisitDays | PlannedVisit | None,
    remark: str = "",
) -> dict[str, Any]:
    """Give one row as the component wants it; `becomes` is a code of BECOMES."""
    return {
        "label": label,
        "becomes": str(BECOMES[becomes]),
        "before": _days(before),
        "after": _days(after),
        "remark": remark,
        "changed": becomes != "kept",
    }


def _days(days: VisitDays | PlannedVisit | None) -> str:
    if days is None:
        return "–"
    words = period(days.opens_on, days.closes_on)
    return f"{words} {gettext('(provisional)')}" if days.provisional else words


def _remark(row: CalendarRow) -> str:
    said = [str(ANSWERED[row.answered])] if row.answered in ANSWERED else []
    said += [row.reason] if row.reason else []
    return ", ".join(said)
