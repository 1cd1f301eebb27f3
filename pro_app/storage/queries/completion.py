"""Reading which received forms can be scored at all."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.responses import Response
from pro_app.storage.tables.scores import Score


def list_valid_assessment_ids(
    session: Session, *, study_id: int, site_ids: Iterable[int] | None = None
) -> frozenset[int]:
    """List the assessments of a study (or of some sites) with at least one scale that could be scored."""
    statement = (
        select(Response.assessment_id)
        .join(Score, Score.response_id == Response.id)
        .join(Assessment, Assessment.id == Response.assessment_id)
        .join(Participant, Participant.id == Assessment.participant_id)
        .where(Participant.study_id == study_id, Score.superseded_at.is_(None), Score.value.is_not(None))
        .distinct()
    )
    if site_ids is not None:
        statement = statement.where(Participant.site_id.in_(list(site_ids)))
    return frozenset(session.scalars(statement))
