from datetime import UTC, date, datetime, timedelta

import pytest
from task_situations import (
    CALL_KEY,
    CHECK_KEY,
    PARIS,
    a_message,
    a_record,
    a_situation,
    a_visit,
    a_year,
    at,
    facts,
    keys,
    tasks,
)

from pro_app.protocol.events import Event, fold_events
from pro_app.protocol.windows import civil_window
from pro_app.reminders.task_outcomes import KINDS, MATTERS, OUTCOMES, list_outcomes, list_settling_outcomes
from pro_app.reminders.task_situation import TaskMessage, TaskStop


def test_a_call_is_asked_from_the_day_of_its_rule_to_the_last_day_of_the_window() -> None:
    situation = a_situation(a_visit())
    asked = {day: keys(situation, day) for day in ("2026-03-10", "2026-03-11", "2026-03-16", "2026-03-17")}
    assert asked == {
        "2026-03-10": [],
        "2026-03-11": [CALL_KEY],
        "2026-03-16": [CALL_KEY],
        "2026-03-17": [],
    }


def test_days_are_those_of_the_participant() -> None:
    noumea = a_situation(a_visit(zone="Pacific/Noumea"), zone="Pacific/Noumea")
    assert keys(noumea, "2026-03-10", 12) == []
    assert keys(noumea, "2026-03-10", 14) == [CALL_KEY]  # already the 11th over there


@pytest.mark.parametrize(("started", "why"), [(False, "not_started"), (True, "started")])
def test_a_call_says_whether_the_questionnaire_was_begun_and_until_when(*, started: bool, why: str) -> None:
    (task,) = tasks(a_situation(a_visit(started=started)), "2026-03-12")
    assert (task.why, task.since_on, task.until_on) == (why, date(2026, 3, 11), date(2026, 3, 16))


@pytest.mark.parametrize("change", ["submitted", "closed"])
def test_nobody_is_to_be_called_about_what_was_sent_or_is_closed(change: str) -> None:
    assert keys(a_situation(a_visit(**{change: True})), "2026-03-12") == []


def test_a_call_tells_what_went_out_in_the_order_of_time() -> None:
    later, sooner = a_message(6, "sent", "2026-03-06"), a_message(5, "sent", "2026-03-02")
    other = a_message(7, "sent", visit_code="M03")
    (task,) = tasks(a_situation(a_visit(), messages=(later, sooner, other)), "2026-03-12")
    assert task.sent == (sooner, later)


@pytest.mark.parametrize("kind", ["left", "died", "lost", "questionnaires_stopped"])
def test_nothing_is_asked_about_somebody_who_is_asked_nothing_any_more(kind: str) -> None:
    situation = a_situation(
        a_visit(),
        a_year(),
        facts=facts((kind, "2026-03-05")),
        messages=(a_message(),),
        stops=(TaskStop(3, "email", "bounced", since_at=at("2026-03-03"), message_id=None),),
    )
    assert [keys(situation, day) for day in ("2026-03-12", "2026-05-05", "2026-08-01")] == [[], [], []]


def test_a_resumption_brings_back_what_is_to_be_done() -> None:
    said = facts(("lost", "2026-03-05"), ("resumed", "2026-03-10", {"of": "lost"}))
    assert CALL_KEY in keys(a_situation(a_visit(), facts=said), "2026-03-12")


@pytest.mark.parametrize(
    "said", [("messages_stopped", "2026-03-05"), ("paused", "2026-03-05", {"until": "2026-04-05"})]
)
def test_somebody_without_messages_is_still_to_be_called(said: tuple[str, str]) -> None:
    situation = a_situation(a_visit(), facts=facts(("treatment_ended", "2026-01-12"), said))
    assert keys(situation, "2026-03-12") == [CALL_KEY]


def test_messages_and_channels_are_no_task_once_messages_are_stopped() -> None:
    stop = TaskStop(3, "email", "bounced", since_at=at("2026-03-03"), message_id=None)
    given = {"messages": (a_message(),), "stops": (stop,)}
    stopped = facts(("treatment_ended", "2026-01-12"), ("messages_stopped", "2026-03-05"))
    assert keys(a_situation(a_visit(), **given), "2026-03-08") == ["message:1:5", "channel:1:3"]
    assert keys(a_situation(a_visit(), facts=stopped, **given), "2026-03-08") == []


def test_status_and_contacts_are_checked_from_14_days_before_the_window_to_its_end() -> None:
    days = ("2026-04-17", "2026-04-18", "2026-05-02", "2026-05-10", "2026-07-01", "2026-07-02")
    asked = [CHECK_KEY in keys(a_situation(a_year()), day) for day in days]
    assert asked == [False, True, True, True, True, False]


def test_a_check_is_needed_by_the_day_on_which_the_invitation_goes_anyway_then_by_the_last_day() -> None:
    needed = [
        tasks(a_situation(a_year()), day)[0].until_on for day in ("2026-04-20", "2026-05-09", "2026-05-10")
    ]
    assert needed == [date(2026, 5, 9), date(2026, 5, 9), date(2026, 7, 1)]


@pytest.mark.parametrize("changes", [{"submitted": True}, {"closed": True}])
def test_no_check_is_asked_for_what_is_sent_or_closed(changes: dict[str, object]) -> None:
    assert keys(a_situation(a_year(**changes)), "2026-05-05") == []


def test_only_the_phases_that_the_protocol_names_have_a_check() -> None:
    assert keys(a_situation(a_visit("M12", "2026-06-01", 14)), "2026-05-20") == []


@pytest.mark.parametrize(
    ("outcome", "day", "still_asked"),
    [
        ("confirmed", "2026-04-20", False),
        ("contacts_corrected", "2026-04-20", False),
        ("confirmed", "2026-03-19", False),
        ("confirmed", "2026-03-18", True),
        ("not_reached", "2026-04-20", True),
    ],
)
def test_a_check_counts_if_it_was_made_within_the_30_days_before_its_time(
    outcome: str, day: str, *, still_asked: bool
) -> None:
    situation = a_situation(a_year(), records=(a_record(CHECK_KEY, outcome, day),))
    assert (CHECK_KEY in keys(situation, "2026-05-05")) is still_asked


def test_a_call_without_an_answer_comes_back_the_next_day_and_says_so() -> None:
    record = a_record(CALL_KEY, "not_reached", "2026-03-12")
    situation = a_situation(a_visit(), records=(record,))
    assert keys(situation, "2026-03-12", 15) == []
    (task,) = tasks(situation, "2026-03-13", 6)
    assert task.tried == record


def test_the_newest_record_counts() -> None:
    first, last = a_record(CALL_KEY, "reached", "2026-03-11"), a_record(CALL_KEY, "not_reached", "2026-03-12")
    assert keys(a_situation(a_visit(), records=(first, last)), "2026-03-14") == [CALL_KEY]
    assert keys(a_situation(a_visit(), records=(last, first)), "2026-03-14") == []


def test_a_call_about_another_revision_of_the_plan_is_another_task() -> None:
    settled = (a_record(CALL_KEY, "reached", "2026-03-11"),)
    assert keys(a_situation(a_visit(revision=2), records=settled), "2026-03-12") == ["call:1:W08:site-call:2"]


@pytest.mark.parametrize(("state", "why"), [("failed", "failed"), ("unknown", "perhaps_sent")])
def test_a_message_that_did_not_arrive_is_a_task_while_its_window_is_open(state: str, why: str) -> None:
    situation = a_situation(a_visit(), messages=(a_message(state=state),))
    (task,) = tasks(situation, "2026-03-04")
    assert (task.task_key, task.why, task.until_on) == ("message:1:5", why, date(2026, 3, 16))
    assert [key for key in keys(situation, "2026-03-18") if key.startswith("message")] == []


def test_of_several_messages_about_one_visit_the_last_one_is_the_task() -> None:
    failed = (a_message(5), a_message(6, day="2026-03-06"))
    assert keys(a_situation(a_visit(), messages=failed), "2026-03-08") == ["message:1:6"]
    settled = (a_record("message:1:6", "nothing_to_do", "2026-03-08"),)
    assert keys(a_situation(a_visit(), messages=failed, records=settled), "2026-03-09") == []


@pytest.mark.parametrize(
    "other",
    [
        a_message(6, "sent", "2026-03-06"),
        a_message(6, "sent", "2026-03-02", channel="sms"),
    ],
)
def test_what_did_not_arrive_is_no_task_once_another_message_did(other: TaskMessage) -> None:
    assert keys(a_situation(a_visit(), messages=(a_message(5), other)), "2026-03-08") == []


def test_a_push_message_beside_it_does_not_hide_a_message_that_did_not_arrive() -> None:
    push = a_message(6, "sent", "2026-03-06", channel="push")
    assert keys(a_situation(a_visit(), messages=(a_message(5), push)), "2026-03-08") == ["message:1:5"]


@pytest.mark.parametrize("changes", [{"is_taken_over": True}, {"channel": "push"}])
def test_neither_a_push_message_nor_one_that_was_taken_over_is_a_task(changes: dict[str, object]) -> None:
    assert keys(a_situation(a_visit(), messages=(a_message(**changes),)), "2026-03-08") == []


def test_of_several_tasks_with_one_cause_the_site_sees_one() -> None:
    bounced = a_message(5, reason="bounced")
    stop = TaskStop(3, "email", "bounced", since_at=at("2026-03-03"), message_id=5)
    assert keys(a_situation(a_visit(), messages=(bounced,), stops=(stop,)), "2026-03-04") == ["channel:1:3"]
    assert keys(a_situation(a_visit(), messages=(a_message(5),)), "2026-03-12") == [CALL_KEY]


@pytest.mark.parametrize(("outcome", "next_day"), [("reached", []), ("not_reached", [CALL_KEY])])
def test_one_call_stands_for_the_message_that_did_not_arrive(outcome: str, next_day: list[str]) -> None:
    called = (a_record(CALL_KEY, outcome, "2026-03-12"),)
    situation = a_situation(a_visit(), messages=(a_message(5),), records=called)
    assert (keys(situation, "2026-03-12", 15), keys(situation, "2026-03-13")) == ([], next_day)


def test_a_message_that_fails_after_the_call_is_a_task_of_its_own() -> None:
    called = (a_record(CALL_KEY, "reached", "2026-03-12"),)
    situation = a_situation(a_visit(), messages=(a_message(5, day="2026-03-14"),), records=called)
    assert keys(situation, "2026-03-14") == ["message:1:5"]


def test_a_test_message_that_failed_is_a_task_until_a_later_one_arrives() -> None:
    failed = a_message(5, visit_code=None, template_code="test")
    arrived = a_message(6, "sent", "2026-03-03", visit_code=None, template_code="test")
    assert keys(a_situation(messages=(failed,)), "2026-03-04") == ["message:1:5"]
    assert keys(a_situation(messages=(failed, arrived)), "2026-03-04") == []


@pytest.mark.parametrize(
    ("outcome", "on_the_day", "next_day"),
    [("stays_off", [], []), ("not_reached", [], ["channel:1:3"])],
)
def test_a_resting_channel_is_a_task_until_the_site_settled_it(
    outcome: str, on_the_day: list[str], next_day: list[str]
) -> None:
    stop = TaskStop(3, "email", "unsubscribed", since_at=at("2026-03-03"), message_id=None)
    assert [task.why for task in tasks(a_situation(stops=(stop,)), "2026-03-04")] == ["unsubscribed"]
    situation = a_situation(stops=(stop,), records=(a_record("channel:1:3", outcome, "2026-03-04"),))
    assert (keys(situation, "2026-03-04", 15), keys(situation, "2026-03-05")) == (on_the_day, next_day)


@pytest.mark.parametrize(
    ("more", "since"),
    [
        ((), "2026-07-12"),  # six months of surveillance
        ((("progressed", "2026-04-03"),), "2026-04-03"),
    ],
)
def test_the_date_of_an_anchor_is_asked_for_once_it_should_be_past(
    more: tuple[tuple[str, str], ...], since: str
) -> None:
    situation = a_situation(facts=facts(*more))
    day = date.fromisoformat(since)
    assert keys(situation, day.isoformat()) == []
    (task,) = tasks(situation, (day + timedelta(days=1)).isoformat())
    assert (task.task_key, task.event, task.since_on) == (
        "record_date:1:treatment_ended",
        "treatment_ended",
        day,
    )


def test_a_recorded_date_is_not_asked_for() -> None:
    assert keys(a_situation(), "2027-01-01") == []


def test_a_treatment_that_goes_on_is_asked_about_again_after_four_weeks() -> None:
    said = (a_record("record_date:1:treatment_ended", "not_yet", "2026-07-20"),)
    situation = a_situation(facts=facts(), records=said)
    assert (keys(situation, "2026-08-16"), len(keys(situation, "2026-08-17"))) == ([], 1)


def test_nothing_is_asked_before_a_randomisation() -> None:
    nobody = fold_events([Event(1, "enrolled", date(2026, 1, 1), recorded_at=at("2026-01-01"))])
    assert keys(a_situation(facts=nobody), "2026-12-01") == []


def test_the_first_questionnaire_without_a_last_day_is_called_about_after_four_days() -> None:
    baseline = a_visit(
        "BASELINE",
        target_on=None,
        closes_on=None,
        opens_on=date(2026, 3, 2),
        window=civil_window(date(2026, 3, 2), None, PARIS),
    )
    assert keys(a_situation(baseline), "2026-03-05") == []
    (task,) = tasks(a_situation(baseline), "2026-03-06")
    assert (task.task_key, task.until_on) == ("call:1:BASELINE:site-call:1", None)


def test_every_kind_has_its_closed_list_and_all_but_what_is_recorded_elsewhere_can_be_settled() -> None:
    assert set(OUTCOMES) == set(KINDS)
    unsettled = {kind for kind in KINDS if not list_settling_outcomes(kind)}
    assert unsettled == {"record_date", "missing_reason"}
    assert [list_outcomes(kind) for kind in MATTERS] == [()] * len(MATTERS)
    assert list_outcomes("a check of another trial") == OUTCOMES["check_status_and_contacts"]


def test_everything_is_there_at_once_and_nothing_twice() -> None:
    stop = TaskStop(3, "sms", "complained", since_at=datetime(2026, 3, 3, tzinfo=UTC), message_id=None)
    situation = a_situation(
        a_visit(), a_visit("M03", "2026-03-14", 14), facts=facts(("progressed", "2026-03-01")),
        messages=(a_message(8, visit_code="M03"),), stops=(stop,),
    )  # fmt: skip
    assert keys(situation, "2026-03-12") == [
        CALL_KEY,
        "message:1:8",
        "channel:1:3",
        "record_date:1:treatment_ended",
    ]


def test_no_check_is_asked_for_before_the_site_works_with_the_app() -> None:
    day = "2026-05-05"
    asked = [
        CHECK_KEY in keys(a_situation(a_year(), goes_live_on=live_on), day)
        for live_on in (date(2026, 5, 6), date(2026, 5, 5), None)
    ]
    assert asked == [False, True, True]
