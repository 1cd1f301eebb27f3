"""What became of each form, read record by record: for one person's plan, and to count a second way."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.compliance.rates import AssessmentOutcome
from pro_app.protocol.state import STILL_OPEN, AssessmentFacts, AssessmentState, assessment_state
from pro_app.protocol.windows import Window
from pro_app.services.clinic_scope import ClinicScope
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments
from pro_app.storage.queries.completion import list_valid_assessment_ids


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
