"""What follows a submitted questionnaire: its receipt, the next one, and the day of that in a calendar."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.errors import NotFound
from pro_app.services.participant_home import Centre, ComingQuestionnaire, list_coming, load_centre
from pro_app.services.responses import require_reachable
from pro_app.storage.queries.assessments import load_assessment


@dataclass(frozen=True, slots=True)
class ShownReceipt:
    """What the receipt screen shows; `coming` is the next questionnaire, None if no other is planned."""

    receipt_code: str
    submitted_at: datetime
    coming: ComingQuestionnaire | None
    centre: Centre


def load_receipt(session: Session, *, assessment_id: int, actor: Actor, now: datetime) -> ShownReceipt:
    """Load the receipt of a submitted assessment and what comes next; raises NotFound if it was not sent."""
    assessment = load_assessment(session, assessment_id)
    require_reachable(assessment, actor)
    if assessment.submitted_at is None or assessment.receipt_code is None:
        raise NotFound("receipt")
    coming = list_coming(session, participant_id=assessment.participant_id, now=now)
    return ShownReceipt(
        receipt_code=assessment.receipt_code,
        submitted_at=assessment.submitted_at,
        coming=coming[0] if coming else None,
        centre=load_centre(session, participant_id=assessment.participant_id),
    )


def load_coming(
    session: Session, *, assessment_id: int, participant_id: int, now: datetime
) -> ComingQuestionnaire:
    """Load one questionnaire that will open for this participant; raises NotFound for any other."""
    for coming in list_coming(session, participant_id=participant_id, now=now):
        if coming.assessment_id == assessment_id:
            return coming
    raise NotFound("assessment")
