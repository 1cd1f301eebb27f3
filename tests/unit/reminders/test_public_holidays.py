from datetime import date, timedelta

import pytest
from dateutil.easter import easter

from pro_app.reminders.public_holidays import SUBDIVISION_OF_ZONE, is_public_holiday, list_public_holidays

FIXED = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
AFTER_EASTER = (1, 39, 50)
"""Easter Monday, Ascension and Whit Monday."""
OVERSEAS = {
    "America/Guadeloupe": {(5, 27), (7, 21)},
    "America/Martinique": {(5, 22), (7, 21)},
    "America/Cayenne": {(6, 10)},
    "Indian/Reunion": {(12, 20)},
    "Indian/Mayotte": {(4, 27)},
    "Pacific/Noumea": {(9, 24)},
    "Pacific/Wallis": {(4, 28), (6, 29), (7, 29)},
    "America/Miquelon": set(),
    "Europe/Paris": set(),
}


def eleven_days_of(year: int) -> set[date]:
    """Give the holidays of the French labour code by the tables of another library."""
    moving = {easter(year) + timedelta(days=days) for days in AFTER_EASTER}
    return moving | {date(year, month, day) for month, day in FIXED}


@pytest.mark.parametrize("year", range(2021, 2033))
def test_the_eleven_days_of_the_whole_country_are_kept_each_year(year: int) -> None:
    assert list_public_holidays(year, country="FR", zone="Europe/Paris") == eleven_days_of(year)


@pytest.mark.parametrize("zone", sorted(OVERSEAS))
@pytest.mark.parametrize("year", [2026, 2031])
def test_overseas_the_days_of_the_place_are_kept_too(zone: str, year: int) -> None:
    kept = list_public_holidays(year, country="FR", zone=zone)
    own = {date(year, month, day) for month, day in OVERSEAS[zone]}
    assert eleven_days_of(year) | own <= kept
    if not own:
        assert kept == eleven_days_of(year)


def test_every_part_of_the_country_is_known_to_the_library() -> None:
    for country, zone in SUBDIVISION_OF_ZONE:
        assert is_public_holiday(date(2027, 7, 14), country=country, zone=zone)


def test_a_country_that_the_library_does_not_know_is_an_error_and_no_silence() -> None:
    with pytest.raises(NotImplementedError):
        is_public_holiday(date(2027, 7, 14), country="XX", zone="Europe/Paris")
