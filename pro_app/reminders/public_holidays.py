"""Public holidays of a country and of the part of it that a time zone names (pure; computed once a year).

Source: the library `holidays`, which follows the laws of each country; the parts of France that lie overseas
have days of their own (the abolition of slavery among others).
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from holidays import country_holidays

SUBDIVISION_OF_ZONE: Mapping[tuple[str, str], str] = {
    ("FR", "America/Guadeloupe"): "971",
    ("FR", "America/Martinique"): "972",
    ("FR", "America/Cayenne"): "973",
    ("FR", "Indian/Reunion"): "974",
    ("FR", "Indian/Mayotte"): "976",
    ("FR", "America/Miquelon"): "PM",
    ("FR", "Pacific/Noumea"): "NC",
    ("FR", "Pacific/Tahiti"): "PF",
    ("FR", "Pacific/Wallis"): "WF",
}
"""The library's code of the part of a country whose holidays hold in a zone; elsewhere those of the whole."""


def is_public_holiday(day: date, *, country: str, zone: str) -> bool:
    """Say whether a civil day is a public holiday for people of `country` (ISO 3166) who live in `zone`.

    Raises NotImplementedError for a country that the library does not know.
    """
    return day in list_public_holidays(day.year, country=country, zone=zone)


@lru_cache(maxsize=1024)
def list_public_holidays(year: int, *, country: str, zone: str) -> frozenset[date]:
    """List the public holidays of one year."""
    subdivision = SUBDIVISION_OF_ZONE.get((country, zone))
    return frozenset(country_holidays(country, subdiv=subdivision, years=year))
