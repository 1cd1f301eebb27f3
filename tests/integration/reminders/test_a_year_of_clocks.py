"""A worker over both changes of the clocks of two years in Paris, and through a whole year in each zone."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from apscheduler.schedulers.background import BackgroundScheduler
from clinic_world import Clinic
from history_world import is_holiday
from reminders_world import MailServer, list_rows

from pro_app.clock import system_clock
from pro_app.protocol.find import load_protocol
from pro_app.reminders.dispatch import PostOffice, dispatch_due, open_post_office
from pro_app.settings import Settings
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.worker import BackgroundWorker

DAY, LOOK_EVERY = timedelta(days=1), timedelta(minutes=30)
FROM_RANDOMISATION_TO_WEEK_8 = 49 * DAY
HOUR = 10
PARIS = "Europe/Paris"
ZONES = load_protocol("reluth").zones
CHANGES = {
    date(2026, 3, 29): date(2026, 3, 30),
    date(2026, 10, 25): date(2026, 10, 26),
    date(2027, 3, 28): date(2027, 3, 30),
    date(2027, 10, 31): date(2027, 11, 2),
}
"""The Sundays on which the clocks change, and the next day on which messages go out: two of the four are
followed by a public holiday, Easter Monday and All Saints."""

NOT_NEEDED = {"cancelled: submitted", "cancelled: not_started"}
"""Why messages do not go to somebody who sent the first form and then begins none."""


@dataclass(frozen=True)
class Arrival:
    """One message that the server took, and what the clock of the worker showed."""

    address: str
    at: datetime


@dataclass
class Place:
    """The clinic, its post office, and what arrived so far."""

    clinic: Clinic
    office: PostOffice
    server: MailServer

    def enrol(self, code: str, randomised_on: date, *, zone: str = PARIS, hour: int = HOUR) -> int:
        """Enrol somebody who sent the first form, so that week 8 comes next."""
        key = self.clinic.enrol(
            randomised_on - 14 * DAY,
            participant_code=code,
            email=f"{code}@centre.example",
            telephone=None,
            zone=zone,
            reminder_hour=hour,
        )
        self.clinic.answer(key, "BASELINE", randomised_on - 7 * DAY)
        self.clinic.record(key, "randomised", randomised_on, arm="SURVEILLANCE")
        return key

    def look_at(self, moments: Iterator[datetime]) -> list[Arrival]:
        """Let a worker look at each of these moments; gives what arrived, in order."""
        arrivals = []
        for now in moments:
            known = len(self.server.accepted)
            dispatch_due(self.office, clock=lambda now=now: now)  # type: ignore[misc]  # bound at once
            arrivals += [Arrival(str(mail["To"]), now) for mail in self.server.accepted[known:]]
        return arrivals

    def list_due_moments(self, until: datetime) -> Iterator[datetime]:
        """Give each moment at which something is due, as it turns out on the way."""
        last = datetime.min.replace(tzinfo=UTC)
        while True:
            planned = [row.attempt_at for row in list_rows(self.clinic.database) if row.state == "planned"]
            next_at = max(min(planned, default=until), last + timedelta(minutes=1))
            if next_at >= until:
                return
            yield next_at
            last = next_at


@pytest.fixture
def place(clinic: Clinic, office: PostOffice, mail_server: MailServer) -> Place:
    """Give a clinic without anybody."""
    return Place(clinic, office, mail_server)


def half_hours(first: date, last: date) -> Iterator[datetime]:
    """Give every half hour from midnight to midnight, by the clock that never changes."""
    now = datetime.combine(first, time(), UTC)
    while now < datetime.combine(last, time(), UTC):
        yield now
        now += LOOK_EVERY


@pytest.mark.parametrize("changes_on", CHANGES)
def test_over_each_change_of_the_clocks_each_is_invited_once_at_the_chosen_hour_of_that_day(
    place: Place, changes_on: date
) -> None:
    expected = {
        "15-001": changes_on - DAY,
        "15-002": CHANGES[changes_on],
        "15-003": CHANGES[changes_on],
    }
    for number, code in enumerate(expected):
        place.enrol(code, changes_on + (number - 1) * DAY - FROM_RANDOMISATION_TO_WEEK_8)
    arrivals = place.look_at(half_hours(changes_on - 2 * DAY, changes_on + 3 * DAY))
    came_at = {arrival.address.partition("@")[0]: arrival.at for arrival in arrivals}
    assert len(came_at) == len(arrivals) == len(expected)
    for code, day in expected.items():
        assert came_at[code].astimezone(ZoneInfo(PARIS)).replace(tzinfo=None) == datetime.combine(
            day, time(HOUR)
        )
    offsets = {at.astimezone(ZoneInfo(PARIS)).utcoffset() for at in came_at.values()}
    assert len(offsets) == 2  # Otherwise nothing of this was about a change.


def test_through_a_year_in_each_zone_every_message_goes_once_at_the_chosen_hour_there(place: Place) -> None:
    people = {f"15-{number:03}": (zone, 8 + number) for number, zone in enumerate(ZONES)}
    keys = {
        code: place.enrol(code, date(2026, 1, 5) + number * DAY, zone=zone, hour=hour)
        for number, (code, (zone, hour)) in enumerate(people.items())
    }
    until = datetime(2027, 2, 1, tzinfo=UTC)
    arrivals = place.look_at(place.list_due_moments(until))
    for arrival in arrivals:
        zone, hour = people[arrival.address.partition("@")[0]]
        local = arrival.at.astimezone(ZoneInfo(zone))
        assert (local.hour, local.minute) == (hour, 0), arrival
        assert local.isoweekday() <= 6, arrival
        assert not is_holiday(local.date()), arrival
    assert set(Counter((one.address, one.at.date()) for one in arrivals).values()) == {1}
    rows = list_rows(place.clinic.database)
    for code, key in keys.items():
        own = [row for row in rows if row.participant_id == key and row.due_at < until]
        assert {why_not(row) for row in own if row.state != "sent"} == NOT_NEEDED
        sent = [row for row in own if row.state == "sent"]
        assert len(sent) == sum(code in arrival.address for arrival in arrivals) > 15


def why_not(row: OutboxMessage) -> str:
    return f"{row.state}: {row.outcome_reason}"


def test_no_job_of_the_worker_is_skipped_or_doubled_when_the_clocks_change(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduled: list[BackgroundScheduler] = []
    start = BackgroundScheduler.__init__

    def keep(scheduler: BackgroundScheduler, *args: object, **options: object) -> None:
        scheduled.append(scheduler)
        start(scheduler, *args, **options)

    monkeypatch.setattr(BackgroundScheduler, "__init__", keep)
    office = open_post_office(settings)
    BackgroundWorker(office, system_clock, settings=settings)
    office.close()
    (jobs,) = [scheduler.get_jobs() for scheduler in scheduled]
    assert len(jobs) > 5
    for job in jobs:
        for changes_on in CHANGES:
            night = datetime.combine(changes_on, time(), UTC)
            fired = [night]
            while fired[-1] < night + timedelta(hours=3):
                fired.append(job.trigger.get_next_fire_time(fired[-1], fired[-1]))
            between = {later - earlier for earlier, later in pairwise(fired)}
            assert len(between) == 1, job
