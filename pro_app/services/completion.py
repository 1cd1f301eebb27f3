"""Completion by visit for a clinic or a study, and the people behind every number."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from pro_app.compliance.rates import AssessmentOutcome, VisitCompletion, list_visit_completions
from pro_app.protocol.events import fold_events
from pro_app.protocol.protocol import UNSCHEDULED, Protocol
from pro_app.protocol.state import STILL_OPEN, AssessmentFacts, AssessmentState, assessment_state
from pro_app.protocol.visit_order import order_visit_codes
from pro_app.protocol.windows import Window
from pro_app.services.clinic_scope import ClinicScope
from pro_app.services.protocol_versions import find_visit_label
from pro_app.services.studies import load_current_protocol
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments
from pro_app.storage.queries.completion import list_valid_assessment_ids
from pro_app.storage.queries.events import list_events_by_participant, read_events
from pro_app.storage.queries.participants import list_participants
from pro_app.storage.tables.participants import Participant

FIGURES = (
    "expected",
    "received",
    "valid",
    "in_window",
    "late",
    "incomplete",
    "missed",
    "completed",
    "available",
    "randomised",
)
"""The numbers of a visit that lead to their list of participants."""


@dataclass(frozen=True, slots=True)
class VisitRow:
    """One visit with its words and its numbers."""

    label: str
    completion: VisitCompletion


@dataclass(frozen=True, slots=True)
class CompletionTable:
    """Every visit of which a window has closed, in protocol order.

    `completed` and `expected` are summed over the visits; `completion_rate` is None without any.
    `denominator_event` is the kind of event that puts a participant into the fixed denominator.
    """

    rows: tuple[VisitRow, ...]
    completed: int
    expected: int
    denominator_event: str

    @property
    def completion_rate(self) -> float | None:
        """Valid ÷ expected over all visits, 0–1."""
        return self.completed / self.expected if self.expected else None


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One participant behind a number: the state and window of the form, and why it is missing if known."""

    participant_id: int
    participant_code: str
    site_id: int
    state: str
    opens_on: date | None
    closes_on: date | None
    reason: str | None


def count_completion(
    session: Session, scope: ClinicScope, *, language: str, now: datetime
) -> CompletionTable:
    """Count what came back visit by visit; only windows that have closed count."""
    protocol = load_current_protocol(session, scope.study_id)
    completions = _list_completions(session, scope, protocol, now=now)
    rows = tuple(
        VisitRow(
            find_visit_label(session, scope.study_id, completion.visit_code, language=language), completion
        )
        for completion in completions
        if completion.expected or completion.received
    )
    return CompletionTable(
        rows,
        completed=sum(len(row.completion.completed_ids) for row in rows),
        expected=sum(row.completion.expected for row in rows),
        denominator_event=protocol.denominator_event,
    )


def list_people(
    session: Session, scope: ClinicScope, *, visit_code: str, figure: str, language: str, now: datetime
) -> list[PersonLine]:
    """List the participants behind one number of one visit, by code; an unknown visit has none.

    Raises ValueError for a figure that is none of FIGURES.
    """
    if figure not in FIGURES:
        raise ValueError(f"no such figure: {figure}")
    protocol = load_current_protocol(session, scope.study_id)
    completions = _list_completions(session, scope, protocol, now=now)
    ids = next(
        (getattr(c, f"{figure}_ids") for c in completions if c.visit_code == visit_code), frozenset[int]()
    )
    records = {
        record.participant_id: record
        for record in list_assessments(session, study_id=scope.study_id, site_ids=scope.site_ids)
        if record.visit_code == visit_code
    }
    return [
        _person(participant, records.get(participant.id), language=language, now=now)
        for participant in list_participants(session, study_id=scope.study_id, site_ids=scope.site_ids)
        if participant.id in ids
    ]


def _person(
    participant: Participant, record: AssessmentRecord | None, *, language: str, now: datetime
) -> PersonLine:
    reason = (record.not_done_reason or record.reason_code) if record else None
    return PersonLine(
        participant_id=participant.id,
        participant_code=participant.participant_code,
        site_id=participant.site_id,
        state=record.state(now) if record else AssessmentState.NOT_REQUIRED,
        opens_on=record.opens_on if record else None,
        closes_on=record.closes_on if record else None,
        reason=record.protocol.reason_label(reason, language) if record and reason else None,
    )


def list_outcomes(session: Session, scope: ClinicScope, *, now: datetime) -> list[AssessmentOutcome]:
    """List what became of every form of the scope."""
    records = list_assessments(session, study_id=scope.study_id, site_ids=scope.site_ids)
    return _read_outcomes(session, scope, records, now=now)


def make_outcome(
    participant_id: int,
    visit_code: str,
    *,
    window: Window,
    facts: AssessmentFacts,
    valid: bool,
    now: datetime,
) -> AssessmentOutcome:
    """Say what became of a form, from its window and facts alone."""
    state = assessment_state(window, facts, now)
    received = facts.answered_at is not None
    return AssessmentOutcome(
        participant_id=participant_id,
        visit_code=visit_code,
        expected=facts.expected,
        window_closed=window.has_closed(now),
        received=received,
        valid=valid and received,
        in_window=state is AssessmentState.SUBMITTED,
        late=state is AssessmentState.LATE,
        incomplete=state is AssessmentState.INCOMPLETE,
        still_open=state in STILL_OPEN,
    )


def _read_outcomes(
    session: Session, scope: ClinicScope, records: Iterable[AssessmentRecord], *, now: datetime
) -> list[AssessmentOutcome]:
    valid_ids = list_valid_assessment_ids(session, study_id=scope.study_id, site_ids=scope.site_ids)
    return [_outcome(record, valid=record.assessment_id in valid_ids, now=now) for record in records]


def _list_completions(
    session: Session, scope: ClinicScope, protocol: Protocol, *, now: datetime
) -> tuple[VisitCompletion, ...]:
    records = list_assessments(session, study_id=scope.study_id, site_ids=scope.site_ids)
    return list_visit_completions(
        _read_outcomes(session, scope, records, now=now),
        visit_codes=order_visit_codes(
            protocol, {record.visit_code for record in records if record.visit_code != UNSCHEDULED}
        ),
        randomised_ids=_list_denominator(session, scope, protocol),
    )


def _outcome(record: AssessmentRecord, *, valid: bool, now: datetime) -> AssessmentOutcome:
    outcome = make_outcome(
        record.participant_id,
        record.visit_code,
        window=record.window,
        facts=record.facts,
        valid=valid,
        now=now,
    )
    return replace(outcome, mode=record.mode, reason=record.not_done_reason or record.reason_code)


def _list_denominator(session: Session, scope: ClinicScope, protocol: Protocol) -> frozenset[int]:
    """List everyone randomised; in a trial that randomises nobody everyone enrolled."""
    events = list_events_by_participant(session, study_id=scope.study_id, site_ids=scope.site_ids)
    return frozenset(
        participant_id
        for participant_id, rows in events.items()
        if fold_events(read_events(rows)).dates_of(protocol.denominator_event)
    )
