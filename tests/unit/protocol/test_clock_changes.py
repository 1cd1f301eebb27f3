"""Windows over the changes of the clocks: both of 2026 and 2027 in Paris, and a year in each zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pro_app.protocol.events import Facts
from pro_app.protocol.find import load_protocol
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.schedule import plan_visits
from pro_app.protocol.windows import civil_window, start_of_day

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)

CHANGES_IN_PARIS = [
    (date(2026, 3, 29), -HOUR),
    (date(2026, 10, 25), HOUR),
    (date(2027, 3, 28), -HOUR),
    (date(2027, 10, 31), HOUR),
]

ZONES = sorted(
    {zone for code in ("reluth", "example-cycles", "example-surgery") for zone in load_protocol(code).zones}
)
YEAR = [date(2026, 12, 31) + number * DAY for number in range(367)]


@pytest.mark.parametrize(("changes_on", "longer"), CHANGES_IN_PARIS)
def test_each_window_over_a_change_has_its_days_and_is_an_hour_shorter_or_longer(
    changes_on: date, longer: timedelta
) -> None:
    for days_before in range(32):
        for days in range(1, 64):
            opens_on = changes_on - days_before * DAY
            closes_on = opens_on + (days - 1) * DAY
            window = civil_window(opens_on, closes_on, "Europe/Paris")
            assert window.closes_at is not None
            length = window.closes_at - window.opens_at
            assert length == days * DAY + (longer if closes_on >= changes_on else timedelta())


@pytest.mark.parametrize(("changes_on", "longer"), CHANGES_IN_PARIS)
def test_the_day_of_the_change_is_in_the_window_from_its_first_to_its_last_second(
    changes_on: date, longer: timedelta
) -> None:
    paris = ZoneInfo("Europe/Paris")
    window = civil_window(changes_on, changes_on, "Europe/Paris")
    assert window.closes_at is not None
    minutes = [window.opens_at + number * timedelta(minutes=1) for number in range(-90, 26 * 60)]
    for at in minutes:
        assert window.is_open(at) == (at.astimezone(paris).date() == changes_on)
    assert sum(map(window.is_open, minutes)) == (DAY + longer) / timedelta(minutes=1)


@pytest.mark.parametrize(("changes_on", "longer"), CHANGES_IN_PARIS)
def test_the_hour_that_is_skipped_or_comes_twice_belongs_to_its_day(
    changes_on: date, longer: timedelta
) -> None:
    jump_at = datetime(changes_on.year, changes_on.month, changes_on.day, 1, tzinfo=UTC)
    window = civil_window(changes_on, changes_on, "Europe/Paris")
    assert all(window.is_open(jump_at + shift) for shift in (-HOUR, -SECOND, timedelta(), SECOND, HOUR))
    paris = ZoneInfo("Europe/Paris")
    offsets = [(jump_at + shift).astimezone(paris).utcoffset() for shift in (-SECOND, timedelta())]
    assert offsets == [2 * HOUR, HOUR] if longer > timedelta() else [HOUR, 2 * HOUR]


@pytest.mark.parametrize("zone", ZONES)
def test_every_day_of_a_year_opens_at_midnight_there_and_leaves_no_gap(zone: str) -> None:
    local = ZoneInfo(zone)
    for day in YEAR:
        window = civil_window(day, day, zone)
        assert window.closes_at is not None
        assert window.closes_at == civil_window(day + DAY, day + DAY, zone).opens_at
        opens_there = window.opens_at.astimezone(local)
        assert (opens_there.date(), opens_there.hour, opens_there.minute) == (day, 0, 0)
        assert (window.opens_at - SECOND).astimezone(local).date() == day - DAY
        assert window.closes_at - window.opens_at in {DAY, DAY - HOUR, DAY + HOUR}


@pytest.mark.parametrize("zone", ZONES)
def test_a_year_of_windows_in_a_zone_is_a_year(zone: str) -> None:
    first, last = start_of_day(date(2027, 1, 1), zone), start_of_day(date(2028, 1, 1), zone)
    assert last - first == 365 * DAY
    changes = sum(start_of_day(day + DAY, zone) - start_of_day(day, zone) != DAY for day in YEAR)
    assert changes == (2 if zone in {"Europe/Paris", "America/Miquelon"} else 0)


@pytest.mark.parametrize("zone", ["Africa/Cairo", "America/Santiago", "Asia/Beirut"])
def test_where_midnight_is_skipped_the_day_opens_when_the_clocks_jump_and_leaves_no_gap(zone: str) -> None:
    local = ZoneInfo(zone)
    skipped = 0
    for day in YEAR:
        opens_at = start_of_day(day, zone)
        there = opens_at.astimezone(local)
        assert there.date() == day
        assert (opens_at - SECOND).astimezone(local).date() == day - DAY
        skipped += there.hour != 0
    assert skipped == 1


@pytest.mark.parametrize("zone", ZONES)
def test_the_windows_of_a_whole_plan_hold_exactly_their_civil_days(reluth: Protocol, zone: str) -> None:
    local = ZoneInfo(zone)
    for started_on in (date(2026, 2, 2), date(2026, 9, 7)):
        plan = plan_visits(
            reluth, Facts(enrolled_on=started_on, arm="SURVEILLANCE", randomised_on=started_on)
        )
        for visit in plan:
            window = civil_window(visit.opens_on, visit.closes_on, zone)
            assert window.closes_at is not None
            assert visit.closes_on is not None
            assert window.opens_at.astimezone(local).date() == visit.opens_on
            assert (window.closes_at - SECOND).astimezone(local).date() == visit.closes_on
            days = (visit.closes_on - visit.opens_on).days + 1
            assert abs((window.closes_at - window.opens_at) - days * DAY) <= HOUR
