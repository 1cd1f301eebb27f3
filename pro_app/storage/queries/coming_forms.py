"""Reading the forms that can still be answered: those that are open, and those that open before a day."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from pro_app.storage.catalogue import load_protocol
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.form_standings import FormStanding
from pro_app.storage.tables.participants import Participant

ANYWHERE_BY_THEN = timedelta(days=2)
"""After so much of UTC a day has begun in every zone, and one of them is over."""


@dataclass(frozen=True, slots=True)
class ComingForm:
    """One expected form that was not sent, with its window as civil dates, both ends included.

    Of one that was opened again `closes_on` is the last day of that. `provisional`: the day that it counts
    from is expected and not recorded yet.
    """

    participant_id: int
    participant_code: str
    site_id: int
    visit_code: str
    opens_on: date
    closes_on: date | None
    provisional: bool
    is_started: bool


def list_coming_forms(
    session: Session, *, study_id: int, site_ids: Collection[int], from_on: date, until_on: date
) -> list[ComingForm]:
    """List the forms whose window reaches into the days from `from_on` to `until_on`, by opening day.

    What the plan has closed, as after a departure, comes no more and is not among them.
    """
    statement = (
        select(
            PlannedVisit.protocol_sha256,
            PlannedVisit.reason_code,
            Participant.id,
            Participant.participant_code,
            Participant.site_id,
            Assessment.visit_code,
            PlannedVisit.opens_on,
            func.coalesce(Assessment.reopened_until, PlannedVisit.closes_on),
            PlannedVisit.provisional,
            Assessment.started_at.is_not(None),
        )
        .select_from(FormStanding)
        .join(Assessment, Assessment.id == FormStanding.assessment_id)
        .join(PlannedVisit, PlannedVisit.id == Assessment.planned_visit_id)
        .join(Participant, Participant.id == PlannedVisit.participant_id)
        .where(
            # The narrow rows lead to the forms that were not sent, site by site.
            FormStanding.study_id == study_id,
            FormStanding.site_id.in_(sorted(site_ids)),
            FormStanding.received_at.is_(None),
            FormStanding.opens_at <= datetime.combine(until_on, time(), UTC) + ANYWHERE_BY_THEN,
            PlannedVisit.replaced_at.is_(None),
            PlannedVisit.expected,
            PlannedVisit.opens_on <= until_on,
            or_(
                PlannedVisit.closes_on.is_(None),
                PlannedVisit.closes_on >= from_on,
                Assessment.reopened_until >= from_on,
            ),
            # Answers of no visit, and forms that only stood in for one, have another code or number.
            Assessment.visit_code == PlannedVisit.visit_code,
            Assessment.ordinal == 0,
            Assessment.submitted_at.is_(None),
        )
        .order_by(PlannedVisit.opens_on, Participant.participant_code, PlannedVisit.id)
    )
    return [
        ComingForm(*facts)
        for sha256, reason, *facts in session.execute(statement)
        if reason is None or reason not in load_protocol(session, sha256).closing_reasons
    ]
