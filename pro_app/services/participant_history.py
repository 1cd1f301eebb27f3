"""What a participant has sent: dates and receipt codes; the answers only where the protocol shows them."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.errors import NotFound, NotPermitted
from pro_app.services.questionnaire import Questionnaire, load_questionnaire
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments
from pro_app.storage.queries.clarifications import list_corrections_of


@dataclass(frozen=True, slots=True)
class SentQuestionnaire:
    """One questionnaire that arrived; `by_site`: the centre entered it, from paper or by telephone.

    `corrected_at` is when answers of it were last corrected on the participant's own request, if they were.
    """

    assessment_id: int
    title: str
    submitted_at: datetime
    receipt_code: str
    by_site: bool
    shows_answers: bool
    corrected_at: datetime | None = None


def list_sent(session: Session, *, actor: Actor) -> list[SentQuestionnaire]:
    """List what the acting participant has sent, the latest first."""
    if actor.participant_id is None:
        raise NotPermitted("history")
    corrected = list_corrections_of(session, actor.participant_id)
    sent = [
        replace(
            _read_sent(record, record.submitted_at, record.receipt_code),
            corrected_at=corrected.get(record.assessment_id),
        )
        for record in list_assessments(session, participant_id=actor.participant_id)
        if record.submitted_at is not None and record.receipt_code is not None
    ]
    return sorted(sent, key=lambda questionnaire: questionnaire.submitted_at, reverse=True)


def load_sent_answers(session: Session, *, assessment_id: int, actor: Actor) -> Questionnaire:
    """Load a questionnaire that the acting participant has sent, with its answers, to be read only.

    Raises NotFound for any other, and where the protocol does not show participants their answers.
    """
    questionnaire = load_questionnaire(session, assessment_id=assessment_id, actor=actor)
    assessment = questionnaire.assessment
    if assessment.submitted_at is None or not assessment.protocol.participant_pages.own_answers:
        raise NotFound("answers")
    return questionnaire


def _read_sent(record: AssessmentRecord, submitted_at: datetime, receipt_code: str) -> SentQuestionnaire:
    return SentQuestionnaire(
        assessment_id=record.assessment_id,
        title=record.protocol.visit_label(record.visit_code, record.language),
        submitted_at=submitted_at,
        receipt_code=receipt_code,
        by_site=record.entered_by_id is not None or record.source_on is not None,
        shows_answers=record.protocol.participant_pages.own_answers,
    )
