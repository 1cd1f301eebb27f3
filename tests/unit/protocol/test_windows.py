from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pro_app.protocol.protocol import Protocol
from pro_app.protocol.windows import civil_window, start_of_day

SECOND = timedelta(seconds=1)
FRENCH_ZONES = (
    "Europe/Paris",
    "Indian/Reunion",
    "Indian/Mayotte",
    "America/Guadeloupe",
    "America/Martinique",
    "America/Cayenne",
    "America/Miquelon",
    "Pacific/Noumea",
    "Pacific/Tahiti",
)


@pytest.mark.parametrize(
    ("zone", "opens_on", "closes_on", "opens_at", "closes_at"),
    [
        # Over the spring change (29 March 2026) and the autumn change (25 October 2026) in Paris.
        ("Europe/Paris", "2026-03-29", "2026-03-29", "2026-03-28T23:00", "2026-03-29T22:00"),
        ("Europe/Paris", "2026-10-25", "2026-10-25", "2026-10-24T22:00", "2026-10-25T23:00"),
        ("Europe/Paris", "2026-03-22", "2026-04-05", "2026-03-21T23:00", "2026-04-05T22:00"),
        ("Indian/Reunion", "2026-03-29", "2026-03-29", "2026-03-28T20:00", "2026-03-29T20:00"),
        ("America/Martinique", "2026-10-25", "2026-10-25", "2026-10-25T04:00", "2026-10-26T04:00"),
        ("America/Miquelon", "2026-03-08", "2026-03-08", "2026-03-08T03:00", "2026-03-09T02:00"),
        ("Pacific/Noumea", "2026-01-01", "2026-01-01", "2025-12-31T13:00", "2026-01-01T13:00"),
        ("Pacific/Tahiti", "2026-12-31", "2026-12-31", "2026-12-31T10:00", "2027-01-01T10:00"),
    ],
)
def test_a_window_opens_at_midnight_and_closes_at_midnight_there(  # noqa: PLR0917  (one table of cases)
    zone: str, opens_on: str, closes_on: str, opens_at: str, closes_at: str
) -> None:
    window = civil_window(date.fromisoformat(opens_on), date.fromisoformat(closes_on), zone)
    assert window.opens_at == datetime.fromisoformat(opens_at).replace(tzinfo=UTC)
    assert window.closes_at == datetime.fromisoformat(closes_at).replace(tzinfo=UTC)


def test_a_window_is_open_from_its_first_second_to_its_last() -> None:
    window = civil_window(date(2026, 3, 22), date(2026, 4, 5), "Europe/Paris")
    opens_at, closes_at = datetime(2026, 3, 21, 23, tzinfo=UTC), datetime(2026, 4, 5, 22, tzinfo=UTC)
    moments = (opens_at - SECOND, opens_at, closes_at - SECOND, closes_at)
    assert [window.is_open(at) for at in moments] == [False, True, True, False]
    assert [window.has_closed(at) for at in moments] == [False, False, False, True]


def test_a_window_without_an_end_stays_open() -> None:
    window = civil_window(date(2026, 3, 22), None, "Europe/Paris")
    assert window.is_open(datetime(2126, 1, 1, tzinfo=UTC))
    assert not window.has_closed(datetime(2126, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("zone", FRENCH_ZONES)
def test_the_day_changes_exactly_at_its_start_on_every_day_of_eleven_years(zone: str) -> None:
    local = ZoneInfo(zone)
    for ordinal in range(date(2021, 1, 1).toordinal(), date(2031, 12, 31).toordinal() + 1):
        day = date.fromordinal(ordinal)
        start = start_of_day(day, zone)
        assert start.astimezone(local).date() == day
        assert (start - SECOND).astimezone(local).date() == day - timedelta(days=1)


def test_where_the_clocks_skip_midnight_the_day_starts_when_they_jump() -> None:
    # Cairo went from 23:59:59 on 25 April 2024 to 01:00 on the 26th.
    assert start_of_day(date(2024, 4, 26), "Africa/Cairo") == datetime(2024, 4, 25, 22, tzinfo=UTC)


def test_the_zones_of_the_trial_are_those_of_france(reluth: Protocol) -> None:
    assert set(FRENCH_ZONES) <= set(reluth.zones)
