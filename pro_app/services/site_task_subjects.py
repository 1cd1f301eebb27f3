"""Reading what the tasks of sites follow from, for those about whom there may be something to do."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from pro_app.protocol.events import Facts, fold_events
from pro_app.protocol.windows import civil_window
from pro_app.reminders.task_situation import MissedVisit, TaskMessage, TaskRecord, TaskSituation, TaskVisit
from pro_app.services.task_candidates import (
    REASONS_ARE_ASKED_FOR,
    TESTS_COUNT_FOR,
    Candidates,
    find_candidates,
)
from pro_app.services.task_progress import BegunForm, Progress, count_progress
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.outbox import find_taken_over, list_messages_about
from pro_app.storage.queries.site_tasks import (
    ASKED_ABOUT_AT_ONCE,
    TaskPerson,
    TaskScope,
    list_events_of,
    list_people,
    list_records_of,
)
from pro_app.storage.queries.task_visits import MissedVisitRow, WaitingVisit, list_missed_visits


@dataclass(frozen=True, slots=True)
class TaskSubject:
    """One participant with all that the tasks follow from."""

    participant: TaskPerson
    situation: TaskSituation


def load_task_subjects(
    session: Session, scope: TaskScope, *, now: datetime, only_counted: bool = False
) -> list[TaskSubject]:
    """Load those in scope about whom there may be something to do, by code, one participant always.

    How far forms got and how much was missed before changes no number of tasks: with `only_counted` it stays
    unread.
    """
    found = find_candidates(session, scope, now=now)
    wanted = found.participant_ids | ({scope.participant_id} if scope.participant_id is not None else set())
    people = list_people(session, wanted)
    ids = [person.id for person in people]
    facts = _load_facts(session, ids, known=found.facts)
    messages = _list_messages(session, found, ids, now=now)
    records = _list_records(session, ids)
    forms = [visit for person_id in ids for visit in found.visits.get(person_id, ())]
    progress = {} if only_counted else count_progress(session, _list_begun(session, forms))
    missed: Mapping[int, Sequence[MissedVisitRow]] = found.unexplained
    if not only_counted:
        missed = _group_missed(list_missed_visits(session, ids, now=now))
    return [
        TaskSubject(
            person,
            TaskSituation(
                participant_id=person.id,
                zone=person.zone,
                protocol=load_protocol(session, person.protocol_sha256),
                facts=facts[person.id],
                visits=tuple(
                    _read_visit(session, visit, progress) for visit in found.visits.get(person.id, ())
                ),
                messages=tuple(messages.get(person.id, ())),
                stops=tuple(found.stops.get(person.id, ())),
                records=tuple(records.get(person.id, ())),
                missed=tuple(_read_missed(row, today=now.date()) for row in missed.get(person.id, ())),
                matters=tuple(found.matters.get(person.id, ())),
                telephone_changed_at=person.telephone_changed_at,
                goes_live_on=person.goes_live_on,
                unsent=tuple(found.unsent.get(person.id, ())),
            ),
        )
        for person in people
    ]


def _load_facts(session: Session, ids: Iterable[int], *, known: Mapping[int, Facts]) -> dict[int, Facts]:
    """Give what is known of each participant, of those without any event too."""
    wanted = [person_id for person_id in ids if person_id not in known]
    events = list_events_of(session, wanted)
    return {**known, **{person_id: fold_events(events.get(person_id, ())) for person_id in wanted}}


def _list_messages(
    session: Session, found: Candidates, ids: Sequence[int], *, now: datetime
) -> dict[int, list[TaskMessage]]:
    """List the messages about these people's visits, and the newest tests, by participant."""
    codes = {
        visit.assessment_id: visit.visit_code for person in ids for visit in found.visits.get(person, ())
    }
    rows = []
    for start in range(0, len(ids), ASKED_ABOUT_AT_ONCE):
        part = ids[start : start + ASKED_ABOUT_AT_ONCE]
        rows += list_messages_about(
            session,
            assessment_ids=[visit.assessment_id for person in part for visit in found.visits.get(person, ())],
            participant_ids=part,
            tests_since=now - TESTS_COUNT_FOR,
        )
    taken_over = find_taken_over(session, rows)
    messages: dict[int, list[TaskMessage]] = defaultdict(list)
    for row in rows:
        message = TaskMessage(
            message_id=row.id,
            visit_code=codes.get(row.assessment_id or 0),
            template_code=row.template_code,
            channel=row.channel,
            state=row.state,
            reason=row.outcome_reason,
            at=row.finished_at or row.due_at,
            is_taken_over=row.id in taken_over,
        )
        messages[row.participant_id].append(message)
    return messages


def _list_records(session: Session, ids: Iterable[int]) -> dict[int, list[TaskRecord]]:
    """List what sites recorded about these people, by participant."""
    found: dict[int, list[TaskRecord]] = defaultdict(list)
    for person_id, task_key, outcome, note, recorded_at, by_id, again_on in list_records_of(session, ids):
        record = TaskRecord(
            task_key, outcome, note, recorded_at=recorded_at, recorded_by_id=by_id, again_on=again_on
        )
        found[person_id].append(record)
    return found


def _list_begun(session: Session, forms: Iterable[WaitingVisit]) -> list[BegunForm]:
    return [
        BegunForm(form.assessment_id, form.visit_code, load_protocol(session, form.protocol_sha256))
        for form in forms
        if form.started_at is not None
    ]


def _group_missed(rows: Iterable[MissedVisitRow]) -> dict[int, list[MissedVisitRow]]:
    found: dict[int, list[MissedVisitRow]] = defaultdict(list)
    for row in rows:
        found[row.participant_id].append(row)
    return found


def _read_visit(session: Session, form: WaitingVisit, progress: Mapping[int, Progress]) -> TaskVisit:
    got = progress.get(form.assessment_id, Progress())
    return TaskVisit(
        visit_code=form.visit_code,
        revision=form.revision,
        opens_on=form.opens_on,
        target_on=form.target_on,
        closes_on=form.closes_on,
        window=civil_window(form.opens_on, form.closes_on, form.zone),
        closed=False,
        started=form.started_at is not None,
        submitted=False,
        protocol=load_protocol(session, form.protocol_sha256),
        passed=got.passed,
        questions=got.questions,
    )


def _read_missed(row: MissedVisitRow, *, today: date) -> MissedVisit:
    was_live = row.site_live_on is None or row.closed_on >= row.site_live_on
    is_asked = not row.is_explained and was_live and row.closed_on >= today - REASONS_ARE_ASKED_FOR
    return MissedVisit(row.assessment_id, row.visit_code, row.closed_on, is_asked=is_asked, was_live=was_live)
