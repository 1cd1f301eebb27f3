"""Reading assessments: the facts of one participant × one planned visit, with its present window."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from sqlalchemy import Row, Select, bindparam, or_, select
from sqlalchemy.orm import Session

from pro_app.errors import NotFound
from pro_app.protocol.protocol import UNSCHEDULED, Protocol
from pro_app.protocol.state import AssessmentFacts, AssessmentState, assessment_state, list_answerable_windows
from pro_app.protocol.windows import Window, civil_window, start_of_day
from pro_app.storage.catalogue import known_protocols, load_protocol
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.participants import Participant


@dataclass(frozen=True, slots=True)
class AssessmentRecord:
    """What is stored about one assessment. Dates are civil dates in `zone`, both ends included.

    `zone` is the one under which the visit was planned: who moves later does not move what is past.

    `planned_code` is the visit whose rules hold: it differs from `visit_code` where answers became
    `UNSCHEDULED`. `mode` and `entered_by_id` say how, and by which account, it was submitted, `source_on` the
    day on its sheet of paper. `window` and `facts` are what the state follows from.
    """

    assessment_id: int
    participant_id: int
    participant_code: str
    study_id: int
    site_id: int
    language: str
    zone: str
    visit_code: str
    ordinal: int
    planned_visit_id: int
    planned_code: str
    revision: int
    anchor: str
    target_on: date | None
    opens_on: date
    closes_on: date | None
    provisional: bool
    expected: bool
    reason_code: str | None
    planned_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    submitted_at: datetime | None
    mode: str | None
    entered_by_id: int | None
    respondent: str | None
    source_on: date | None
    receipt_code: str | None
    reopened_at: datetime | None
    reopened_until: date | None
    reopened_reason: str | None
    not_done_reason: str | None
    not_done_said_by: str | None
    not_done_text: str | None
    not_done_recorded_at: datetime | None
    protocol: Protocol
    window: Window
    facts: AssessmentFacts

    def state(self, now: datetime) -> AssessmentState:
        """Say where the assessment stands at `now` (aware UTC)."""
        return assessment_state(self.window, self.facts, now)

    def is_answerable(self, now: datetime) -> bool:
        """Say whether answers may be given at `now` (aware UTC)."""
        return any(span.is_open(now) for span in list_answerable_windows(self.window, self.facts))

    @property
    def is_received_late(self) -> bool:
        """Whether the form was finished in its window, and came only when that was over."""
        if self.completed_at is None or self.submitted_at is None:
            return False
        return not self.window.has_closed(self.completed_at) and self.window.has_closed(self.submitted_at)


RECORDS = (
    select(Assessment, PlannedVisit, Participant)
    .join(PlannedVisit, PlannedVisit.id == Assessment.planned_visit_id)
    .join(Participant, Participant.id == Assessment.participant_id)
)
_ONE_RECORD = RECORDS.where(Assessment.id == bindparam("assessment_id"))
_LOCK = select(Assessment.id).where(Assessment.id == bindparam("assessment_id")).with_for_update()
"""Both are made once: every answer asks them, and making them takes as long as asking them."""
_LISTED = RECORDS.order_by(Participant.participant_code, PlannedVisit.opens_on, Assessment.id).where(
    or_(Assessment.ordinal == 0, Assessment.visit_code == UNSCHEDULED)
)


def list_assessments(
    session: Session,
    *,
    participant_id: int | None = None,
    study_id: int | None = None,
    site_ids: Iterable[int] | None = None,
    participant_ids: Iterable[int] | None = None,
) -> list[AssessmentRecord]:
    """List assessments by participant code and opening day; no filter given means all of them.

    An empty form that only stood in for a visit while its answers were unscheduled is in no list.
    """
    given = {
        "participant_id": participant_id,
        "study_id": study_id,
        "site_ids": None if site_ids is None else list(site_ids),
        "participant_ids": None if participant_ids is None else list(participant_ids),
    }
    filters = {name: value for name, value in given.items() if value is not None}
    return [_read_record(session, row) for row in session.execute(_select_listed(*filters), filters)]


@cache
def _select_listed(*filters: str) -> Select[Assessment, PlannedVisit, Participant]:
    """Make the statement of one combination of filters, the values of which are its parameters."""
    conditions = {
        "participant_id": Assessment.participant_id == bindparam("participant_id"),
        "study_id": Participant.study_id == bindparam("study_id"),
        "site_ids": Participant.site_id.in_(bindparam("site_ids", expanding=True)),
        "participant_ids": Assessment.participant_id.in_(bindparam("participant_ids", expanding=True)),
    }
    return _LISTED.where(*(conditions[name] for name in filters))


def load_assessment(session: Session, assessment_id: int, *, lock: bool = False) -> AssessmentRecord:
    """Give one assessment; `lock` keeps others from changing it until the transaction ends.

    Raises NotFound for an unknown one.
    """
    if lock:
        # Read only once the lock is held: whoever held it before may have put another plan behind the row.
        session.execute(_LOCK, {"assessment_id": assessment_id})
    row = session.execute(
        _ONE_RECORD, {"assessment_id": assessment_id}, execution_options={"populate_existing": lock}
    ).one_or_none()
    if row is None:
        raise NotFound("assessment")
    return _read_record(session, row)


def find_assessment_by_receipt(session: Session, receipt_code: str) -> AssessmentRecord | None:
    """Find the assessment that has this receipt code, of whatever study and site; None if none has."""
    row = session.execute(RECORDS.where(Assessment.receipt_code == receipt_code)).one_or_none()
    return None if row is None else _read_record(session, row)


def _read_record(session: Session, row: Row[Assessment, PlannedVisit, Participant]) -> AssessmentRecord:
    assessment, visit, participant = row
    protocol = known_protocols.get(visit.protocol_sha256) or load_protocol(session, visit.protocol_sha256)
    reopened = None
    if assessment.reopened_at is not None and assessment.reopened_until is not None:
        closes_at = start_of_day(assessment.reopened_until + timedelta(days=1), visit.zone)
        reopened = Window(assessment.reopened_at, closes_at)
    submitted_at = assessment.submitted_at
    return AssessmentRecord(
        assessment_id=assessment.id,
        participant_id=participant.id,
        participant_code=participant.participant_code,
        study_id=participant.study_id,
        site_id=participant.site_id,
        language=participant.language,
        zone=visit.zone,
        visit_code=assessment.visit_code,
        ordinal=assessment.ordinal,
        planned_visit_id=visit.id,
        planned_code=visit.visit_code,
        revision=visit.revision,
        anchor=visit.anchor,
        target_on=visit.target_on,
        opens_on=visit.opens_on,
        closes_on=visit.closes_on,
        provisional=visit.provisional,
        expected=visit.expected,
        reason_code=visit.reason_code,
        planned_at=visit.planned_at,
        started_at=assessment.started_at,
        completed_at=assessment.completed_at,
        submitted_at=submitted_at,
        mode=assessment.submitted_mode,
        entered_by_id=assessment.submitted_by_id,
        respondent=assessment.respondent,
        source_on=assessment.source_on,
        receipt_code=assessment.receipt_code,
        reopened_at=assessment.reopened_at,
        reopened_until=assessment.reopened_until,
        reopened_reason=assessment.reopened_reason,
        not_done_reason=assessment.not_done_reason,
        not_done_said_by=assessment.not_done_said_by,
        not_done_text=assessment.not_done_text,
        not_done_recorded_at=assessment.not_done_recorded_at,
        protocol=protocol,
        window=civil_window(visit.opens_on, visit.closes_on, visit.zone),
        facts=AssessmentFacts(
            expected=visit.expected,
            closed=visit.reason_code in protocol.closing_reasons,
            started=assessment.started_at is not None,
            answered_at=(assessment.completed_at or submitted_at) if submitted_at else None,
            reopened=reopened,
        ),
    )
