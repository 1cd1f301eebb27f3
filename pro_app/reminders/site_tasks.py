"""What a site is asked to do about one participant, derived from plan, messages and what it did (pure).

Nothing here is stored: a task is there while its reason holds and the site has not settled it.

* Somebody who asked for no more messages, or for a pause, is still to be called: a call is how the site
  asks whether link, tablet or paper suits better, and without it the questionnaire would go missing in
  silence. The list says that messages are stopped or held, so that the caller knows before dialling. About
  messages and ways of sending nothing is asked once messages are stopped.
* Nothing is asked about visits that are closed, no longer required or already explained, and nobody is called
  who left or died.
* Nobody is called before the site works with the app, and no check is asked for.
* Nobody is called on a number that proved wrong; putting it right is the task.
* Who preferred paper is not called again: after ten days the missing sheet is the task, until one is there.
* What was missed without a reason, and what other parts of the app ask, is the site's own work and stays to
  be done after somebody left.
* One call settles a message that did not arrive, and a resting channel explains one that came back: of
  several tasks with one cause the site sees one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property

from pro_app.protocol.anchors import find_expected_date, find_proposed_date, find_recorded_date
from pro_app.protocol.leaving import find_message_rule
from pro_app.protocol.rules import ReminderRule, SiteTask
from pro_app.reminders.due_task import DueTask, make_task_key
from pro_app.reminders.task_follow_ups import (
    list_contact_tasks,
    list_matter_tasks,
    list_missing_reasons,
    list_unsent_answers,
)
from pro_app.reminders.task_outcomes import (
    CALL,
    CHANNEL,
    MESSAGE,
    PAPER_AWAITED,
    RECORD_DATE,
    SECOND_ENTRY,
    list_settling_outcomes,
)
from pro_app.reminders.task_rests import RecordedWork
from pro_app.reminders.task_situation import PUSH, TaskMessage, TaskSituation, TaskVisit

__all__ = ["CHECK_COUNTS_DAYS_EARLIER", "DueTask", "list_site_tasks", "make_task_key"]

CHECK_COUNTS_DAYS_EARLIER = 30
"""A check of status and contacts that was recorded so much before its time still counts."""
ARRIVED, NOT_ARRIVED = frozenset({"sent"}), frozenset({"failed", "unknown"})


def list_site_tasks(situation: TaskSituation, *, now: datetime) -> tuple[DueTask, ...]:
    """List what the site is asked to do about a participant at `now` (aware UTC)."""
    today = situation.civil_day(now)
    asker = _Asker(situation, RecordedWork(situation, today), today, now=now)
    about_person = () if _is_over(situation) else asker.list_about_person()
    own = (
        *list_missing_reasons(asker.work),
        *list_matter_tasks(situation),
    )
    misses = sum(visit.was_live for visit in situation.missed)
    return tuple(replace(task, misses=misses) for task in (*about_person, *own))


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
    work: RecordedWork
    today: date
    now: datetime

    def list_about_person(self) -> Iterator[DueTask]:
        """List what there is to do with the person: calls, checks, messages, contacts and dates."""
        yield from self.list_calls()
        yield from self.list_awaited_sheets()
        yield from self.list_checks()
        if not self.is_stopped:
            yield from self.list_messages()
            yield from self.list_channels()
        yield from list_contact_tasks(self.work, until_on=self._soonest_call())
        yield from list_unsent_answers(self.work)
        yield from self.list_dates()

    @cached_property
    def is_stopped(self) -> bool:
        rule = find_message_rule(self.situation.protocol, self.situation.facts, self.today)
        return rule == "stopped"

    def list_calls(self) -> Iterator[DueTask]:
        """List the escalations whose day came, for as long as the visit can still be answered."""
        if self.work.wrong_number is not None:
            return
        for visit, rule, day in self._due_calls():
            about = _about_call(visit, rule)
            if self.work.find_paper_day(about) is not None:
                continue
            if (key := self.work.find_open_key(CALL, about)) is not None:
                yield DueTask(
                    key,
                    CALL,
                    self.situation.participant_id,
                    why="started" if visit.started else "not_started",
                    since_on=day,
                    until_on=visit.closes_on,
                    visit_code=visit.visit_code,
                    sent=self._sent_about(visit.visit_code),
                    tried=self.work.find_tried(key),
                    passed=visit.passed,
                    questions=visit.questions,
                )

    def list_awaited_sheets(self) -> Iterator[DueTask]:
        """List the sheets of paper that did not come ten days after somebody preferred them."""
        arrived = {matter.visit_code for matter in self.situation.matters if matter.kind == SECOND_ENTRY}
        for visit, rule, _day in self._due_calls():
            about = _about_call(visit, rule)
            missed_from = self.work.find_paper_day(about)
            if missed_from is None or self.today < missed_from or visit.visit_code in arrived:
                continue
            if (key := self.work.find_open_key(PAPER_AWAITED, about)) is not None:
                yield DueTask(
                    key,
                    PAPER_AWAITED,
                    self.situation.participant_id,
                    why="no_sheet",
                    since_on=missed_from,
                    until_on=visit.closes_on,
                    visit_code=visit.visit_code,
                    sent=self._sent_about(visit.visit_code),
                    tried=self.work.find_tried(key),
                )

    def list_checks(self) -> Iterator[DueTask]:
        """List the checks of status and contacts before a window, until its invitation goes anyway."""
        if not self.situation.is_live(self.today):
            return
        for visit in self.situation.visits:
            if visit.closed or visit.explained or visit.submitted or visit.window.has_closed(self.now):
                continue
            for task in self._checks_of(visit):
                asked_on = visit.opens_on - timedelta(days=task.days_before_opening)
                counts_from = asked_on - timedelta(days=CHECK_COUNTS_DAYS_EARLIER)
                key = self.work.find_open_key(task.code, visit.visit_code, counts_from=counts_from)
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
                        tried=self.work.find_tried(key),
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
            if not self.work.is_settled(CALL, _about_call(visit, rule))
        }
        latest: dict[str | None, TaskMessage] = {}
        for message in sorted(self.situation.messages, key=lambda message: message.message_id):
            if message.state in NOT_ARRIVED and message.goes_for_itself:
                latest[message.visit_code] = message
        for visit_code, message in latest.items():
            visit = about_visits.get(visit_code or "")
            if (visit_code is not None and (visit is None or visit.submitted)) or visit_code in called:
                continue
            if self._is_settled_otherwise(message):
                continue
            if (key := self.work.find_open_key(MESSAGE, message.message_id)) is not None:
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
                    tried=self.work.find_tried(key),
                )

    def list_channels(self) -> Iterator[DueTask]:
        """List the channels that rest."""
        for stop in self.situation.stops:
            if (key := self.work.find_open_key(CHANNEL, stop.stop_id)) is not None:
                yield DueTask(
                    key,
                    CHANNEL,
                    self.situation.participant_id,
                    why=stop.reason,
                    since_on=self.situation.civil_day(stop.since_at),
                    channel=stop.channel,
                    stop_id=stop.stop_id,
                    tried=self.work.find_tried(key),
                )

    def list_dates(self) -> Iterator[DueTask]:
        """List the events that visits count from, that should have happened by now and are not recorded."""
        protocol, facts = self.situation.protocol, self.situation.facts
        for event in dict.fromkeys(anchor.event for anchor in protocol.anchors):
            if find_recorded_date(facts, event) is not None:
                continue
            day = find_proposed_date(protocol, facts, event) or find_expected_date(protocol, facts, event)
            key = self.work.find_open_key(RECORD_DATE, event)
            if day is not None and day < self.today and key is not None:
                yield DueTask(
                    key,
                    RECORD_DATE,
                    self.situation.participant_id,
                    why="date_past",
                    since_on=day,
                    event=event,
                    tried=self.work.find_tried(key),
                )

    def _due_calls(self) -> Iterator[tuple[TaskVisit, ReminderRule, date]]:
        """Give the escalations whose day came and whose reason holds, whatever the site did about them."""
        if not self.situation.is_live(self.today):
            return
        for visit in self._running_visits():
            for rule in self._rules_of(visit):
                day = visit.day_of(rule)
                if day is not None and self.today >= day and visit.fulfils(rule):
                    yield visit, rule, day

    def _running_visits(self) -> Iterator[TaskVisit]:
        """Give the visits whose window is open now, and of which the site has not said why they stay out."""
        awaited = (v for v in self.situation.visits if not v.closed and not v.explained)
        return (v for v in awaited if v.window.is_open(self.now))

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

    def _soonest_call(self) -> date | None:
        """Find the last day of the period that ends first among those that somebody is to be called about."""
        ends = [visit.closes_on for visit, _rule, _day in self._due_calls() if visit.closes_on]
        return min(ends, default=None)


def _about_call(visit: TaskVisit, rule: ReminderRule) -> str:
    return f"{visit.visit_code}:{rule.code}:{visit.revision}"
