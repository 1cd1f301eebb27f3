"""Whether the installation lives: the database answers, and when the worker last did."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from pro_app.storage.tables.worker import WorkerHeartbeat


@dataclass(frozen=True, slots=True)
class Health:
    """`database` is `ok` or `unreachable`; the heartbeat is None where no worker ever ran."""

    database: str
    worker_heartbeat_at: datetime | None


def check_health(session: Session) -> Health:
    """Ask the database for the worker's last sign of life."""
    try:
        beat_at = session.scalar(select(func.max(WorkerHeartbeat.beat_at)))
    except SQLAlchemyError:
        session.rollback()
        return Health(database="unreachable", worker_heartbeat_at=None)
    return Health(database="ok", worker_heartbeat_at=beat_at)
