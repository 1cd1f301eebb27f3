"""What the outbox should become, asked without any database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from pro_app.protocol.rules import ReminderRule
from pro_app.reminders.outbox.plan import OutboxPlan, plan_outbox
from pro_app.reminders.policy import VisitSituation
from pro_app.reminders.sending_hours import SendingHours
from pro_app.reminders.situation import Situation
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant

INVITATION = ReminderRule("invitation", "invitation", base="opening", days=0, condition="not_submitted")
REMINDER = ReminderRule("reminder", "reminder", base="opening", days=4, condition="not_started")
LAST_CALL = ReminderRule("last-call", "last_call", base="closing", days=0, condition="not_submitted")
BEFORE = datetime(2026, 2, 20, 12, tzinfo=UTC)
INVITED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
REMINDED_AT = datetime(2026, 3, 6, 9, tzinfo=UTC)
EXPIRES_AT = datetime(2026, 3, 16, 23, tzinfo=UTC)
PARTICIPANT = Participant(id=5)


def a_visit(**changes: object) -> VisitSituation:
    """Give a visit whose window runs from Monday 2 March to Monday 16 March 2026."""
    visit = VisitSituation(
        planned_visit_id=7,
        assessment_id=70,
        visit_code="W08",
        revision=1,
        opens_on=date(2026, 3, 2),
        target_on=date(2026, 3, 9),
        closes_on=date(2026, 3, 16),
        zone="Europe/Paris",
        closed=False,
        started=False,
        submitted=False,
        rules=(INVITATION, REMINDER),
    )
    return replace(visit, **changes)  # type: ignore[arg-type]  # the tests' own keywords


def a_situation(*visits: VisitSituation, **changes: object) -> Situation:
    situation = Situation(
        hours=SendingHours("Europe/Paris", 10, 20, quiet_until_hour=8, sundays=False),
        channels=("email", "sms"),
        resting=frozenset(),
        stopped_by=None,
        held_until=None,
        visits=visits or (a_visit(),),
    )
    return replace(situation, **changes)  # type: ignore[arg-type]  # the tests' own keywords


def a_row(rule: str = "invitation", channel: str = "email", **changes: object) -> OutboxMessage:
    told: dict[str, object] = {
        "message_key": f"5:W08:{rule}:1:{channel}",
        "rule_code": rule,
        "channel": channel,
        "assessment_id": 70,
        "planned_visit_id": 7,
        "due_at": INVITED_AT if rule == "invitation" else REMINDED_AT,
        "expires_at": EXPIRES_AT,
        "state": "planned",
        "attempts": 0,
        "doubts": 0,
        **changes,
    }
    told.setdefault("attempt_at", told["due_at"])
    return OutboxMessage(**told)


def plan(situation: Situation, rows: Sequence[OutboxMessage] = (), *, now: datetime = BEFORE) -> OutboxPlan:
    return plan_outbox(situation, rows, participant=PARTICIPANT, now=now)


def added_keys(outcome: OutboxPlan) -> list[str]:
    return [message.message_key for message in outcome.added]


def test_each_message_goes_on_the_first_channel_only() -> None:
    assert added_keys(plan(a_situation())) == ["5:W08:invitation:1:email", "5:W08:reminder:1:email"]
    by_sms = a_situation(channels=("sms", "email"))
    assert added_keys(plan(by_sms)) == ["5:W08:invitation:1:sms", "5:W08:reminder:1:sms"]


def test_push_goes_beside_the_first_other_channel_wherever_it_stands_in_the_order() -> None:
    outcome = plan(a_situation(a_visit(rules=(INVITATION,)), channels=("push", "email")))
    assert added_keys(outcome) == ["5:W08:invitation:1:email", "5:W08:invitation:1:push"]


def test_push_never_goes_alone() -> None:
    assert added_keys(plan(a_situation(channels=("push",)))) == []


def test_a_channel_that_rests_is_passed_over_and_its_messages_are_taken_back_with_the_reason() -> None:
    rows = [a_row(), a_row("reminder")]
    outcome = plan(a_situation(channels=("sms",), resting=frozenset({"email"})), rows)
    assert [(row.rule_code, reason) for row, reason in outcome.withdrawn] == [
        ("invitation", "channel_rests"),
        ("reminder", "channel_rests"),
    ]
    assert added_keys(outcome) == ["5:W08:invitation:1:sms", "5:W08:reminder:1:sms"]


def test_where_every_channel_rests_messages_are_taken_back_and_new_ones_are_on_record_as_refused() -> None:
    situation = a_situation(channels=(), resting=frozenset({"email", "sms"}))
    outcome = plan(situation, [a_row()])
    assert [reason for _, reason in outcome.withdrawn] == ["channel_rests"]
    assert [(new.message_key, new.reminder.refused) for new in outcome.added] == [
        ("5:W08:reminder:1:email", "channel_rests")
    ]
    withdrawn = [a_row(rule, state="cancelled") for rule in ("invitation", "reminder")]
    again = plan(situation, withdrawn)
    assert (again.withdrawn, again.renewed, again.added) == ((), (), ())
    lifted = plan(a_situation(), withdrawn)
    assert [row.rule_code for row, _ in lifted.renewed] == ["invitation", "reminder"]


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_what_is_due_on_a_channel_that_rests_is_taken_back_and_has_no_twin(channel: str) -> None:
    now = INVITED_AT + timedelta(minutes=30)
    situation = a_situation(a_visit(rules=(INVITATION,)), channels=(), resting=frozenset({"email", "sms"}))
    for tried in ({"attempts": 1, "attempt_at": now + timedelta(hours=1)}, {"attempts": 0}):
        outcome = plan(situation, [a_row(channel=channel, **tried)], now=now)
        assert [reason for _, reason in outcome.withdrawn] == ["channel_rests"]
        assert (outcome.renewed, outcome.added) == ((), ())
    outcome = plan(situation, [a_row(channel=channel)])
    assert ([reason for _, reason in outcome.withdrawn], outcome.added) == (["channel_rests"], ())


def test_another_order_moves_what_is_still_to_come_and_leaves_what_has_gone() -> None:
    rows = [a_row(state="sent"), a_row("reminder")]
    outcome = plan(a_situation(channels=("sms", "email")), rows, now=INVITED_AT + timedelta(hours=1))
    assert [(row.rule_code, reason) for row, reason in outcome.withdrawn] == [("reminder", "channel_changed")]
    assert added_keys(outcome) == ["5:W08:reminder:1:sms"]


def test_a_due_message_in_trouble_on_its_channel_goes_at_once_on_the_new_first_one() -> None:
    in_trouble = a_row(attempts=3, attempt_at=INVITED_AT + timedelta(hours=4))
    evening = datetime(2026, 3, 2, 20, tzinfo=UTC)
    outcome = plan(a_situation(channels=("sms", "email")), [in_trouble], now=evening)
    (moved,) = [message for message in outcome.added if message.reminder.rule is INVITATION]
    assert moved.channel == "sms"
    assert moved.reminder.due_at == INVITED_AT
    assert moved.reminder.attempt_at == datetime(2026, 3, 3, 7, tzinfo=UTC)


@pytest.mark.parametrize("change", [{"state": "claimed"}, {"state": "unknown"}, {"doubts": 1}])
def test_what_may_have_arrived_goes_on_no_other_channel(change: dict[str, object]) -> None:
    row = a_row(**change)  # type: ignore[arg-type]  # the tests' own keywords
    outcome = plan(a_situation(channels=("sms", "email")), [row], now=INVITED_AT)
    assert "5:W08:invitation:1:sms" not in added_keys(outcome)


def test_a_message_that_the_next_channel_took_over_stays_there() -> None:
    failed = a_row(state="failed", attempts=1, taken_over_by="5:W08:invitation:1:sms")
    successor = a_row(channel="sms")
    now = INVITED_AT + timedelta(minutes=5)
    assert plan(a_situation(a_visit(rules=(INVITATION,))), [failed, successor], now=now) == OutboxPlan(
        (), (), ()
    )


def test_a_plan_that_moves_by_hours_does_not_send_the_same_message_twice() -> None:
    sent = a_row(state="sent")
    moved = a_visit(planned_visit_id=8, revision=2, zone="America/Martinique")
    hours = SendingHours("America/Martinique", 10, 20, quiet_until_hour=8, sundays=False)
    outcome = plan(a_situation(moved, hours=hours), [sent], now=INVITED_AT + timedelta(minutes=5))
    assert {message.message_key: message.reminder.refused for message in outcome.added} == {
        "5:W08:invitation:2:email": "already_sent",
        "5:W08:reminder:2:email": None,
    }


def test_a_plan_that_moves_by_days_invites_anew() -> None:
    moved = a_visit(
        planned_visit_id=8,
        revision=2,
        opens_on=date(2026, 3, 5),
        target_on=date(2026, 3, 12),
        closes_on=date(2026, 3, 19),
    )
    outcome = plan(a_situation(moved), [a_row(state="sent")], now=INVITED_AT + timedelta(minutes=5))
    assert added_keys(outcome) == ["5:W08:invitation:2:email", "5:W08:reminder:2:email"]


def test_a_message_without_an_allowed_moment_is_added_as_refused_and_planned_once_it_has_one() -> None:
    visit = a_visit(rules=(LAST_CALL,), closes_on=date(2026, 3, 15))  # a Sunday
    (refused,) = plan(a_situation(visit)).added
    assert refused.reminder.refused == "window_closed"
    wished_at = datetime(2026, 3, 15, 9, tzinfo=UTC)
    written = a_row(
        "last-call", state="cancelled", outcome_reason="window_closed", due_at=wished_at, expires_at=None
    )
    assert plan(a_situation(visit), [written]) == OutboxPlan((), (), ())
    sundays = SendingHours("Europe/Paris", 10, 20, quiet_until_hour=8, sundays=True)
    ((row, reminder),) = plan(a_situation(visit, hours=sundays), [written]).renewed
    assert (row, reminder.due_at, reminder.refused) == (written, wished_at, None)


def test_a_planned_message_that_lost_its_last_allowed_moment_is_taken_back() -> None:
    visit = a_visit(rules=(LAST_CALL,), closes_on=date(2026, 3, 15))
    planned = a_row("last-call", due_at=datetime(2026, 3, 15, 9, tzinfo=UTC))
    assert plan(a_situation(visit), [planned]).withdrawn == ((planned, "window_closed"),)


def test_a_pause_that_ends_early_brings_forward_what_it_had_put_off() -> None:
    put_off = a_row(attempt_at=datetime(2026, 3, 12, 7, tzinfo=UTC))
    now = datetime(2026, 3, 4, 12, tzinfo=UTC)
    situation = a_situation(a_visit(rules=(INVITATION,)))
    ((row, reminder),) = plan(situation, [put_off], now=now).renewed
    assert (row, reminder.due_at, reminder.attempt_at) == (put_off, INVITED_AT, now)
    still_held = replace(situation, held_until=datetime(2026, 3, 11, 23, tzinfo=UTC))
    assert plan(still_held, [put_off], now=now).renewed == ()


def test_what_was_withdrawn_by_mistake_is_planned_again_while_its_time_has_not_passed() -> None:
    rows = [a_row(state="cancelled", outcome_reason="died"), a_row("reminder", state="cancelled")]
    outcome = plan(a_situation(), rows)
    assert [(row.rule_code, reminder.due_at) for row, reminder in outcome.renewed] == [
        ("invitation", INVITED_AT),
        ("reminder", REMINDED_AT),
    ]


def test_of_what_was_withdrawn_by_mistake_only_the_invitation_is_made_up_for() -> None:
    rows = [a_row(state="cancelled", attempts=1), a_row("reminder", state="cancelled")]
    now = datetime(2026, 3, 7, 12, tzinfo=UTC)
    assert [
        (row.rule_code, reminder.due_at) for row, reminder in plan(a_situation(), rows, now=now).renewed
    ] == [("invitation", now)]


def test_a_stop_takes_back_everything_planned_and_adds_nothing() -> None:
    outcome = plan(a_situation(stopped_by="left"), [a_row(), a_row("reminder", state="sent")])
    assert [(row.rule_code, reason) for row, reason in outcome.withdrawn] == [("invitation", "left")]
    assert outcome.added == ()


def test_planning_changes_no_row() -> None:
    rows = [a_row(), a_row("reminder")]
    told = [dict(vars(row)) for row in rows]
    plan(a_situation(stopped_by="died"), rows)
    assert [dict(vars(row)) for row in rows] == told


TRIED = {"attempts": 2, "attempt_at": datetime(2026, 3, 12, 7, tzinfo=UTC), "outcome_reason": "smtp_451"}
"""A retry that a pause until 12 March has put off."""


@pytest.mark.parametrize("doubts", [0, 1])
def test_a_retry_that_a_pause_put_off_comes_forward_when_the_pause_ends_early(doubts: int) -> None:
    now = datetime(2026, 3, 3, 12, tzinfo=UTC)
    row = a_row(**TRIED, doubts=doubts)  # type: ignore[arg-type]  # the tests' own keywords
    (renewed,) = plan(a_situation(a_visit(rules=(INVITATION,))), [row], now=now).renewed
    assert renewed[0] is row
    assert renewed[1].attempt_at == now + timedelta(minutes=5)
    assert renewed[1].due_at == INVITED_AT
    row.attempt_at = renewed[1].attempt_at
    assert plan(a_situation(a_visit(rules=(INVITATION,))), [row], now=now) == OutboxPlan((), (), ())


def test_a_retry_comes_forward_to_the_new_end_of_a_pause_and_into_no_night() -> None:
    held_until = datetime(2026, 3, 5, 23, tzinfo=UTC)
    situation = a_situation(a_visit(rules=(INVITATION,)), held_until=held_until)
    row = a_row(**TRIED)  # type: ignore[arg-type]  # the tests' own keywords
    (renewed,) = plan(situation, [row], now=datetime(2026, 3, 3, 12, tzinfo=UTC)).renewed
    assert renewed[1].attempt_at == datetime(2026, 3, 6, 7, tzinfo=UTC)


def test_a_pause_ends_at_the_own_hour_or_by_day_where_the_window_of_another_zone_closes_before() -> None:
    held_until = datetime(2026, 3, 6, 17, tzinfo=UTC)
    hours = SendingHours("Europe/Paris", 18, 20, quiet_until_hour=8, sundays=False)
    situation = a_situation(a_visit(rules=(INVITATION,)), hours=hours, held_until=held_until)
    now = datetime(2026, 3, 3, 12, tzinfo=UTC)
    window_ends_at = datetime(2026, 3, 6, 13, tzinfo=UTC)  # midnight in Nouméa
    assert situation.find_next_moment(now, before=None) == held_until
    assert situation.find_next_moment(now, before=window_ends_at) == datetime(2026, 3, 6, 7, tzinfo=UTC)


def test_a_retry_that_waits_no_longer_than_its_distance_stays_as_it_is() -> None:
    now = INVITED_AT + timedelta(minutes=2)
    row = a_row(attempts=2, attempt_at=now + timedelta(minutes=5))
    assert plan(a_situation(a_visit(rules=(INVITATION,))), [row], now=now) == OutboxPlan((), (), ())
