"""Reading which received forms can be scored at all."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, bindparam, select
from sqlalchemy.orm import Session, aliased

from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.responses import Response
from pro_app.storage.tables.scores import Score


def _is_scorable() -> tuple[ColumnElement[bool], ...]:
    """Say of a response with its scores that one could be computed, and that no later version stands.

    The newest version of the answers to each instrument decides: that of an accepted correction.
    """
    later = aliased(Response)
    is_overtaken = (
        select(later.id)
        .where(
            later.assessment_id == Response.assessment_id,
            later.instrument_code == Response.instrument_code,
            later.version > Response.version,
        )
        .exists()
    )
    return Score.superseded_at.is_(None), Score.value.is_not(None), ~is_overtaken


_SCORABLE_OF_FORMS = (
    select(Response.assessment_id, Response.instrument_code)
    .join(Score, Score.response_id == Response.id)
    .where(Response.assessment_id.in_(bindparam("assessment_ids", expanding=True)), *_is_scorable())
    .distinct()
)


def list_scorable_instruments(session: Session, assessment_ids: Sequence[int]) -> list[tuple[int, str]]:
    """List form and instrument wherever at least one scale of the newest answers could be scored."""
    rows = session.execute(_SCORABLE_OF_FORMS, {"assessment_ids": list(assessment_ids)})
    return [(assessment_id, code) for assessment_id, code in rows]


def list_valid_assessment_ids(
    session: Session, *, study_id: int, site_ids: Iterable[int] | None = None
) -> frozenset[int]:
    """List the assessments of a study (or of some sites) with at least one scale that could be scored."""
    statement = (
        select(Response.assessment_id)
        .join(Score, Score.response_id == Response.id)
        .join(Assessment, Assessment.id == Response.assessment_id)
        .join(Participant, Participant.id == Assessment.participant_id)
        .where(Participant.study_id == study_id, *_is_scorable())
        .distinct()
    )
    if site_ids is not None:
        statement = statement.where(Participant.site_id.in_(list(site_ids)))
    return frozenset(session.scalars(statement))
