"""What a site is asked to do about one participant, derived from plan, messages and what it did (pure).

Nothing here is stored: a task is there while its reason holds and the site has not settled it.

* Somebody who asked for no more messages, or for a pause, is still to be called: a call is how the site
  asks whether link, tablet or paper suits better, and without it the questionnaire would go missing in
  silence. The list says that messages are stopped or held, so that the caller knows before dialling. About
  messages and ways of sending nothing is asked once messages are stopped.
* Nothing is asked about visits that are closed or no longer required, nor about somebody who left or died.
* One call settles a message that did not arrive, and a resting channel explains one that came back: of
  several tasks with one cause the site sees one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from pro_app.protocol.anchors import find_expected_date, find_proposed_date, find_recorded_date
from pro_app.protocol.leaving import find_message_rule
from pro_app.protocol.rules import ReminderRule, SiteTask
from pro_app.reminders.task_outcomes import (
    CALL,
    CHANNEL,
    MESSAGE,
    RECORD_DATE,
    find_outcome,
    list_settling_outcomes,
)
from pro_app.reminders.task_situation import TaskMessage, TaskRecord, TaskSituation, TaskVisit

CHECK_COUNTS_DAYS_EARLIER = 30
"""A check of status and contacts that was recorded so much before its time still counts."""
ARRIVED, NOT_ARRIVED = frozenset({"sent"}), frozenset({"failed", "unknown"})
PUSH = "push"


@dataclass(frozen=True, slots=True)
class DueTask:
    """One thing that the site is asked to do, as codes.

    `why`: `not_started`, `started` (and not sent), `check`, `failed`, `perhaps_sent`, the reason of a
    channel's stop, or `date_past`. `since_on` is the day from which it is asked, `until_on` the day by
    which it should be done, None where there is no such day. `sent` is what went out about the visit.
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
    failure: TaskMessage | None = None
    sent: tuple[TaskMessage, ...] = ()
    tried: TaskRecord | None = None


def make_task_key(kind: str, participant_id: int, about: str | int) -> str:
    """Name a task: its kind, the participant, and what it is about."""
    return f"{kind}:{participant_id}:{about}"


def list_site_tasks(situation: TaskSituation, *, now: datetime) -> tuple[DueTask, ...]:
    """List what the site is asked to do about a participant at `now` (aware UTC)."""
    if _is_over(situation):
        return ()
    asker = _Asker(situation, situation.civil_day(now), now)
    about_messages = () if asker.is_stopped else (*asker.list_messages(), *asker.list_channels())
    return (*asker.list_calls(), *asker.list_checks(), *about_messages, *asker.list_dates())


def _is_over(situation: TaskSituation) -> bool:
    """Say whether the participant left for good, or no visit can be answered any more."""
    return any(
        kind.effect and kind.effect.visits != "stay" and situation.facts.dates_of(kind.code)
        for kind in situation.protocol.event_kinds
    )


@dataclass(frozen=True)
class _Asker:
    """Lists the tasks about one participant on one day, kind by kind."""

    situation: TaskSituation
    today: date
    now: datetime

    @cached_property
    def is_stopped(self) -> bool:
        rule = find_message_rule(self.situation.protocol, self.situation.facts, self.today)
        return rule == "stopped"

    def list_calls(self) -> Iterator[DueTask]:
        """List the escalations whose day came, for as long as the visit can still be answered."""
        for visit, rule, day in self._due_calls():
            if (key := self._open_key(CALL, _about_call(visit, rule))) is not None:
                yield DueTask(
                    key,
                    CALL,
                    self.situation.participant_id,
                    why="started" if visit.started else "not_started",
                    since_on=day,
                    until_on=visit.closes_on,
                    visit_code=visit.visit_code,
                    sent=self._sent_about(visit.visit_code),
                    tried=self._tried(key),
                )

    def list_checks(self) -> Iterator[DueTask]:
        """List the checks of status and contacts before a window, until its invitation goes anyway."""
        for visit in self.situation.visits:
            if visit.closed or visit.submitted or visit.window.has_closed(self.now):
                continue
            for task in self._checks_of(visit):
                asked_on = visit.opens_on - timedelta(days=task.days_before_opening)
                counts_from = asked_on - timedelta(days=CHECK_COUNTS_DAYS_EARLIER)
                key = self._open_key(task.code, visit.visit_code, counts_from=counts_from)
                if self.today >= asked_on and key is not None:
                    waits_until = visit.opens_on + timedelta(days=task.invitation_waits_days)
                    yield DueTask(
                        key,
                        task.code,
                        self.situation.participant_id,
                        why="check",
                        since_on=asked_on,
                        until_on=waits_until if self.today <= waits_until else visit.closes_on,
                        visit_code=visit.visit_code,
                        sent=self._sent_about(visit.visit_code),
                        tried=self._tried(key),
                    )

    def list_messages(self) -> Iterator[DueTask]:
        """List the last message of each visit that did not arrive, unless something reached the person since.

        A push message never goes alone, so that one that is lost asks for nothing. Where a call is due, today
        or again tomorrow, the call is the task.
        """
        about_visits = {visit.visit_code: visit for visit in self._running_visits()}
        called = {
            visit.visit_code
            for visit, rule, _day in self._due_calls()
            if not self._is_settled(CALL, _about_call(visit, rule))
        }
        latest: dict[str | None, TaskMessage] = {}
        for message in sorted(self.situation.messages, key=lambda message: message.message_id):
            if message.state in NOT_ARRIVED and message.channel != PUSH and not message.is_taken_over:
                latest[message.visit_code] = message
        for visit_code, message in latest.items():
            visit = about_visits.get(visit_code or "")
            if (visit_code is not None and (visit is None or visit.submitted)) or visit_code in called:
                continue
            if self._is_settled_otherwise(message):
                continue
            if (key := self._open_key(MESSAGE, message.message_id)) is not None:
                yield DueTask(
                    key,
                    MESSAGE,
                    self.situation.participant_id,
                    why="perhaps_sent" if message.state == "unknown" else "failed",
                    since_on=self.situation.civil_day(message.at),
                    until_on=visit.closes_on if visit else None,
                    visit_code=visit_code,
                    channel=message.channel,
                    failure=message,
                    sent=self._sent_about(visit_code),
                    tried=self._tried(key),
                )

    def list_channels(self) -> Iterator[DueTask]:
        """List the channels that rest."""
        for stop in self.situation.stops:
            if (key := self._open_key(CHANNEL, stop.stop_id)) is not None:
                yield DueTask(
                    key,
                    CHANNEL,
                    self.situation.participant_id,
                    why=stop.reason,
                    since_on=self.situation.civil_day(stop.since_at),
                    channel=stop.channel,
                    stop_id=stop.stop_id,
                    tried=self._tried(key),
                )

    def list_dates(self) -> Iterator[DueTask]:
        """List the events that visits count from, that should have happened by now and are not recorded."""
        protocol, facts = self.situation.protocol, self.situation.facts
        for event in dict.fromkeys(anchor.event for anchor in protocol.anchors):
            if find_recorded_date(facts, event) is not None:
                continue
            day = find_proposed_date(protocol, facts, event) or find_expected_date(protocol, facts, event)
            key = self._open_key(RECORD_DATE, event)
            if day is not None and day < self.today and key is not None:
                yield DueTask(
                    key,
                    RECORD_DATE,
                    self.situation.participant_id,
                    why="date_past",
                    since_on=day,
                    event=event,
                    tried=self._tried(key),
                )

    def _due_calls(self) -> Iterator[tuple[TaskVisit, ReminderRule, date]]:
        """Give the escalations whose day came and whose reason holds, whatever the site did about them."""
        for visit in self._running_visits():
            for rule in self._rules_of(visit):
                day = visit.day_of(rule)
                if day is not None and self.today >= day and visit.fulfils(rule):
                    yield visit, rule, day

    def _running_visits(self) -> Iterator[TaskVisit]:
        """Give the visits whose window is open now."""
        return (v for v in self.situation.visits if not v.closed and v.window.is_open(self.now))

    def _rules_of(self, visit: TaskVisit) -> Iterator[ReminderRule]:
        phase = visit.protocol.find_phase(visit.visit_code)
        return (rule for rule in (phase.reminders if phase else ()) if rule.kind == "escalation")

    def _checks_of(self, visit: TaskVisit) -> Iterator[SiteTask]:
        phase = visit.protocol.find_phase(visit.visit_code)
        return (task for task in visit.protocol.site_tasks if phase and phase.code in task.phases)

    def _sent_about(self, visit_code: str | None) -> tuple[TaskMessage, ...]:
        sent = [m for m in self.situation.messages if m.visit_code == visit_code]
        return tuple(sorted(sent, key=lambda message: message.at))

    def _is_settled_otherwise(self, message: TaskMessage) -> bool:
        """Say whether a later message arrived, the site has called, or the channel's own task tells it.

        A push message goes beside the others and proves nothing about them: a browser may show it to nobody.
        """
        if any(stop.message_id == message.message_id for stop in self.situation.stops):
            return True
        same_visit = self._sent_about(message.visit_code)
        if any(
            other.state in ARRIVED and other.channel != PUSH and other.at >= message.at
            for other in same_visit
        ):
            return True
        calls_about = make_task_key(CALL, self.situation.participant_id, f"{message.visit_code}:")
        return any(
            record.task_key.startswith(calls_about)
            and record.recorded_at >= message.at
            and record.outcome in list_settling_outcomes(CALL)
            for record in self.situation.records
        )

    def _open_key(self, kind: str, about: str | int, *, counts_from: date | None = None) -> str | None:
        """Give the key of a task, None if it is settled or rests today.

        What was recorded before `counts_from` belongs to an earlier one.
        """
        key = make_task_key(kind, self.situation.participant_id, about)
        record = self.situation.newest_records.get(key)
        if record is None:
            return key
        recorded_on = self.situation.civil_day(record.recorded_at)
        if counts_from is not None and recorded_on < counts_from:
            return key
        outcome = find_outcome(kind, record.outcome)
        if outcome is None or outcome.rests_days is None:
            return None
        return key if self.today >= recorded_on + timedelta(days=outcome.rests_days) else None

    def _is_settled(self, kind: str, about: str) -> bool:
        record = self._tried(make_task_key(kind, self.situation.participant_id, about))
        return record is not None and record.outcome in list_settling_outcomes(kind)

    def _tried(self, task_key: str) -> TaskRecord | None:
        return self.situation.newest_records.get(task_key)


def _about_call(visit: TaskVisit, rule: ReminderRule) -> str:
    return f"{visit.visit_code}:{rule.code}:{visit.revision}"
