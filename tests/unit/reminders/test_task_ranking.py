from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_app.reminders.due_task import DueTask
from pro_app.reminders.task_ranking import STEPS, count_days_left, list_steps, rank_task
from pro_app.reminders.task_situation import TaskMessage, TaskRecord, TaskSituation, TaskVisit

TODAY = date(2026, 3, 12)
KEY = "call:1:W08:site-call:1"


def a_message(state: str, channel: str = "email", *, is_taken_over: bool = False) -> TaskMessage:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    return TaskMessage(
        5, "W08", "invitation", channel=channel, state=state, reason=None, at=at, is_taken_over=is_taken_over
    )


def put_off(to: date | None) -> TaskRecord:
    at = datetime(2026, 3, 10, 9, tzinfo=UTC)
    return TaskRecord(KEY, "not_reached", None, recorded_at=at, recorded_by_id=7, again_on=to)


def a_task(**changes: object) -> DueTask:
    told: dict[str, object] = {
        "task_key": KEY, "kind": "call", "participant_id": 1, "why": "not_started",
        "since_on": date(2026, 3, 11), "until_on": date(2026, 3, 16), "visit_code": "W08", **changes,
    }  # fmt: skip
    return DueTask(**told)  # type: ignore[arg-type]  # the tests' own keywords


def comes_first(one: DueTask, other: DueTask) -> bool:
    first, second = (rank_task(task, participant_code="15-001", today=TODAY) for task in (one, other))
    return first < second


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"tried": put_off(TODAY), "until_on": None}, {"until_on": TODAY}),
        ({"until_on": date(2026, 3, 13)}, {"until_on": date(2026, 3, 14), "sent": (a_message("failed"),)}),
        ({"until_on": date(2026, 3, 30)}, {"until_on": None, "misses": 9}),
        ({"sent": (a_message("failed"),)}, {"sent": (a_message("sent"),), "misses": 3}),
        ({"misses": 2}, {"misses": 1, "why": "started"}),
        ({"why": "started"}, {"since_on": date(2026, 1, 1)}),
        ({"since_on": date(2026, 3, 10)}, {}),
    ],
    ids=["appointment", "days left", "no last day", "nothing arrived", "misses", "started", "waiting"],
)
def test_each_step_counts_before_all_that_follow_it(
    first: dict[str, object], second: dict[str, object]
) -> None:
    assert comes_first(a_task(**first), a_task(**second))
    assert not comes_first(a_task(**second), a_task(**first))


def test_a_try_that_is_put_off_to_a_later_day_is_no_appointment_of_today() -> None:
    assert "appointment" not in list_steps(a_task(tried=put_off(TODAY + timedelta(days=1))), today=TODAY)
    assert "appointment" in list_steps(a_task(tried=put_off(TODAY - timedelta(days=1))), today=TODAY)


def test_the_reasons_come_in_the_order_in_which_they_count() -> None:
    everything = a_task(tried=put_off(TODAY), sent=(a_message("failed"),), misses=1, why="started")
    assert list_steps(everything, today=TODAY) == STEPS
    assert list_steps(a_task(until_on=None), today=TODAY) == ()


@pytest.mark.parametrize(
    ("sent", "holds"),
    [
        ((a_message("failed"),), True),
        ((a_message("failed"), a_message("unknown", "sms")), True),
        ((a_message("failed"), a_message("sent", "push")), True),
        ((a_message("failed"), a_message("sent", "sms")), False),
        ((a_message("failed", "push"),), False),
        ((a_message("failed", is_taken_over=True),), False),
        ((), False),
    ],
)
def test_only_messages_that_go_for_themselves_tell_whether_one_arrived(
    *, sent: tuple[TaskMessage, ...], holds: bool
) -> None:
    assert ("nothing_arrived" in list_steps(a_task(sent=sent, until_on=None), today=TODAY)) is holds


@pytest.mark.parametrize(("until_on", "left"), [(None, None), (TODAY, 0), (date(2026, 3, 10), -2)])
def test_days_are_counted_to_the_last_one(until_on: date | None, left: int | None) -> None:
    assert count_days_left(a_task(until_on=until_on), today=TODAY) == left


def test_nothing_that_the_order_follows_from_can_hold_an_answer() -> None:
    known = {field.name for kind in (TaskSituation, TaskVisit, DueTask) for field in fields(kind)}
    assert {"answers", "answer", "value", "values", "score", "scores", "responses"} & known == set()
    assert {field.name for field in fields(TaskVisit) if field.type is int} == {
        "revision",
        "passed",
        "questions",
    }


TASKS = st.builds(
    a_task,
    until_on=st.none() | st.dates(date(2026, 3, 1), date(2026, 4, 1)),
    since_on=st.dates(date(2026, 2, 1), TODAY),
    misses=st.integers(0, 3),
    why=st.sampled_from(["started", "not_started"]),
    sent=st.lists(st.sampled_from([a_message("sent"), a_message("failed"), a_message("unknown")])).map(tuple),
    tried=st.sampled_from([None, put_off(None), put_off(TODAY)]),
    passed=st.integers(0, 51),
    task_key=st.integers(1, 9).map(lambda number: f"call:1:W08:site-call:{number}"),
)


@given(st.lists(TASKS, max_size=8, unique_by=lambda task: task.task_key), st.randoms())
def test_the_order_is_the_same_however_the_tasks_were_read(tasks: list[DueTask], random: object) -> None:
    def in_order(given: list[DueTask]) -> list[str]:
        return [
            t.task_key for t in sorted(given, key=lambda t: rank_task(t, participant_code="1", today=TODAY))
        ]

    shuffled = list(tasks)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random that hypothesis chose
    assert in_order(tasks) == in_order(shuffled)


@given(TASKS, st.integers(0, 51), st.integers(0, 51))
def test_how_many_questions_were_passed_moves_nothing(task: DueTask, few: int, many: int) -> None:
    ranks = [rank_task(replace(task, passed=n), participant_code="1", today=TODAY) for n in (few, many)]
    assert ranks[0] == ranks[1]


@given(TASKS, st.integers(1, 30))
def test_less_time_never_moves_a_task_down(task: DueTask, days: int) -> None:
    if task.until_on is None:
        return
    sooner = replace(task, until_on=task.until_on - timedelta(days=days))
    assert comes_first(sooner, task)
