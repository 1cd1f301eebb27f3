"""Reading where the forms of some people stand, as little as a square of the map needs."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from pro_app.protocol.state import AssessmentFacts, AssessmentState, assessment_state
from pro_app.protocol.windows import Window
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.form_standings import FormStanding

_FORMS = (
    select(
        FormStanding.participant_id,
        FormStanding.visit_code,
        FormStanding.protocol_sha256,
        FormStanding.opens_at,
        FormStanding.closes_at,
        FormStanding.expected,
        FormStanding.plan_reason,
        FormStanding.begun,
        FormStanding.received_at,
        FormStanding.reopened_until_at,
        FormStanding.mode,
        PlannedVisit.opens_on,
        PlannedVisit.closes_on,
    )
    .join(Assessment, Assessment.id == FormStanding.assessment_id)
    .join(PlannedVisit, PlannedVisit.id == Assessment.planned_visit_id)
    .where(FormStanding.participant_id.in_(bindparam("participant_ids", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class MapForm:
    """One form: its state and how it came, and its window as civil dates, both ends included."""

    participant_id: int
    visit_code: str
    state: AssessmentState
    mode: str | None
    opens_on: date
    closes_on: date | None


def list_map_forms(session: Session, participant_ids: Collection[int], *, now: datetime) -> list[MapForm]:
    """List the forms of some people with their state at `now` (aware UTC), in no order."""
    rows = session.execute(_FORMS, {"participant_ids": list(participant_ids)}).all()
    closing = {sha256: load_protocol(session, sha256).closing_reasons for sha256 in {row[2] for row in rows}}
    forms = []
    for participant_id, visit_code, sha256, opens_at, closes_at, *facts, opens_on, closes_on in rows:
        expected, plan_reason, begun, received_at, reopened_until_at, mode = facts
        known = AssessmentFacts(
            expected=expected,
            closed=plan_reason in closing[sha256],
            started=begun,
            answered_at=received_at,
            # A form is opened again after its window only, so that what begins with it ends as it should.
            reopened=Window(opens_at, reopened_until_at) if reopened_until_at else None,
        )
        state = assessment_state(Window(opens_at, closes_at), known, now)
        forms.append(MapForm(participant_id, visit_code, state, mode, opens_on, closes_on))
    return forms
