"""Moments as text, the same in every file of a dataset."""

from datetime import UTC, datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def render_time(at: datetime) -> str:
    """Write a moment in UTC, to the millisecond: 2026-03-02T09:00:00.000Z."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def name_month(at: datetime) -> str:
    """Give the month of a moment as statistics packages write it, in English whatever the locale."""
    return _MONTHS[at.astimezone(UTC).month - 1]
