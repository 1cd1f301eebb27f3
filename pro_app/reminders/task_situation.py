"""What the tasks about one participant follow from: facts, visits, messages, stops and records (pure).

Of a form there is whether it was begun or sent and how many questions were passed; an answer is not in here.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from pro_app.protocol.events import Facts
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.rules import ReminderRule
from pro_app.protocol.windows import Window

SITE_ROLES = frozenset({"nurse", "investigator"})
PUSH = "push"


@dataclass(frozen=True, slots=True)
class TaskVisit:
    """One visit of the current plan; `closed`: it need not or cannot be answered. Days are civil dates.

    `explained`: the site has said why it will be missing. `passed` counts the questions that were answered or
    passed over so far, out of `questions`.
    """

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
    explained: bool = False
    passed: int = 0
    questions: int = 0

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

    @property
    def goes_for_itself(self) -> bool:
        """Say whether it tells if something reached the person.

        A push message goes beside the others and proves nothing: a browser may show it to nobody. A message
        in whose place another one goes leaves it to that one.
        """
        return self.channel != PUSH and not self.is_taken_over


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
    """One thing that the site did about a task; `again_on` is the day on which it means to try again."""

    task_key: str
    outcome: str
    note: str | None
    recorded_at: datetime
    recorded_by_id: int | None
    again_on: date | None = None


@dataclass(frozen=True, slots=True)
class MissedVisit:
    """One visit whose window closed without a form, or with one that was never sent.

    `was_live`: the site had gone live by then, so that it could have been answered here. `is_asked`: the site
    is still to say why; False where it did, where the site was not live yet, or where it is too long ago.
    """

    assessment_id: int
    visit_code: str
    closed_on: date
    is_asked: bool
    was_live: bool


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing that another part of the app asks a site to do, and that ends on a page of its own.

    `kind` is one of `task_outcomes.MATTERS`; `about` says what it is about, unique for kind and participant;
    `why` is a code whose words the page knows. Days are civil dates of the participant's zone. The account
    `not_for_id` is not asked: it did its part.
    """

    participant_id: int
    kind: str
    about: str
    why: str
    since_on: date
    until_on: date | None = None
    visit_code: str | None = None
    for_roles: frozenset[str] = SITE_ROLES
    not_for_id: int | None = None


@dataclass(frozen=True, slots=True)
class UnsentAnswers:
    """What one phone said: how many answers it still holds, and when the oldest was given (aware UTC)."""

    report_id: int
    held: int
    oldest_at: datetime


@dataclass(frozen=True)
class TaskSituation:
    """All that the tasks about one participant follow from; records in the order of recording.

    Before `goes_live_on` nobody is written to or called from the site; None: it is live.
    """

    participant_id: int
    zone: str
    protocol: Protocol
    facts: Facts
    visits: tuple[TaskVisit, ...]
    messages: tuple[TaskMessage, ...] = ()
    stops: tuple[TaskStop, ...] = ()
    records: tuple[TaskRecord, ...] = ()
    missed: tuple[MissedVisit, ...] = ()
    matters: tuple[Matter, ...] = ()
    telephone_changed_at: datetime | None = None
    goes_live_on: date | None = None
    unsent: tuple[UnsentAnswers, ...] = ()

    @cached_property
    def newest_records(self) -> dict[str, TaskRecord]:
        """The record that counts under each key."""
        return {record.task_key: record for record in self.records}

    def is_live(self, on: date) -> bool:
        """Say whether the site works with the app on a day, so that people are written to and called."""
        return self.goes_live_on is None or on >= self.goes_live_on

    def civil_day(self, at: datetime) -> date:
        """Give the day that the participant reads at a moment."""
        return at.astimezone(ZoneInfo(self.zone)).date()
