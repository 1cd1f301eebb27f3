"""Whatever the window, the zone and the hour: nothing is due when nobody may be reached, nothing vanishes."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.easter import easter
from hypothesis import given
from hypothesis import strategies as st

from pro_app.protocol.rules import Label, ReminderRule, SiteTask
from pro_app.reminders.policy import VisitSituation, find_late_invitation, plan_reminders
from pro_app.reminders.sending_hours import SendingHours, find_allowed_moment

ABOLITION = {
    "America/Guadeloupe": (5, 27),
    "America/Martinique": (5, 22),
    "America/Cayenne": (6, 10),
    "Indian/Reunion": (12, 20),
    "Indian/Mayotte": (4, 27),
}
ZONES = (*ABOLITION, "Europe/Paris", "America/Miquelon", "Pacific/Noumea", "Pacific/Tahiti")
KNOWN_EXACTLY = (
    *("Europe/Paris", "Indian/Reunion", "Indian/Mayotte", "America/Cayenne"),
    *("America/Martinique", "America/Miquelon"),
)
"""Where the rules below name every holiday; elsewhere some more are kept."""
FIXED = frozenset({(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)})
CHECK = SiteTask("check", Label({"fr": "Vérifier"}), ("yearly",), 14, 7)
RULES = (
    ReminderRule("invitation", "invitation", base="opening", days=0, condition="not_submitted"),
    ReminderRule("resume", "reminder", base="opening", days=3, condition="not_finished"),
    ReminderRule("second", "reminder", base="target", days=0, condition="not_submitted"),
    ReminderRule("site-call", "escalation", base="target", days=2, condition="not_submitted"),
    ReminderRule("last-call", "last_call", base="closing", days=-2, condition="not_submitted"),
    ReminderRule("last-day", "last_call", base="closing", days=0, condition="not_submitted"),
)


def is_barred(moment: datetime, zone: str) -> bool:
    """Say whether nobody may be reached, by rules written down a second time."""
    local = moment.astimezone(ZoneInfo(zone))
    day = local.date()
    moving = {easter(day.year) + timedelta(days=days) for days in (1, 39, 50)}
    own = {ABOLITION[zone]} if zone in ABOLITION else set()
    if zone in {"America/Martinique", "America/Guadeloupe"}:
        own.add((7, 21))
    is_holiday = (day.month, day.day) in FIXED | own or day in moving
    return not 8 <= local.hour < 20 or day.isoweekday() == 7 or is_holiday


def half_hours_between(earliest: datetime, latest: datetime) -> Iterator[datetime]:
    """Give a moment of every half hour from the first up to, and without, the last."""
    while earliest < latest:
        yield earliest
        earliest += timedelta(minutes=30)


def hours_in(zone: str, hour: int) -> SendingHours:
    return SendingHours(zone, hour, 20, quiet_until_hour=8, sundays=False, holidays_of="FR")


def a_visit(opens_on: date, *, days: int, zone: str, waits: bool = False) -> VisitSituation:
    return VisitSituation(
        planned_visit_id=1,
        assessment_id=1,
        visit_code="W08",
        revision=1,
        opens_on=opens_on,
        target_on=opens_on + timedelta(days=days // 2),
        closes_on=opens_on + timedelta(days=days),
        zone=zone,
        closed=False,
        started=False,
        submitted=False,
        rules=RULES,
        site_check=CHECK if waits else None,
    )


@pytest.mark.parametrize("zone", ZONES)
def test_over_two_years_nothing_is_due_when_nobody_may_be_reached_or_outside_the_window(zone: str) -> None:
    first = date(2026, 1, 1)
    planned_messages = 0
    for number in range(731):
        visit = a_visit(first + timedelta(days=number), days=14, zone=zone, waits=number % 2 == 0)
        for planned in plan_reminders(visit, hours_in(zone, 8 + number % 12)):
            if planned.refused is None:
                planned_messages += 1
                assert not is_barred(planned.due_at, zone)
                assert visit.window.is_open(planned.due_at)
    assert planned_messages > 3000


@given(
    opens_on=st.dates(date(2021, 1, 1), date(2031, 12, 31)),
    days=st.integers(0, 60),
    planned_in=st.sampled_from(ZONES),
    lives_in=st.sampled_from(KNOWN_EXACTLY),
    hour=st.integers(8, 19),
    waits=st.booleans(),
    late_hours=st.integers(-48, 24 * 61),
)
def test_every_message_is_due_at_an_allowed_moment_of_its_window_or_refused_because_there_is_none(
    *, opens_on: date, days: int, planned_in: str, lives_in: str, hour: int, waits: bool, late_hours: int
) -> None:
    visit = a_visit(opens_on, days=days, zone=planned_in, waits=waits)
    hours = hours_in(lives_in, hour)
    planned = plan_reminders(visit, hours)
    assert [reminder.rule.code for reminder in planned] == [
        rule.code for rule in RULES if rule.kind != "escalation"
    ]
    now = visit.window.opens_at + timedelta(hours=late_hours)
    late = find_late_invitation(planned[0], hours, now=now)
    window = visit.window
    assert (late is None) == window.has_closed(now)
    for reminder in (*planned, late) if late is not None and window.is_open(now) else planned:
        if reminder.refused is None:
            assert window.is_open(reminder.due_at)
            assert not is_barred(reminder.due_at, lives_in)
        else:
            assert window.closes_at is not None
            left = half_hours_between(reminder.due_at, window.closes_at)
            assert all(is_barred(moment, lives_in) for moment in left)


@given(
    day=st.dates(date(2021, 1, 1), date(2031, 12, 31)),
    minute=st.integers(0, 24 * 60 - 1),
    zone=st.sampled_from(KNOWN_EXACTLY),
)
def test_the_allowed_moment_is_the_first_one_that_is_not_barred(day: date, minute: int, zone: str) -> None:
    earliest = datetime.combine(day, time(0), UTC) + timedelta(minutes=minute)
    allowed = find_allowed_moment(earliest, hours_in(zone, 10))
    assert not is_barred(allowed, zone)
    assert all(is_barred(moment, zone) for moment in half_hours_between(earliest, allowed))
