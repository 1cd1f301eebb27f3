"""Reading data releases, and finding the one to be made next."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.definitions import StoredDefinition
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.releases import DataRelease
from pro_app.storage.tables.responses import Response


def find_release(session: Session, *, study_id: int, number: int, lock: bool = False) -> DataRelease | None:
    """Find a release by its number; `lock` keeps others from changing it until the transaction ends."""
    statement = select(DataRelease).where(DataRelease.study_id == study_id, DataRelease.number == number)
    return session.scalar(statement.with_for_update() if lock else statement)


def list_releases_of(session: Session, study_id: int) -> list[DataRelease]:
    """List the releases of a study, the newest first."""
    statement = select(DataRelease).where(DataRelease.study_id == study_id)
    return list(session.scalars(statement.order_by(DataRelease.number.desc())))


def find_last_number(session: Session, study_id: int) -> int:
    """Find the highest number that a release of the study has; 0 where there is none."""
    return session.scalar(select(func.max(DataRelease.number)).where(DataRelease.study_id == study_id)) or 0


def is_any_due(session: Session, now: datetime) -> bool:
    """Tell whether a release waits to be made, or was left half made."""
    return session.scalar(select(DataRelease.id).where(_due(now)).limit(1)) is not None


def lock_due(session: Session, now: datetime, *, release_id: int | None = None) -> DataRelease | None:
    """Find the release that waits longest (or this one, if it waits), locked; others pass over it."""
    statement = select(DataRelease).where(_due(now)).order_by(DataRelease.id).limit(1)
    if release_id is not None:
        statement = statement.where(DataRelease.id == release_id)
    return session.scalar(statement.with_for_update(skip_locked=True))


def list_answers_by_operation(
    session: Session, study_id: int, operation_ids: Collection[str]
) -> Sequence[Sequence[Any]]:
    """Give operation, participant code, instrument, item, state and value of these answers of a study."""
    return session.execute(
        select(
            Answer.operation_id,
            Participant.participant_code,
            Response.instrument_code,
            Answer.item_number,
            Answer.state,
            Answer.value,
        )
        .join(Response, Response.id == Answer.response_id)
        .join(Assessment, Assessment.id == Response.assessment_id)
        .join(Participant, Participant.id == Assessment.participant_id)
        .where(Participant.study_id == study_id, Answer.operation_id.in_(operation_ids))
    ).all()


def list_definitions(session: Session, hashes: set[str]) -> list[StoredDefinition]:
    """List stored definitions by kind, code and version."""
    statement = select(StoredDefinition).where(StoredDefinition.sha256.in_(hashes))
    return sorted(session.scalars(statement), key=lambda stored: (stored.kind, stored.code, stored.version))


def _due(now: datetime) -> ColumnElement[bool]:
    nobody_is_at_it = or_(DataRelease.lease_until.is_(None), DataRelease.lease_until < now)
    return and_(DataRelease.made_at.is_(None), DataRelease.failed_at.is_(None), nobody_is_at_it)
