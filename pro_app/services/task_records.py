"""Recording what a site did about a task, once, whoever else is at it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.clock import civil_date
from pro_app.errors import InputRejected, NotFound, Problem
from pro_app.language import mark
from pro_app.reminders.outbox import replan_reminders
from pro_app.reminders.site_tasks import DueTask
from pro_app.reminders.task_outcomes import (
    CHANNEL,
    LONGEST_WAIT,
    MATTERS,
    PHONE_LOST,
    UNSENT,
    WAYS_BACK,
    Outcome,
    find_outcome,
)
from pro_app.services.channel_stops import lift_channel_stop
from pro_app.services.participants import load_participant
from pro_app.services.site_tasks import list_due_tasks
from pro_app.services.visits import NotDone, record_not_done
from pro_app.storage.queries.assessments import list_assessments
from pro_app.storage.queries.device_reports import resolve_report
from pro_app.storage.queries.site_tasks import TaskScope, list_task_records
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.site_tasks import SiteTaskRecord

SENT_TWICE_WITHIN = timedelta(minutes=10)
LONGEST_NOTE = 500
GONE = mark("This task is settled or its reason is gone. Nothing was recorded.")
PLACES = {"text": "note"}
"""Where the form of a task asks for what the form of a missing visit calls otherwise."""


@dataclass(frozen=True, slots=True)
class TaskSaid:
    """What a site says that came of a task; `again_on` is the day on which it means to try again.

    `reason` and `said_by` are codes of the protocol, for an outcome that needs them; `note` is free text.
    """

    outcome: str
    note: str = ""
    again_on: date | None = None
    reason: str | None = None
    said_by: str | None = None


def record_task(
    session: Session, task_key: str, *, said: TaskSaid, actor: Actor, now: datetime
) -> SiteTaskRecord:
    """Record what the site did about a task and plan messages anew; the same form sent twice counts once.

    A check that is recorded lets the invitation go that waited for it, an address that is right again
    lifts the stop of its channel, a lost phone ends what it said, a reason becomes that of the visit. The
    participant is locked, so that of two people at the same task the second finds it done. Raises
    InputRejected if the task is no longer there, or with everything that is wrong with what was said, by
    the field.
    """
    participant = load_participant(session, _participant_of(task_key), actor=actor, lock=True)
    row = _make_row(participant, task_key, said, actor=actor, now=now)
    before = _find_last(session, participant, task_key)
    due = list_due_tasks(session, participant, actor=actor, now=now)
    task = next((task for task in due if task.task_key == task_key and task.kind not in MATTERS), None)
    if task is None:
        # Only now: a task that came back a moment after it was done is done again.
        if before and _is_sent_twice(before, row):
            return before
        raise InputRejected((Problem(GONE),))
    outcome = _check(task, row, today=civil_date(now, participant.zone))
    if outcome.needs_reason:
        # First, because it may be refused, and then nothing is to be kept.
        _record_reason(session, participant, task, said=said, actor=actor, now=now)
    session.add(row)
    session.flush()
    if task.kind == CHANNEL and said.outcome == WAYS_BACK and task.stop_id is not None:
        lift_channel_stop(session, participant.id, task.stop_id, actor=actor, now=now)
    if task.kind == UNSENT and said.outcome == PHONE_LOST and task.report_id is not None:
        # Should the phone turn up after all, what it says then is asked about anew.
        resolve_report(session, participant.id, task.report_id, now=now)
    replan_reminders(session, participant=participant, now=now)
    _record_in_trail(session, row, before=before, actor=actor, now=now)
    return row


def _participant_of(task_key: str) -> int:
    """Read the participant's key out of a task's name."""
    number = task_key.split(":")[1:2]
    if not number or not number[0].isdecimal() or len(number[0]) > len(str(2**63)) - 1:
        raise NotFound("task")
    return int(number[0])


def _make_row(
    participant: Participant, task_key: str, said: TaskSaid, *, actor: Actor, now: datetime
) -> SiteTaskRecord:
    """Make the record; of what was said it keeps what belongs to the outcome."""
    outcome = find_outcome(task_key.split(":", maxsplit=1)[0], said.outcome)
    return SiteTaskRecord(
        task_key=task_key,
        site_id=participant.site_id,
        participant_id=participant.id,
        outcome=said.outcome,
        note=said.note.strip() or None,
        again_on=said.again_on if outcome and outcome.day_is_chosen else None,
        reason_code=said.reason or None if outcome and outcome.needs_reason else None,
        said_by=said.said_by or None if outcome and outcome.needs_reason else None,
        recorded_at=now,
        recorded_by_id=actor.account_id,
    )


def _find_last(session: Session, participant: Participant, task_key: str) -> SiteTaskRecord | None:
    scope = TaskScope(participant.study_id, participant_id=participant.id)
    rows = [row for row in list_task_records(session, scope) if row.task_key == task_key]
    return rows[-1] if rows else None


def _is_sent_twice(last: SiteTaskRecord, row: SiteTaskRecord) -> bool:
    """Tell whether the last record says the same, by the same person, a moment ago."""
    said = [(r.outcome, r.note, r.again_on, r.reason_code, r.said_by, r.recorded_by_id) for r in (last, row)]
    return said[0] == said[1] and row.recorded_at - last.recorded_at <= SENT_TWICE_WITHIN


def _check(task: DueTask, row: SiteTaskRecord, *, today: date) -> Outcome:
    """Give the outcome, or raise InputRejected with everything that is wrong with what was said."""
    outcome = find_outcome(task.kind, row.outcome)
    problems = []
    if outcome is None:
        problems.append(Problem(mark("Choose what was done."), place="outcome"))
    if row.note and len(row.note) > LONGEST_NOTE:
        problems.append(
            Problem(mark("Please use %(longest)s characters at most."), {"longest": LONGEST_NOTE}, "note")
        )
    if row.again_on is not None:
        problems += _check_again_on(task, row.again_on, today=today)
    if outcome is None or problems:
        raise InputRejected(tuple(problems))
    return outcome


def _check_again_on(task: DueTask, again_on: date, *, today: date) -> list[Problem]:
    """List what is wrong with the day on which the site means to try again."""
    if again_on <= today:
        return [Problem(mark("Choose a day after today."), place="again_on")]
    if again_on > today + timedelta(days=LONGEST_WAIT):
        words = mark("Choose a day within %(longest)s days.")
        return [Problem(words, {"longest": LONGEST_WAIT}, "again_on")]
    if task.until_on is not None and again_on > task.until_on:
        return [Problem(mark("The period is over by then. Choose an earlier day."), place="again_on")]
    return []


def _record_reason(
    session: Session,
    participant: Participant,
    task: DueTask,
    *,
    said: TaskSaid,
    actor: Actor,
    now: datetime,
) -> None:
    """Make what was said on the telephone the reason of the visit."""
    records = list_assessments(session, participant_id=participant.id)
    visit = next((r for r in records if r.visit_code == task.visit_code and r.ordinal == 0), None)
    if visit is None:
        raise NotFound("assessment")
    words = NotDone(said.reason or "", said.said_by or "", said.note)
    try:
        record_not_done(session, visit.assessment_id, words, actor=actor, now=now)
    except InputRejected as rejected:
        raise InputRejected(tuple(_place(rejected.problems))) from rejected


def _place(problems: Iterable[Problem]) -> Iterable[Problem]:
    """Say what is wrong at the fields of the form of a task."""
    for problem in problems:
        yield Problem(problem.message, problem.values, PLACES.get(problem.place, problem.place))


def _record_in_trail(
    session: Session, row: SiteTaskRecord, *, before: SiteTaskRecord | None, actor: Actor, now: datetime
) -> None:
    items: list[dict[str, object]] = [
        {"field": "task", "after": row.task_key},
        {"field": "outcome", "before": before.outcome if before else None, "after": row.outcome},
    ]
    for field, value in (
        ("again_on", row.again_on and row.again_on.isoformat()),
        ("reason", row.reason_code),
    ):
        items += [{"field": field, "after": value}] if value else []
    if row.outcome == PHONE_LOST:
        items.append({"field": "report", "before": "open", "after": "ended"})
    if row.note:
        items.append({"field": "note", "before": before.note if before else None, "after": row.note})
    change = Change("task.record", f"participant:{row.participant_id}", items)
    record_change(session, change, actor=actor, site_id=row.site_id, now=now)
