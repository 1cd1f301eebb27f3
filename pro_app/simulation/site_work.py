"""What a virtual nurse does about her list: checks before yearly visits, calls to those who are silent.

Some of it is done, some late, some forgotten, as in life; all of it follows from the person and the visit.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random

from pro_app.errors import InputRejected
from pro_app.protocol.rules import ReminderRule
from pro_app.reminders.site_tasks import make_task_key
from pro_app.reminders.task_outcomes import CALL, NOT_THIS_TIME
from pro_app.services.task_records import TaskSaid, record_task
from pro_app.simulation.lives import local_moment, next_weekday
from pro_app.simulation.people import VirtualPerson
from pro_app.simulation.world import World
from pro_app.storage.queries.assessments import AssessmentRecord, load_assessment

Task = Callable[[datetime], str | None]
"""Does something at a moment; gives the name under which it is counted, None if there was nothing to do."""
CHECKS_DONE, CHECKS_LATE, CALLS_MADE = 0.8, 0.1, 0.7
CALL_OUTCOMES = ("reached", "reached", "reached", "not_reached", "message_left", NOT_THIS_TIME)


@dataclass(frozen=True, slots=True)
class SiteWork:
    """What the site of one person does about that person."""

    world: World
    person: VirtualPerson
    participant_id: int

    def list_tasks(self, record: AssessmentRecord) -> Iterator[tuple[datetime, Task]]:
        """Give what the nurse means to do about a visit, and when."""
        phase = record.protocol.find_phase(record.planned_code)
        if phase is None or not self.person.is_cared_for:
            return
        random = Random(f"{self.person.participant_code}:{record.visit_code}:site")  # noqa: S311 -- play
        for task in record.protocol.site_tasks:
            chance = random.random()
            asked_on = record.opens_on - timedelta(days=task.days_before_opening)
            day = asked_on + timedelta(days=random.randrange(1, max(2, task.days_before_opening)))
            if chance > CHECKS_DONE:  # late, so that the invitation waits for it
                day = record.opens_on + timedelta(days=random.randrange(1, 6))
            if phase.code in task.phases and chance <= CHECKS_DONE + CHECKS_LATE:
                key = make_task_key(task.code, self.participant_id, record.visit_code)
                yield self._moment(day, random), partial(self._act, record, (key, "confirmed"))
        for rule in phase.reminders:
            outcome = random.choice(CALL_OUTCOMES)
            if rule.kind == "escalation" and random.random() <= CALLS_MADE:
                yield from self._list_calls(record, rule, (outcome, random))

    def _list_calls(
        self, record: AssessmentRecord, rule: ReminderRule, drawn: tuple[str, Random]
    ) -> Iterator[tuple[datetime, Task]]:
        outcome, random = drawn
        base = {"opening": record.opens_on, "target": record.target_on, "closing": record.closes_on}[
            rule.base
        ]
        if base is None:
            return
        about = f"{record.visit_code}:{rule.code}:{record.revision}"
        key = make_task_key(CALL, self.participant_id, about)
        at = self._moment(base + timedelta(days=rule.days + random.randrange(2)), random)
        yield at, partial(self._act, record, (key, outcome))

    def _act(self, record: AssessmentRecord, what: tuple[str, str], now: datetime) -> str | None:
        """Record what was done, if the list still asks for it."""
        key, outcome = what
        try:
            with self.world.database.writing() as session:
                if load_assessment(session, record.assessment_id).submitted_at is not None:
                    return None
                actor = self.world.find_nurse(session, self.participant_id)
                record_task(session, key, said=_say(outcome), actor=actor, now=now)
        except InputRejected:
            return None
        return "called" if key.startswith(f"{CALL}:") else "checked"

    def _moment(self, day: date, random: Random) -> datetime:
        """Give a moment in the site's working hours."""
        zone = self.world.protocol.default_zone
        at = local_moment(next_weekday(day), random.randrange(13, 17), zone, minute=random.randrange(60))
        return at.astimezone(UTC)


def _say(outcome: str) -> TaskSaid:
    """Say what came of a task, with the reason that goes with it."""
    if outcome == NOT_THIS_TIME:
        return TaskSaid(outcome, reason="REFUSED", said_by="patient")
    return TaskSaid(outcome)
