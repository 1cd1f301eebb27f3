from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_app.protocol.rules import ReminderRule
from pro_app.reminders.policy import (
    ALWAYS,
    MessageSituation,
    SendingHours,
    VisitSituation,
    check_eligibility,
    find_allowed_moment,
    find_chosen_moment,
    find_late_invitation,
    plan_reminders,
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
INVITATION = ReminderRule("invitation", "invitation", base="opening", days=0, condition="not_submitted")
RESUME = ReminderRule("resume", "reminder", base="opening", days=3, condition="not_finished")
REMINDER = ReminderRule("first-reminder", "reminder", base="opening", days=4, condition="not_started")
CALL = ReminderRule("site-call", "escalation", base="target", days=2, condition="not_submitted")
LAST_CALL = ReminderRule("last-call", "last_call", base="closing", days=-2, condition="not_submitted")
RULES = (INVITATION, RESUME, REMINDER, CALL, LAST_CALL)


def hours_in(zone: str = "Europe/Paris", *, hour: int = 10, sundays: bool = False) -> SendingHours:
    return SendingHours(zone, hour, 20, quiet_until_hour=8, sundays=sundays)


def a_visit(**changes: object) -> VisitSituation:
    """Give a visit whose window runs from Monday 2 March to Monday 16 March 2026."""
    told: dict[str, object] = {
        "planned_visit_id": 7,
        "assessment_id": 70,
        "visit_code": "W08",
        "revision": 1,
        "opens_on": date(2026, 3, 2),
        "target_on": date(2026, 3, 9),
        "closes_on": date(2026, 3, 16),
        "closed": False,
        "started": False,
        "submitted": False,
        "rules": RULES,
        **changes,
    }
    return VisitSituation(**told)  # type: ignore[arg-type]  # the tests' own keywords


def due_times(visit: VisitSituation, hours: SendingHours) -> dict[str, datetime]:
    return {planned.rule.code: planned.due_at for planned in plan_reminders(visit, hours)}


def test_each_rule_gives_a_message_on_its_day_at_the_chosen_hour() -> None:
    assert due_times(a_visit(), hours_in()) == {
        "invitation": datetime(2026, 3, 2, 9, tzinfo=UTC),
        "resume": datetime(2026, 3, 5, 9, tzinfo=UTC),
        "first-reminder": datetime(2026, 3, 6, 9, tzinfo=UTC),
        "last-call": datetime(2026, 3, 14, 9, tzinfo=UTC),
    }


def test_a_call_by_the_site_is_no_message() -> None:
    assert "site-call" not in due_times(a_visit(), hours_in())


def test_the_text_follows_from_the_kind_of_rule() -> None:
    texts = {planned.rule.code: planned.template_code for planned in plan_reminders(a_visit(), hours_in())}
    assert texts == {
        "invitation": "invitation",
        "resume": "resume",
        "first-reminder": "reminder",
        "last-call": "last_call",
    }


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


def test_a_message_that_waits_past_its_window_is_not_planned() -> None:
    on_the_closing_sunday = a_visit(
        closes_on=date(2026, 3, 15),
        rules=(ReminderRule("late", "last_call", base="closing", days=0, condition="not_submitted"),),
    )
    assert plan_reminders(on_the_closing_sunday, hours_in()) == ()
    assert len(plan_reminders(on_the_closing_sunday, hours_in(sundays=True))) == 1


@pytest.mark.parametrize("zone", ZONES)
def test_a_message_expires_when_its_window_ends_at_midnight_in_the_zone(zone: str) -> None:
    expiries = {planned.expires_at for planned in plan_reminders(a_visit(), hours_in(zone))}
    assert expiries == {datetime(2026, 3, 17, tzinfo=ZoneInfo(zone)).astimezone(UTC)}


def test_a_window_without_an_end_gives_only_what_counts_from_its_opening() -> None:
    baseline = a_visit(target_on=None, closes_on=None)
    planned = plan_reminders(baseline, hours_in())
    assert [reminder.rule.code for reminder in planned] == ["invitation", "resume", "first-reminder"]
    assert {reminder.expires_at for reminder in planned} == {None}


@pytest.mark.parametrize("change", [{"closed": True}, {"submitted": True}])
def test_a_closed_or_submitted_visit_gives_no_message(change: dict[str, bool]) -> None:
    assert plan_reminders(a_visit(**change), hours_in()) == ()


def test_the_invitation_to_an_open_window_goes_at_the_next_allowed_hour() -> None:
    invitation = plan_reminders(a_visit(), hours_in())[0]
    evening = datetime(2026, 3, 4, 21, tzinfo=UTC)
    late = find_late_invitation(invitation, hours_in(), now=evening)
    assert late is not None
    assert late.due_at == datetime(2026, 3, 5, 7, tzinfo=UTC)


def test_no_other_message_is_made_up_for() -> None:
    for planned in plan_reminders(a_visit(), hours_in())[1:]:
        assert find_late_invitation(planned, hours_in(), now=datetime(2026, 3, 15, 9, tzinfo=UTC)) is None


def test_the_invitation_is_dropped_where_the_window_leaves_no_allowed_hour() -> None:
    invitation = plan_reminders(a_visit(), hours_in())[0]
    last_evening = datetime(2026, 3, 16, 21, tzinfo=UTC)
    assert find_late_invitation(invitation, hours_in(), now=last_evening) is None


NOW = datetime(2026, 3, 6, 9, tzinfo=UTC)
EXPIRES_AT = datetime(2026, 3, 16, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("condition", "visit", "expected"),
    [
        ("not_submitted", a_visit(), None),
        ("not_submitted", a_visit(started=True), None),
        ("not_submitted", a_visit(submitted=True, started=True), "submitted"),
        ("not_submitted", a_visit(closed=True), "not_required"),
        ("not_submitted", a_visit(planned_visit_id=8), "plan_replaced"),
        ("not_submitted", None, "plan_replaced"),
        ("not_started", a_visit(), None),
        ("not_started", a_visit(started=True), "already_started"),
        ("not_finished", a_visit(), "not_started"),
        ("not_finished", a_visit(started=True), None),
    ],
)
def test_a_message_goes_only_while_its_condition_holds(
    condition: str, visit: VisitSituation | None, expected: str | None
) -> None:
    message = MessageSituation(condition, 7, EXPIRES_AT)
    assert check_eligibility(message, visit, stopped_by=None, now=NOW) == expected


def test_a_stop_goes_before_every_other_reason() -> None:
    message = MessageSituation("not_submitted", 7, EXPIRES_AT)
    assert check_eligibility(message, a_visit(submitted=True), stopped_by="died", now=NOW) == "died"


def test_nothing_goes_from_the_moment_on_at_which_the_window_ends() -> None:
    message = MessageSituation("not_submitted", 7, EXPIRES_AT)
    just_before = EXPIRES_AT - timedelta(seconds=1)
    assert check_eligibility(message, a_visit(), stopped_by=None, now=just_before) is None
    assert check_eligibility(message, a_visit(), stopped_by=None, now=EXPIRES_AT) == "window_closed"


def test_a_message_without_a_visit_is_only_stopped_or_too_late() -> None:
    message = MessageSituation(ALWAYS, None, EXPIRES_AT)
    assert check_eligibility(message, None, stopped_by=None, now=NOW) is None
    assert check_eligibility(message, None, stopped_by="messages_stopped", now=NOW) == "messages_stopped"
    assert check_eligibility(message, None, stopped_by=None, now=EXPIRES_AT) == "window_closed"
