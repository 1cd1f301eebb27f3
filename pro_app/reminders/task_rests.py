"""Whether a task is open, settled or rests, by what the site recorded about it (pure)."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from pro_app.reminders.due_task import make_task_key
from pro_app.reminders.task_outcomes import (
    CALL,
    CONTACT,
    IN_TEN_DAYS,
    PREFERS_PAPER,
    WRONG_NUMBER,
    find_known_outcome,
    list_settling_outcomes,
)
from pro_app.reminders.task_situation import TaskRecord, TaskSituation

TELEPHONE = "telephone"
"""What a contact task is about: a person has one number."""


@dataclass(frozen=True)
class RecordedWork:
    """What the site recorded about one participant, asked on one civil day of the participant's zone."""

    situation: TaskSituation
    today: date

    def find_open_key(self, kind: str, about: str | int, *, counts_from: date | None = None) -> str | None:
        """Give the key of a task, None if it is settled or rests today.

        What was recorded before `counts_from` belongs to an earlier one.
        """
        key = make_task_key(kind, self.situation.participant_id, about)
        record = self.find_tried(key)
        if record is None or (kind == CALL and record.outcome == WRONG_NUMBER):
            return key
        if counts_from is not None and self.situation.civil_day(record.recorded_at) < counts_from:
            return key
        return None if self._is_resting(kind, record) else key

    def find_tried(self, task_key: str) -> TaskRecord | None:
        """Find what was recorded last under a key."""
        return self.situation.newest_records.get(task_key)

    def is_settled(self, kind: str, about: str) -> bool:
        """Say whether the last record about a task settles it."""
        record = self.find_tried(make_task_key(kind, self.situation.participant_id, about))
        return record is not None and record.outcome in list_settling_outcomes(kind)

    def find_paper_day(self, about: str) -> date | None:
        """Find from when a sheet of paper is missed, after a call in which paper was preferred.

        None where nobody said so, or something else was said later.
        """
        record = self.find_tried(make_task_key(CALL, self.situation.participant_id, about))
        if record is None or record.outcome != PREFERS_PAPER:
            return None
        return self.situation.civil_day(record.recorded_at) + timedelta(days=IN_TEN_DAYS)

    @cached_property
    def wrong_number(self) -> TaskRecord | None:
        """The call that met a wrong number, until there is another one or the number proves right."""
        calls = make_task_key(CALL, self.situation.participant_id, "")
        met = [
            r for r in self.situation.records if r.task_key.startswith(calls) and r.outcome == WRONG_NUMBER
        ]
        changed_at, found = self.situation.telephone_changed_at, self._contact_record
        if not met or (changed_at is not None and changed_at >= met[-1].recorded_at):
            return None
        settled = found is not None and found.outcome in list_settling_outcomes(CONTACT)
        return None if settled and found and found.recorded_at >= met[-1].recorded_at else met[-1]

    @property
    def contact_key(self) -> str | None:
        """The key of the task to put the number right; None if there is none, or it rests today."""
        if self.wrong_number is None:
            return None
        key, record = self._contact_task_key, self._contact_record
        is_earlier = record is None or record.recorded_at < self.wrong_number.recorded_at
        return key if is_earlier or (record and not self._is_resting(CONTACT, record)) else None

    @property
    def _contact_task_key(self) -> str:
        return make_task_key(CONTACT, self.situation.participant_id, TELEPHONE)

    @property
    def _contact_record(self) -> TaskRecord | None:
        return self.find_tried(self._contact_task_key)

    def _is_resting(self, kind: str, record: TaskRecord) -> bool:
        """Say whether a task is settled, or the day on which it comes back is still ahead."""
        outcome = find_known_outcome(kind, record.outcome)
        if outcome is None or outcome.rests_days is None:
            return True
        recorded_on = self.situation.civil_day(record.recorded_at)
        return self.today < (record.again_on or recorded_on + timedelta(days=outcome.rests_days))
