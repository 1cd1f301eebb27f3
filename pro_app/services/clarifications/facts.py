"""The facts of a form that a site may ask to have corrected, as they stand."""

from collections.abc import Mapping
from datetime import date

from pro_app.clock import civil_date
from pro_app.storage.queries.assessments import AssessmentRecord

DATE, MODE, VISIT, PARTICIPANT = "date", "mode", "visit", "participant"
FACT_NAMES: Mapping[str, str] = {
    DATE: "source_on",
    MODE: "mode",
    VISIT: "visit",
    PARTICIPANT: "participant",
}
"""The fact that each kind of request is about, as requests and the audit trail name it."""


def read_facts(assessment: AssessmentRecord) -> Mapping[str, date | str | None]:
    """Give the day a form was filled in, how, for which visit and by whom (the inclusion number)."""
    return {
        "source_on": read_source_day(assessment),
        "mode": assessment.mode,
        "visit": assessment.visit_code,
        "participant": assessment.participant_code,
    }


def read_source_day(assessment: AssessmentRecord) -> date | None:
    """Give the day on which a form was filled in, by its sheet or by the clock; None before it was sent."""
    finished_at = assessment.completed_at or assessment.submitted_at
    day = civil_date(finished_at, assessment.zone) if assessment.submitted_at and finished_at else None
    return assessment.source_on or day
