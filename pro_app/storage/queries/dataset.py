"""Reading what a dataset is made of, in bulk: the records of some participants at a time."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from pro_app.storage.moment_text import MomentText
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.responses import Response
from pro_app.storage.tables.scores import Score
from pro_app.storage.tables.sites import Site
from pro_app.storage.tables.studies import StudyProtocol, StudyWording

Rows = Sequence[Sequence[Any]]
"""The columns of a query in its order: there are so many rows that objects would double the time."""


def list_people(session: Session, study_id: int) -> Rows:
    """Give key, site code, participant code, language, protocol's SHA-256, day of consent of everybody.

    They come by site and participant code.
    """
    columns = (Participant.id, Site.site_code, Participant.participant_code)
    more = (Participant.language, Participant.protocol_sha256, Participant.consented_on)
    rows = session.execute(
        select(*columns, *more)
        .join(Site, Site.id == Participant.site_id)
        .where(Participant.study_id == study_id)
    ).all()
    # Sorted here: a database sorts text by its own rules, which differ from place to place.
    return sorted(rows, key=lambda row: (row[1], row[2]))


def list_events_of(session: Session, participant_ids: Collection[int]) -> list[ParticipantEvent]:
    """List the events of some participants in the order in which they were recorded."""
    statement = select(ParticipantEvent).where(ParticipantEvent.participant_id.in_(participant_ids))
    return list(session.scalars(statement.order_by(ParticipantEvent.id)))


def list_planned_visits(session: Session, participant_ids: Collection[int]) -> list[PlannedVisit]:
    """List every revision of the plans of some participants, by person, opening day, visit and revision."""
    statement = select(PlannedVisit).where(PlannedVisit.participant_id.in_(participant_ids))
    rows = session.scalars(statement)
    return sorted(rows, key=lambda v: (v.participant_id, v.opens_on, v.visit_code, v.revision))


def list_responses(session: Session, participant_ids: Collection[int]) -> Rows:
    """Give every version of every response of some participants.

    Columns: key, assessment, instrument, version of the answers, SHA-256 of instrument and of wording,
    whether it was listened to.
    """
    rows = session.execute(
        select(
            Response.id,
            Response.assessment_id,
            Response.instrument_code,
            Response.version,
            Response.instrument_sha256,
            Response.wording_sha256,
            Response.listened,
        )
        .join(Assessment, Assessment.id == Response.assessment_id)
        .where(Assessment.participant_id.in_(participant_ids))
    ).all()
    return sorted(rows, key=lambda row: (row[1], row[2], row[3]))


def list_answers_in_force(session: Session, participant_ids: Collection[int]) -> Rows:
    """Give the answers of some participants that nothing supersedes, times as MomentText.

    Columns: response, item, state, value, mode, entered by, answered at, received at, device at, device
    zone, operation, counter, remark.
    """
    columns: tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...] = (
        Answer.response_id,
        Answer.item_number,
        Answer.state,
        Answer.value,
        Answer.mode,
        Answer.entered_by,
        MomentText(Answer.answered_at),
        MomentText(Answer.received_at),
        MomentText(Answer.device_at),
        Answer.device_zone,
        Answer.operation_id,
        Answer.counter,
        Answer.remark,
    )
    statement = select(*columns).join(Response, Response.id == Answer.response_id)
    return (
        session.connection()
        .execute(narrow_to_people(statement, participant_ids).where(Answer.superseded_at.is_(None)))
        .all()
    )


def list_scores_in_force(session: Session, participant_ids: Collection[int]) -> Rows:
    """Give the scores of some participants that nothing supersedes, times as MomentText.

    Columns: response, scoring, scale, value, raw, answered, not applicable, missing, needed, reason,
    instrument's SHA-256, version of the app, scored at.
    """
    columns: tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...] = (
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
        MomentText(Score.scored_at),
    )
    statement = select(*columns).join(Response, Response.id == Score.response_id)
    return (
        session.connection()
        .execute(narrow_to_people(statement, participant_ids).where(Score.superseded_at.is_(None)))
        .all()
    )


def narrow_to_people(
    statement: Select[*tuple[Any, ...]], participant_ids: Collection[int]
) -> Select[*tuple[Any, ...]]:
    """Narrow rows that hang under responses to those of some participants."""
    return statement.join(Assessment, Assessment.id == Response.assessment_id).where(
        Assessment.participant_id.in_(participant_ids)
    )


def list_assessment_owners(session: Session, assessment_ids: Collection[int]) -> Rows:
    """Give the participant of each of some assessments: columns assessment, participant."""
    statement = select(Assessment.id, Assessment.participant_id).where(Assessment.id.in_(assessment_ids))
    return session.execute(statement).all()


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


def list_adopted_protocols(session: Session, study_id: int) -> list[str]:
    """List the SHA-256 of every protocol version that the study adopted, in that order."""
    return list(
        session.scalars(
            select(StudyProtocol.protocol_sha256)
            .where(StudyProtocol.study_id == study_id)
            .order_by(StudyProtocol.adopted_at, StudyProtocol.id)
        )
    )


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
