"""Reading what the tasks of sites follow from, for many participants in few queries."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from sqlalchemy.orm import Session

from pro_app.protocol.events import fold_events
from pro_app.protocol.windows import civil_window
from pro_app.reminders.task_situation import TaskMessage, TaskRecord, TaskSituation, TaskStop, TaskVisit
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.events import read_events
from pro_app.storage.queries.outbox import find_taken_over, list_messages_about
from pro_app.storage.queries.site_tasks import (
    TaskScope,
    list_current_stops,
    list_events_in,
    list_participants_in,
    list_task_records,
    list_waiting_visits,
)
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.channel_reports import ChannelStop
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.site_tasks import SiteTaskRecord

Row = TypeVar("Row")
PlannedForm = tuple[PlannedVisit, Assessment]

TESTS_COUNT_FOR = timedelta(days=14)
"""How long a test message that did not arrive asks for something: it tells about the address of that time."""
A_DAY = timedelta(days=1)
"""As much as the civil date of a zone may differ from that in UTC."""


@dataclass(frozen=True, slots=True)
class TaskSubject:
    """One participant with all that the tasks follow from."""

    participant: Participant
    situation: TaskSituation


def load_task_subjects(session: Session, scope: TaskScope, *, now: datetime) -> list[TaskSubject]:
    """Load the participants in scope by code; seven queries at most, whatever their number."""
    people = list_participants_in(session, scope)
    events = _group(list_events_in(session, scope), lambda row: row.participant_id)
    forms = _list_forms(session, scope, people, today=now.date())
    visits = _group(forms, lambda form: form[0].participant_id)
    messages = _list_messages(session, forms, people, now=now)
    stops = _group(list_current_stops(session, scope), lambda row: row.participant_id)
    records = _group(list_task_records(session, scope), lambda row: row.participant_id)
    return [
        TaskSubject(
            person,
            TaskSituation(
                participant_id=person.id,
                zone=person.zone,
                protocol=load_protocol(session, person.protocol_sha256),
                facts=fold_events(read_events(events.get(person.id, []))),
                visits=tuple(_read_visit(session, form) for form in visits.get(person.id, [])),
                messages=tuple(messages.get(person.id, [])),
                stops=tuple(_read_stop(row) for row in stops.get(person.id, [])),
                records=tuple(_read_record(row) for row in records.get(person.id, [])),
            ),
        )
        for person in people
    ]


def _group(rows: Iterable[Row], key: Callable[[Row], int]) -> dict[int, list[Row]]:
    """Put rows together by the participant they belong to."""
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


def _list_forms(
    session: Session, scope: TaskScope, people: Sequence[Participant], *, today: date
) -> list[PlannedForm]:
    """List the visits that a task could be about: open in some zone, or about to be asked about."""
    protocols = [load_protocol(session, sha256) for sha256 in {person.protocol_sha256 for person in people}]
    longest = max(
        (task.days_before_opening for protocol in protocols for task in protocol.site_tasks), default=0
    )
    opened_by = today + timedelta(days=longest) + A_DAY
    return list(list_waiting_visits(session, scope, opened_by=opened_by, closing_from=today - A_DAY))


def _list_messages(
    session: Session, forms: Sequence[PlannedForm], people: Sequence[Participant], *, now: datetime
) -> dict[int, list[TaskMessage]]:
    """List the messages about these visits, and the newest tests, by participant."""
    codes = {assessment.id: assessment.visit_code for _planned, assessment in forms}
    rows = list_messages_about(
        session,
        assessment_ids=codes,
        participant_ids=[person.id for person in people],
        tests_since=now - TESTS_COUNT_FOR,
    )
    taken_over = find_taken_over(session, rows)
    found: dict[int, list[TaskMessage]] = {}
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
        found.setdefault(row.participant_id, []).append(message)
    return found


def _read_visit(session: Session, form: PlannedForm) -> TaskVisit:
    planned, assessment = form
    return TaskVisit(
        visit_code=planned.visit_code,
        revision=planned.revision,
        opens_on=planned.opens_on,
        target_on=planned.target_on,
        closes_on=planned.closes_on,
        window=civil_window(planned.opens_on, planned.closes_on, planned.zone),
        closed=not planned.expected or planned.reason_code is not None,
        started=assessment.started_at is not None,
        submitted=assessment.submitted_at is not None,
        protocol=load_protocol(session, planned.protocol_sha256),
    )


def _read_stop(row: ChannelStop) -> TaskStop:
    return TaskStop(row.id, row.channel, row.reason, since_at=row.since_at, message_id=row.outbox_message_id)


def _read_record(row: SiteTaskRecord) -> TaskRecord:
    return TaskRecord(
        row.task_key,
        row.outcome,
        row.note,
        recorded_at=row.recorded_at,
        recorded_by_id=row.recorded_by_id,
    )
