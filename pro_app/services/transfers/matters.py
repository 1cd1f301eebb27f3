"""What waits for the receiving site: a participant whom another site asks it to follow.

The participant is not the site's own yet, so the task stands beside those of its participants, and leads to
the request and not to a record.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from pro_app.clock import civil_date
from pro_app.reminders.due_task import DueTask, make_task_key
from pro_app.reminders.task_outcomes import TRANSFER
from pro_app.storage.queries.site_tasks import TaskScope
from pro_app.storage.queries.transfers import list_arrivals as list_rows


@dataclass(frozen=True, slots=True)
class Arrival:
    """One participant who may come to a site, as a task of that site; `today` is in the person's zone."""

    task: DueTask
    participant_code: str
    site_id: int
    zone: str
    today: date


def list_arrivals(session: Session, scope: TaskScope, *, now: datetime) -> list[Arrival]:
    """List the participants whom sites in scope are asked to follow, from the day of the change on."""
    arrivals = []
    for row in list_rows(session, study_id=scope.study_id, site_ids=scope.site_ids):
        transfer, person = row.transfer, row.participant
        today = civil_date(now, person.zone)
        if transfer.moves_on > today:
            continue
        task = DueTask(
            make_task_key(TRANSFER, person.id, transfer.id),
            TRANSFER,
            person.id,
            why="asked",
            since_on=max(transfer.moves_on, civil_date(transfer.asked_at, person.zone)),
        )
        arrivals.append(Arrival(task, person.participant_code, transfer.to_site_id, person.zone, today))
    return arrivals
