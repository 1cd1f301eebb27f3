"""Reading all that the dataset is made of, participant by participant; nothing here knows identities."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.responses import Response
from pro_app.storage.tables.scores import Score
from pro_app.storage.tables.studies import StudyWording


def list_responses(session: Session, participant_id: int) -> list[Response]:
    """List every version of every response of a participant, by assessment, instrument and version."""
    return list(
        session.scalars(
            select(Response)
            .join(Assessment, Assessment.id == Response.assessment_id)
            .where(Assessment.participant_id == participant_id)
            .order_by(Response.assessment_id, Response.instrument_code, Response.version)
        )
    )


def list_answers_in_force(session: Session, participant_id: int) -> Iterable[Sequence[Any]]:
    """Give the answers of a participant that nothing supersedes.

    Each comes as its columns (response, item number, state, value, mode, entered by, operation, counter,
    answered at, received at): there are so many that making objects of them would double the time.
    """
    return session.execute(
        select(
            Answer.response_id,
            Answer.item_number,
            Answer.state,
            Answer.value,
            Answer.mode,
            Answer.entered_by,
            Answer.operation_id,
            Answer.counter,
            Answer.answered_at,
            Answer.received_at,
        )
        .join(Response, Response.id == Answer.response_id)
        .join(Assessment, Assessment.id == Response.assessment_id)
        .where(Assessment.participant_id == participant_id, Answer.superseded_at.is_(None))
    )


def list_scores_in_force(session: Session, participant_id: int) -> Iterable[Sequence[Any]]:
    """Give the scores of a participant that nothing supersedes.

    Each comes as its columns: response, scoring, scale, value, raw, answered, not applicable, missing,
    needed, reason, instrument's SHA-256, version of the app, scored at.
    """
    return session.execute(
        select(
            Score.response_id,
            Score.scoring_name,
            Score.scale_code,
            Score.value,
            Score.raw,
            Score.answered,
            Score.not_applicable,
            Score.missing,
            Score.needed,
            Score.reason,
            Score.instrument_sha256,
            Score.app_version,
            Score.scored_at,
        )
        .join(Response, Response.id == Score.response_id)
        .join(Assessment, Assessment.id == Response.assessment_id)
        .where(Assessment.participant_id == participant_id, Score.superseded_at.is_(None))
    )


def list_used_definitions(session: Session, study_id: int) -> tuple[list[str], list[str]]:
    """List the SHA-256 of the instruments and of the wordings behind the study's responses."""
    rows = session.execute(
        select(Response.instrument_sha256, Response.wording_sha256)
        .join(Assessment, Assessment.id == Response.assessment_id)
        .join(Participant, Participant.id == Assessment.participant_id)
        .where(Participant.study_id == study_id)
        .distinct()
    ).all()
    return sorted({row[0] for row in rows}), sorted({row[1] for row in rows})


def list_wordings_in_use(session: Session, study_id: int) -> list[StudyWording]:
    """List the wording packs that the study shows now."""
    return list(
        session.scalars(
            select(StudyWording)
            .where(StudyWording.study_id == study_id, StudyWording.replaced_at.is_(None))
            .order_by(StudyWording.instrument_code, StudyWording.language)
        )
    )


def count_participants(session: Session, study_id: int) -> int:
    """Count the participants of a study."""
    return session.scalar(select(func.count()).where(Participant.study_id == study_id)) or 0


def count_received(session: Session, study_id: int) -> tuple[int, datetime | None]:
    """Count the forms that were received, and tell when the last one was."""
    row = session.execute(
        select(func.count(), func.max(Assessment.submitted_at))
        .join(Participant, Participant.id == Assessment.participant_id)
        .where(Participant.study_id == study_id, Assessment.submitted_at.is_not(None))
    ).one()
    return row[0], row[1]
