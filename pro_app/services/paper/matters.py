"""What sheets of paper ask of a site: to be typed to the end, typed a second time, or decided about."""

from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, aliased

from pro_app.clock import civil_date
from pro_app.reminders.task_outcomes import SECOND_ENTRY
from pro_app.reminders.task_situation import Matter
from pro_app.storage.queries.site_tasks import TaskScope, run_within
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.paper_forms import PaperEntry, PaperForm
from pro_app.storage.tables.participants import Participant

NOT_FINISHED, ENTERED_ONCE, DIFFERS = "not_finished", "entered_once", "differs"

_first, _second = aliased(PaperEntry), aliased(PaperEntry)
_OPEN_FORMS = (
    select(
        PaperForm.assessment_id,
        PaperForm.opened_at,
        _first.finished_at,
        _first.account_id,
        _second.finished_at,
        Assessment.visit_code,
        Participant.id,
        Participant.zone,
    )
    .join(Assessment, Assessment.id == PaperForm.assessment_id)
    .join(Participant, Participant.id == Assessment.participant_id)
    .join(_first, and_(_first.paper_form_id == PaperForm.id, _first.ordinal == 1))
    .outerjoin(_second, and_(_second.paper_form_id == PaperForm.id, _second.ordinal != 1))
    .where(PaperForm.closed_at.is_(None), Assessment.submitted_at.is_(None))
    .order_by(PaperForm.id)
)


def list_matters(session: Session, scope: TaskScope, *, now: datetime) -> list[Matter]:  # noqa: ARG001 -- every source is asked alike, and a sheet waits whatever the time
    """List the sheets in scope that are open, each as what there is to do about it."""
    matters = []
    for row in run_within(session, _OPEN_FORMS, scope):
        assessment_id, opened_at, first_at, first_id, second_at, visit_code, participant_id, zone = row
        why, since_at = NOT_FINISHED, opened_at
        if first_at is not None:
            why, since_at = (ENTERED_ONCE, first_at) if second_at is None else (DIFFERS, second_at)
        matters.append(
            Matter(
                participant_id=participant_id,
                kind=SECOND_ENTRY,
                about=str(assessment_id),
                why=why,
                since_on=civil_date(since_at, zone),
                visit_code=visit_code,
                # Who typed the sheet first may not type it again.
                not_for_id=first_id if why == ENTERED_ONCE else None,
            )
        )
    return matters
