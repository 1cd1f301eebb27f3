"""The name of a time zone as people know it."""

from babel.dates import get_timezone_location
from flask_babel import get_locale


def zone_name(zone: str) -> str:
    """Name a time zone by its city or island in the language of the page: `Nouméa`, `La Réunion` (CLDR)."""
    return str(get_timezone_location(zone, locale=get_locale(), return_city=True))
