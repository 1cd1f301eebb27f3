"""One thing that a site is asked to do, as codes and days (pure)."""

from dataclasses import dataclass
from datetime import date

from pro_app.reminders.task_situation import SITE_ROLES, TaskMessage, TaskRecord


@dataclass(frozen=True, slots=True)
class DueTask:
    """One thing that the site is asked to do, as codes.

    `why`: `not_started`, `started` (and not sent), `check`, `failed`, `perhaps_sent`, the reason of a
    channel's stop, `date_past`, `wrong_number`, `no_reason`, or the code of a matter. `since_on` is the day
    from which it is asked, `until_on` the day by which it should be done, None where there is no such day.
    `sent` is what went out about the visit; `passed` out of `questions` is how far a form that was begun got;
    `misses` counts the earlier visits that were missed, `unexplained` names those without a reason. `about`
    is the last part of the key. `held` counts the answers that a phone still holds. The
    account `not_for_id` is not asked.
    """

    task_key: str
    kind: str
    participant_id: int
    why: str
    since_on: date
    until_on: date | None = None
    visit_code: str | None = None
    channel: str | None = None
    event: str | None = None
    stop_id: int | None = None
    report_id: int | None = None
    failure: TaskMessage | None = None
    sent: tuple[TaskMessage, ...] = ()
    tried: TaskRecord | None = None
    passed: int = 0
    questions: int = 0
    misses: int = 0
    unexplained: tuple[str, ...] = ()
    held: int = 0
    for_roles: frozenset[str] = SITE_ROLES
    not_for_id: int | None = None

    @property
    def about(self) -> str:
        """Give what the task is about, as its key says it."""
        return self.task_key.split(":", 2)[2]


def make_task_key(kind: str, participant_id: int, about: str | int) -> str:
    """Name a task: its kind, the participant, and what it is about."""
    return f"{kind}:{participant_id}:{about}"
