"""The order of a site's tasks, each step of it a reason that can be said in words (pure).

Nothing else counts: what somebody answered is not known here, nor sex, age, arm, or how ill somebody is.
"""

from datetime import date

from pro_app.reminders.due_task import DueTask
from pro_app.reminders.task_situation import TaskMessage

APPOINTMENT, CLOSES, NOTHING_ARRIVED, MISSED, STARTED = (
    "appointment", "closes", "nothing_arrived", "missed", "started",
)  # fmt: skip
STEPS = (APPOINTMENT, CLOSES, NOTHING_ARRIVED, MISSED, STARTED)
"""What the order looks at, one after the other; each decides only where all before it are equal."""
FAR_AWAY = 100_000
"""More days than any period has: what has no last day comes after what has one."""

Rank = tuple[bool, int, bool, int, bool, date, str, str]


def rank_task(task: DueTask, *, participant_code: str, today: date) -> Rank:
    """Give the place of a task on the list of `today`, the lowest first.

    A call that was put off to today; the fewest days left; no message arrived; the most visits missed before;
    begun and not sent; then the longest asked for, and the inclusion number, so that the order is always the
    same.
    """
    days_left = count_days_left(task, today=today)
    return (
        not has_appointment(task, today=today),
        FAR_AWAY if days_left is None else days_left,
        not has_nothing_arrived(task),
        -task.misses,
        task.why != STARTED,
        task.since_on,
        participant_code,
        task.task_key,
    )


def list_steps(task: DueTask, *, today: date) -> tuple[str, ...]:
    """List which of `STEPS` speak for doing this task soon, in the order in which they count."""
    holds = {
        APPOINTMENT: has_appointment(task, today=today),
        CLOSES: task.until_on is not None,
        NOTHING_ARRIVED: has_nothing_arrived(task),
        MISSED: task.misses > 0,
        STARTED: task.why == STARTED,
    }
    return tuple(step for step in STEPS if holds[step])


def count_days_left(task: DueTask, *, today: date) -> int | None:
    """Count the days to the last one, 0 on that day, below 0 after it; None where there is none."""
    return None if task.until_on is None else (task.until_on - today).days


def has_appointment(task: DueTask, *, today: date) -> bool:
    """Say whether the site meant to try again today, or on an earlier day that went by."""
    again_on = task.tried.again_on if task.tried else None
    return again_on is not None and again_on <= today


def has_nothing_arrived(task: DueTask) -> bool:
    """Say whether messages were sent about the visit and of none of them it is known that it arrived."""
    messages = list_telling_messages(task)
    return bool(messages) and not any(message.state == "sent" for message in messages)


def list_telling_messages(task: DueTask) -> tuple[TaskMessage, ...]:
    """List the messages about the visit that tell whether something reached the person, in order of time."""
    return tuple(message for message in task.sent if message.goes_for_itself)
