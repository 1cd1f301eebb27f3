from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pro_app.protocol.rules import Label, ReminderRule, SiteTask
from pro_app.reminders.policy import (
    ALWAYS,
    WINDOW_CLOSED,
    MessageSituation,
    VisitSituation,
    check_eligibility,
    find_late_invitation,
    plan_reminders,
    put_off,
)
from pro_app.reminders.sending_hours import SendingHours

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
        "zone": "Europe/Paris",
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


def test_a_day_that_was_asked_for_gives_one_message_more_by_the_same_rules() -> None:
    asked = a_visit(asked_on=(date(2026, 3, 10), date(2026, 3, 14)))
    planned = {each.rule.code: each for each in plan_reminders(asked, hours_in(hour=18))}
    usual = plan_reminders(a_visit(), hours_in(hour=18))
    assert len(planned) == len(usual) + 2
    assert planned["asked_2026-03-10"].due_at == datetime(2026, 3, 10, 17, tzinfo=UTC)
    assert planned["asked_2026-03-10"].template_code == "asked"
    assert planned["asked_2026-03-14"].due_at == datetime(2026, 3, 14, 17, tzinfo=UTC)
    assert plan_reminders(replace(asked, submitted=True), hours_in()) == ()


def test_a_day_that_was_asked_for_waits_for_a_day_with_messages_and_never_leaves_the_window() -> None:
    sunday = a_visit(asked_on=(date(2026, 3, 8),))
    assert due_times(sunday, hours_in())["asked_2026-03-08"] == datetime(2026, 3, 9, 9, tzinfo=UTC)
    late = a_visit(asked_on=(date(2026, 3, 17),))
    planned = {each.rule.code: each for each in plan_reminders(late, hours_in())}
    assert planned["asked_2026-03-17"].refused == WINDOW_CLOSED


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


def test_a_message_that_waits_past_its_window_is_refused_and_says_so() -> None:
    on_the_closing_sunday = a_visit(
        closes_on=date(2026, 3, 15),
        rules=(ReminderRule("late", "last_call", base="closing", days=0, condition="not_submitted"),),
    )
    (refused,) = plan_reminders(on_the_closing_sunday, hours_in())
    assert refused.refused == WINDOW_CLOSED
    assert refused.due_at == datetime(2026, 3, 15, 9, tzinfo=UTC)
    (planned,) = plan_reminders(on_the_closing_sunday, hours_in(sundays=True))
    assert planned.refused is None


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("present", ["Europe/Paris", "Pacific/Tahiti"])
def test_a_message_expires_when_its_window_ends_at_midnight_in_the_zone_it_was_planned_in(
    zone: str, present: str
) -> None:
    planned = plan_reminders(a_visit(zone=zone), hours_in(present))
    assert {reminder.expires_at for reminder in planned} == {
        datetime(2026, 3, 17, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    }


def test_the_hours_of_somebody_who_moved_far_east_never_come_before_the_window_opens() -> None:
    invitation = plan_reminders(a_visit(zone="America/Martinique"), hours_in("Pacific/Noumea"))[0]
    window = a_visit(zone="America/Martinique").window
    assert invitation.due_at == datetime(2026, 3, 2, 23, tzinfo=UTC)  # 3 March, 10:00 in Noumea
    assert window.opens_at == datetime(2026, 3, 2, 4, tzinfo=UTC)


def test_the_last_call_to_somebody_who_moved_far_west_is_refused_if_the_window_ends_before_the_hour() -> None:
    last_day = ReminderRule("last", "last_call", base="closing", days=0, condition="not_submitted")
    visit = a_visit(zone="Pacific/Noumea", rules=(last_day,))
    (planned,) = plan_reminders(visit, hours_in("Pacific/Tahiti"))
    assert planned.refused == WINDOW_CLOSED
    (planned,) = plan_reminders(visit, hours_in("Pacific/Noumea"))
    assert planned.refused is None


CHECK = SiteTask("check", Label({"fr": "Vérifier"}), ("yearly",), 14, 7)


def test_an_invitation_waits_for_the_check_of_the_site_and_nothing_else_does() -> None:
    waiting, checked = a_visit(site_check=CHECK), a_visit(site_check=CHECK, checked=True)
    assert due_times(waiting, hours_in()) == {
        **due_times(checked, hours_in()),
        "invitation": datetime(2026, 3, 9, 9, tzinfo=UTC),
    }
    assert due_times(checked, hours_in()) == due_times(a_visit(), hours_in())


def test_an_invitation_that_waits_past_a_short_window_is_refused() -> None:
    waiting = a_visit(site_check=CHECK, closes_on=date(2026, 3, 8), target_on=None)
    assert plan_reminders(waiting, hours_in())[0].refused == WINDOW_CLOSED


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


def test_the_late_invitation_is_refused_where_the_window_leaves_no_allowed_hour() -> None:
    invitation = plan_reminders(a_visit(), hours_in())[0]
    last_evening = datetime(2026, 3, 16, 21, tzinfo=UTC)
    late = find_late_invitation(invitation, hours_in(), now=last_evening)
    assert late is not None
    assert late.refused == WINDOW_CLOSED


def test_there_is_no_late_invitation_to_a_window_that_is_over() -> None:
    invitation = plan_reminders(a_visit(), hours_in())[0]
    assert find_late_invitation(invitation, hours_in(), now=EXPIRES_AT) is None


@pytest.mark.parametrize(
    ("now", "try_at", "refused"),
    [
        ("2026-03-10T12:00", "2026-03-10T12:00", None),
        ("2026-03-10T20:00", "2026-03-11T07:00", None),
        ("2026-03-16T20:00", None, WINDOW_CLOSED),
    ],
)
def test_what_is_put_off_goes_at_the_next_allowed_moment_of_its_window(
    now: str, try_at: str | None, refused: str | None
) -> None:
    reminder = plan_reminders(a_visit(), hours_in())[0]
    later = put_off(reminder, hours_in(), now=datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert later.try_at == (try_at and datetime.fromisoformat(try_at).replace(tzinfo=UTC))
    assert (later.due_at, later.refused) == (reminder.due_at, refused)


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
