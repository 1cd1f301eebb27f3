"""Reading the scores that stand, with the answers they were computed from, some participants at a time."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.storage.queries.dataset import narrow_to_people
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.responses import Response
from pro_app.storage.tables.scores import Score

Rows = Sequence[Sequence[Any]]
"""The columns of a query in its order."""


def list_participant_ids(session: Session, study_id: int) -> list[int]:
    """List the keys of the participants of a study, by participant code."""
    statement = select(Participant.id, Participant.participant_code).where(Participant.study_id == study_id)
    return [row[0] for row in sorted(session.execute(statement).all(), key=lambda row: row[1])]


def list_response_versions(session: Session, participant_ids: Collection[int]) -> Rows:
    """Give every version of the responses of some participants, by person, visit and instrument.

    Columns: response, participant code, visit code, ordinal, instrument, version of the answers, SHA-256 of
    the instrument, respondent (empty while the form was not sent), SHA-256 of the protocol.
    """
    rows = session.execute(
        select(
            Response.id,
            Participant.participant_code,
            Assessment.visit_code,
            Assessment.ordinal,
            Response.instrument_code,
            Response.version,
            Response.instrument_sha256,
            Assessment.respondent,
            PlannedVisit.protocol_sha256,
        )
        .join(Assessment, Assessment.id == Response.assessment_id)
        .join(PlannedVisit, PlannedVisit.id == Assessment.planned_visit_id)
        .join(Participant, Participant.id == Assessment.participant_id)
        .where(Assessment.participant_id.in_(participant_ids))
    ).all()
    return sorted(rows, key=lambda row: row[1:6])


def list_answer_values(session: Session, participant_ids: Collection[int]) -> Rows:
    """Give the answers that nothing supersedes: columns response, item, state, value."""
    columns = select(Answer.response_id, Answer.item_number, Answer.state, Answer.value)
    statement = columns.join(Response, Response.id == Answer.response_id)
    return session.execute(
        narrow_to_people(statement, participant_ids).where(Answer.superseded_at.is_(None))
    ).all()


def list_stored_scores(session: Session, participant_ids: Collection[int]) -> Rows:
    """Give the scores that nothing supersedes.

    Columns: response, scoring, instrument's SHA-256, scale, value, raw, answered, not applicable, missing,
    needed, reason.
    """
    statement = select(
        Score.response_id,
        Score.scoring_name,
        Score.instrument_sha256,
        Score.scale_code,
        Score.value,
        Score.raw,
        Score.answered,
        Score.not_applicable,
        Score.missing,
        Score.needed,
        Score.reason,
    ).join(Response, Response.id == Score.response_id)
    return session.execute(
        narrow_to_people(statement, participant_ids).where(Score.superseded_at.is_(None))
    ).all()
