"""Dates, periods and moments as members of staff read them, on every face."""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_interval
from flask_babel import format_date, format_datetime, get_locale, gettext


def day(value: date | None) -> str:
    """Write a date in short: `14 mars 2027`; a dash where there is none."""
    return str(format_date(value, "d MMM y")) if value else "–"


def full_day(value: date | None) -> str:
    """Write a date in full: `dimanche 14 mars 2027`."""
    return str(format_date(value, "full")) if value else "–"


def period(opens_on: date | None, closes_on: date | None) -> str:
    """Write a window, both ends included: `1–29 mars 2027`; one without an end yet says so."""
    if opens_on is None:
        return "–"
    if closes_on is None:
        return str(gettext("from %(date)s", date=day(opens_on)))
    return _write_interval(opens_on, closes_on, str(get_locale()))


# The map of all questionnaires writes a thousand of them, nearly all the same the next time.
@lru_cache(maxsize=8192)
def _write_interval(opens_on: date, closes_on: date, locale: str) -> str:
    return str(format_interval(opens_on, closes_on, "yMMMd", locale=locale))


def moment(value: datetime | None, zone: str) -> str:
    """Write a moment as people in `zone` read it: `14 mars 2027, 10:05`."""
    if value is None:
        return "–"
    return str(format_datetime(value.astimezone(ZoneInfo(zone)), "d MMM y, HH:mm", rebase=False))
