"""What the tasks about one participant follow from: facts, visits, messages, stops and records (pure)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from pro_app.protocol.events import Facts
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.rules import ReminderRule
from pro_app.protocol.windows import Window


@dataclass(frozen=True, slots=True)
class TaskVisit:
    """One visit of the current plan; `closed`: it need not or cannot be answered. Days are civil dates."""

    visit_code: str
    revision: int
    opens_on: date
    target_on: date | None
    closes_on: date | None
    window: Window
    closed: bool
    started: bool
    submitted: bool
    protocol: Protocol

    def day_of(self, rule: ReminderRule) -> date | None:
        """Give the day of a rule; None while the day it counts from is not known."""
        bases = {"opening": self.opens_on, "target": self.target_on, "closing": self.closes_on}
        base = bases[rule.base]
        return None if base is None else base + timedelta(days=rule.days)

    def fulfils(self, rule: ReminderRule) -> bool:
        """Say whether what a rule asks of the visit holds."""
        if self.submitted:
            return False
        return {"not_started": not self.started, "not_finished": self.started}.get(rule.condition, True)


@dataclass(frozen=True, slots=True)
class TaskMessage:
    """One message that went out, perhaps did, or did not; `visit_code` is None for a test message.

    `is_taken_over`: another one goes or went in its place, on the next channel.
    """

    message_id: int
    visit_code: str | None
    template_code: str
    channel: str
    state: str
    reason: str | None
    at: datetime
    is_taken_over: bool


@dataclass(frozen=True, slots=True)
class TaskStop:
    """One channel that rests for the participant."""

    stop_id: int
    channel: str
    reason: str
    since_at: datetime
    message_id: int | None


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """One thing that the site did about a task."""

    task_key: str
    outcome: str
    note: str | None
    recorded_at: datetime
    recorded_by_id: int | None


@dataclass(frozen=True)
class TaskSituation:
    """All that the tasks about one participant follow from; records in the order of recording."""

    participant_id: int
    zone: str
    protocol: Protocol
    facts: Facts
    visits: tuple[TaskVisit, ...]
    messages: tuple[TaskMessage, ...] = ()
    stops: tuple[TaskStop, ...] = ()
    records: tuple[TaskRecord, ...] = ()

    @cached_property
    def newest_records(self) -> dict[str, TaskRecord]:
        """The record that counts under each key."""
        return {record.task_key: record for record in self.records}

    def civil_day(self, at: datetime) -> date:
        """Give the day that the participant reads at a moment."""
        return at.astimezone(ZoneInfo(self.zone)).date()
