from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_app.reminders.sending_hours import (
    SendingHours,
    find_allowed_moment,
    find_chosen_moment,
    find_end_of_hours,
)

ZONES = (
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


def hours_in(
    zone: str = "Europe/Paris", *, hour: int = 10, sundays: bool = False, holidays_of: str | None = None
) -> SendingHours:
    return SendingHours(zone, hour, 20, quiet_until_hour=8, sundays=sundays, holidays_of=holidays_of)


@pytest.mark.parametrize(
    ("day", "utc_hour"),
    [
        (date(2026, 3, 28), 9),  # the day before the clocks go forward
        (date(2026, 3, 29), 8),
        (date(2026, 10, 24), 8),  # the day before they go back
        (date(2026, 10, 25), 9),
        (date(2027, 3, 27), 9),
        (date(2027, 3, 28), 8),
        (date(2027, 10, 30), 8),
        (date(2027, 10, 31), 9),
    ],
)
def test_the_chosen_hour_stays_that_of_the_wall_clock_when_the_clocks_change(
    day: date, utc_hour: int
) -> None:
    assert find_chosen_moment(day, hours_in(sundays=True)) == datetime(
        day.year, day.month, day.day, utc_hour, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Indian/Reunion", datetime(2026, 3, 3, 6, tzinfo=UTC)),
        ("Indian/Mayotte", datetime(2026, 3, 3, 7, tzinfo=UTC)),
        ("America/Martinique", datetime(2026, 3, 3, 14, tzinfo=UTC)),
        ("America/Cayenne", datetime(2026, 3, 3, 13, tzinfo=UTC)),
        ("America/Miquelon", datetime(2026, 3, 3, 13, tzinfo=UTC)),
        ("Pacific/Noumea", datetime(2026, 3, 2, 23, tzinfo=UTC)),
        ("Pacific/Tahiti", datetime(2026, 3, 3, 20, tzinfo=UTC)),
    ],
)
def test_the_chosen_hour_is_that_of_the_participants_own_zone(zone: str, expected: datetime) -> None:
    assert find_chosen_moment(date(2026, 3, 3), hours_in(zone)) == expected


def test_a_sunday_waits_for_the_chosen_hour_of_monday() -> None:
    sunday = date(2026, 3, 8)
    assert find_chosen_moment(sunday, hours_in(hour=18)) == datetime(2026, 3, 9, 17, tzinfo=UTC)
    assert find_chosen_moment(sunday, hours_in(sundays=True)) == datetime(2026, 3, 8, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("earliest", "allowed"),
    [
        ("2026-03-03T06:59:59", "2026-03-03T07:00:00"),  # 7:59:59 in Paris waits for 8:00
        ("2026-03-03T07:00:00", "2026-03-03T07:00:00"),
        ("2026-03-03T18:59:59", "2026-03-03T18:59:59"),
        ("2026-03-03T19:00:00", "2026-03-04T07:00:00"),  # 20:00 in Paris waits for the morning
        ("2026-03-07T19:00:00", "2026-03-09T07:00:00"),  # Saturday evening waits for Monday
        ("2026-03-07T23:30:00", "2026-03-09T07:00:00"),  # Sunday in Paris, still Saturday in UTC
        ("2026-03-28T22:30:00", "2026-03-30T06:00:00"),  # over the night in which the clocks go forward
    ],
)
def test_the_quiet_hours_end_and_begin_to_the_second(earliest: str, allowed: str) -> None:
    at = datetime.fromisoformat(earliest).replace(tzinfo=UTC)
    assert find_allowed_moment(at, hours_in()) == datetime.fromisoformat(allowed).replace(tzinfo=UTC)


@given(
    minutes=st.integers(0, 11 * 366 * 24 * 60),
    zone=st.sampled_from(ZONES),
    sundays=st.booleans(),
)
def test_no_moment_in_any_zone_falls_in_quiet_hours_or_on_a_barred_day(
    minutes: int, zone: str, *, sundays: bool
) -> None:
    earliest = datetime(2021, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    allowed = find_allowed_moment(earliest, hours_in(zone, sundays=sundays))
    local = allowed.astimezone(ZoneInfo(zone))
    assert 8 <= local.hour < 20
    assert sundays or local.isoweekday() != 7
    assert earliest <= allowed < earliest + timedelta(days=2)
    assert find_allowed_moment(allowed, hours_in(zone, sundays=sundays)) == allowed


@pytest.mark.parametrize(
    ("zone", "day", "allowed"),
    [
        ("Europe/Paris", date(2026, 5, 8), "2026-05-09T08:00"),  # Victory Day, a Friday
        ("Europe/Paris", date(2026, 4, 6), "2026-04-07T08:00"),  # Easter Monday
        ("Europe/Paris", date(2026, 12, 25), "2026-12-26T09:00"),
        ("America/Martinique", date(2026, 5, 22), "2026-05-23T14:00"),  # abolition of slavery
        ("America/Guadeloupe", date(2026, 5, 27), "2026-05-28T14:00"),
        ("America/Cayenne", date(2026, 6, 10), "2026-06-11T13:00"),
        ("Indian/Mayotte", date(2026, 4, 27), "2026-04-28T07:00"),
        ("Pacific/Noumea", date(2026, 9, 24), "2026-09-24T23:00"),  # the 25th there
        ("Pacific/Tahiti", date(2026, 11, 20), "2026-11-21T20:00"),
        ("Europe/Paris", date(2026, 5, 22), "2026-05-22T08:00"),  # a holiday in Martinique only
    ],
)
def test_a_public_holiday_waits_for_the_next_day_where_the_person_lives(
    zone: str, day: date, allowed: str
) -> None:
    expected = datetime.fromisoformat(allowed).replace(tzinfo=UTC)
    assert find_chosen_moment(day, hours_in(zone, holidays_of="FR")) == expected


def test_a_holiday_before_a_sunday_waits_for_monday_and_beyond_a_holiday_that_follows() -> None:
    hours = hours_in(holidays_of="FR")
    assert find_chosen_moment(date(2026, 8, 15), hours) == datetime(2026, 8, 17, 8, tzinfo=UTC)
    saturday_evening = datetime(2026, 4, 4, 19, tzinfo=UTC)  # Easter
    assert find_allowed_moment(saturday_evening, hours) == datetime(2026, 4, 7, 6, tzinfo=UTC)


def test_without_a_country_no_public_holiday_is_kept() -> None:
    assert find_chosen_moment(date(2026, 12, 25), hours_in()) == datetime(2026, 12, 25, 9, tzinfo=UTC)


@given(
    earliest_at=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 -- Hypothesis adds the zone
    zone=st.sampled_from(ZONES),
)
def test_the_hours_of_an_allowed_moment_end_at_the_next_quiet_hour(earliest_at: datetime, zone: str) -> None:
    hours = hours_in(zone)
    allowed_at = find_allowed_moment(earliest_at, hours)
    ends_at = find_end_of_hours(allowed_at, hours)
    assert allowed_at < ends_at <= allowed_at + timedelta(hours=12)
    last = ends_at - timedelta(microseconds=1)
    assert find_allowed_moment(last, hours) == last
    assert find_allowed_moment(ends_at, hours) > ends_at
