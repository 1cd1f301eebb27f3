"""What sites are asked to do: listing it, counting it, and recording what was done about it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import InputRejected, NotFound, Problem
from pro_app.language import mark
from pro_app.protocol.leaving import find_message_rule
from pro_app.protocol.rules import MessageRule
from pro_app.reminders.outbox import replan_reminders
from pro_app.reminders.site_tasks import DueTask, list_site_tasks
from pro_app.reminders.task_outcomes import CHANNEL, WAYS_BACK, Outcome, find_outcome, list_outcomes
from pro_app.services.channel_stops import lift_channel_stop
from pro_app.services.messages import find_outcome_words
from pro_app.services.participants import load_participant
from pro_app.services.site_task_subjects import TaskSubject, load_task_subjects
from pro_app.storage.queries.participants import list_sites
from pro_app.storage.queries.site_tasks import TaskScope, list_task_records
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.site_tasks import SiteTaskRecord

SENT_TWICE_WITHIN = timedelta(minutes=10)
LONGEST_NOTE = 500
GONE = mark("This task is settled or its reason is gone. Nothing was recorded.")


@dataclass(frozen=True, slots=True)
class SiteTaskLine:
    """One task with what a page needs to say it; labels in the language asked for, no contact in it.

    `failure` says why a message did not arrive, as a message id. `messages` says whether messages are `sent`,
    `held` (until `held_until`) or `stopped` for the participant.
    """

    task: DueTask
    participant_code: str
    site_id: int
    zone: str
    visit_label: str
    event_label: str
    task_label: str
    failure: str | None
    messages: MessageRule
    held_until: date | None

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """List what may be recorded about it."""
        return list_outcomes(self.task.kind)


@dataclass(frozen=True, slots=True)
class SiteTaskCount:
    """How many tasks a site has, in all and by kind."""

    site_id: int
    site_name: str
    total: int
    by_kind: dict[str, int]


def list_tasks_of_sites(
    session: Session, *, site_ids: Iterable[int] | None, actor: Actor, language: str, now: datetime
) -> list[SiteTaskLine]:
    """List the tasks of sites within the actor's reach (None: all of them), the most urgent first."""
    scope = _make_scope(actor, site_ids)
    subjects = load_task_subjects(session, scope, now=now)
    lines = [line for subject in subjects for line in _list_lines(subject, language=language, now=now)]
    return sorted(lines, key=_urgency)


def list_tasks_of_participant(
    session: Session, participant_id: int, *, actor: Actor, language: str, now: datetime
) -> list[SiteTaskLine]:
    """List the tasks about one participant whom the actor may reach, the most urgent first."""
    participant = load_participant(session, participant_id, actor=actor)
    return _list_own(session, participant, language=language, now=now)


def count_tasks(session: Session, *, actor: Actor, now: datetime) -> int:
    """Count the tasks of the sites within the actor's reach."""
    subjects = load_task_subjects(session, _make_scope(actor, None), now=now)
    return sum(len(list_site_tasks(subject.situation, now=now)) for subject in subjects)


def count_tasks_by_site(session: Session, *, actor: Actor, now: datetime) -> list[SiteTaskCount]:
    """Count the tasks of each site within the actor's reach, sites without any included, by site code."""
    counts: dict[int, Counter[str]] = {}
    for subject in load_task_subjects(session, _make_scope(actor, None), now=now):
        kinds = Counter(task.kind for task in list_site_tasks(subject.situation, now=now))
        counts.setdefault(subject.participant.site_id, Counter()).update(kinds)
    return [
        SiteTaskCount(
            site.id, site.name, counts.get(site.id, Counter()).total(), dict(counts.get(site.id, {}))
        )
        for site in list_sites(session, study_id=_study_of(actor), site_ids=actor.site_ids)
    ]


def record_task(
    session: Session, task_key: str, *, outcome: str, note: str, actor: Actor, now: datetime
) -> SiteTaskRecord:
    """Record what the site did about a task and plan messages anew; the same form sent twice counts once.

    A check that is recorded lets the invitation go that waited for it, an address that is right again lifts
    the stop of its channel. Raises InputRejected if the task is no longer there or the outcome is none.
    """
    participant = load_participant(session, _participant_of(task_key), actor=actor, lock=True)
    scope = TaskScope(participant.study_id, participant_id=participant.id)
    earlier = [row for row in list_task_records(session, scope) if row.task_key == task_key][-1:]
    row = SiteTaskRecord(
        task_key=task_key,
        site_id=participant.site_id,
        participant_id=participant.id,
        outcome=outcome,
        note=note.strip() or None,
        recorded_at=now,
        recorded_by_id=actor.account_id,
    )
    if earlier and _is_sent_twice(earlier[0], row):
        return earlier[0]
    line = _find_line(_list_own(session, participant, language=participant.language, now=now), task_key)
    _check(line.task, row)
    session.add(row)
    session.flush()
    if line.task.kind == CHANNEL and outcome == WAYS_BACK and line.task.stop_id is not None:
        lift_channel_stop(session, participant.id, line.task.stop_id, actor=actor, now=now)
    replan_reminders(session, participant=participant, now=now)
    _record_in_trail(session, row, before=earlier[0] if earlier else None, actor=actor, now=now)
    return row


def _make_scope(actor: Actor, site_ids: Iterable[int] | None) -> TaskScope:
    """Give the sites asked for as far as the actor reaches them; others are as absent as unknown ones."""
    wanted = None if site_ids is None else frozenset(site_ids)
    if actor.site_ids is not None:
        wanted = actor.site_ids if wanted is None else wanted & actor.site_ids
    return TaskScope(_study_of(actor), wanted)


def _study_of(actor: Actor) -> int:
    if actor.study_id is None:
        raise NotFound("study")
    return actor.study_id


def _participant_of(task_key: str) -> int:
    """Read the participant's key out of a task's name."""
    number = task_key.split(":")[1:2]
    if not number or not number[0].isdecimal() or len(number[0]) > len(str(2**63)) - 1:
        raise NotFound("task")
    return int(number[0])


def _list_own(
    session: Session, participant: Participant, *, language: str, now: datetime
) -> list[SiteTaskLine]:
    scope = TaskScope(participant.study_id, participant_id=participant.id)
    (subject,) = load_task_subjects(session, scope, now=now)
    return sorted(_list_lines(subject, language=language, now=now), key=_urgency)


def _list_lines(subject: TaskSubject, *, language: str, now: datetime) -> Iterator[SiteTaskLine]:
    person, situation = subject.participant, subject.situation
    protocol, facts = situation.protocol, situation.facts
    labels = {rule.code: rule.label.text(language) for rule in protocol.site_tasks}
    messages = find_message_rule(protocol, facts, situation.civil_day(now))
    for task in list_site_tasks(situation, now=now):
        yield SiteTaskLine(
            task=task,
            participant_code=person.participant_code,
            site_id=person.site_id,
            zone=person.zone,
            visit_label=protocol.visit_label(task.visit_code, language) if task.visit_code else "",
            event_label=protocol.event_label(task.event, language, facts.arm) if task.event else "",
            task_label=labels.get(task.kind, ""),
            failure=find_outcome_words(protocol, task.failure.reason if task.failure else None, language),
            messages=messages,
            held_until=facts.paused_until if messages == "held" else None,
        )


def _urgency(line: SiteTaskLine) -> tuple[date, date, str, str]:
    """Order tasks by the day by which they should be done, then by how long they have been waiting."""
    return (line.task.until_on or date.max, line.task.since_on, line.participant_code, line.task.task_key)


def _find_line(lines: list[SiteTaskLine], task_key: str) -> SiteTaskLine:
    line = next((line for line in lines if line.task.task_key == task_key), None)
    if line is None:
        raise InputRejected((Problem(GONE),))
    return line


def _is_sent_twice(last: SiteTaskRecord, row: SiteTaskRecord) -> bool:
    """Tell whether the last record says the same, by the same person, a moment ago."""
    said = [(r.outcome, r.note, r.recorded_by_id) for r in (last, row)]
    return said[0] == said[1] and row.recorded_at - last.recorded_at <= SENT_TWICE_WITHIN


def _check(task: DueTask, row: SiteTaskRecord) -> None:
    """Raise InputRejected with everything that is wrong with what was said."""
    problems = []
    if find_outcome(task.kind, row.outcome) is None:
        problems.append(Problem(mark("Choose what was done."), place="outcome"))
    if row.note and len(row.note) > LONGEST_NOTE:
        problems.append(
            Problem(mark("Please use %(longest)s characters at most."), {"longest": LONGEST_NOTE}, "note")
        )
    if problems:
        raise InputRejected(tuple(problems))


def _record_in_trail(
    session: Session, row: SiteTaskRecord, *, before: SiteTaskRecord | None, actor: Actor, now: datetime
) -> None:
    items: list[dict[str, object]] = [
        {"field": "task", "after": row.task_key},
        {"field": "outcome", "before": before.outcome if before else None, "after": row.outcome},
    ]
    if row.note:
        items.append({"field": "note", "before": before.note if before else None, "after": row.note})
    change = Change("task.record", f"participant:{row.participant_id}", items)
    record_change(session, change, actor=actor, site_id=row.site_id, now=now)
