"""The workers' signs of life."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Executable, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from pro_app.storage.tables.base import plain_table
from pro_app.storage.tables.worker import WorkerHeartbeat

FORGOTTEN_AFTER = timedelta(days=7)
MOST_AHEAD = timedelta(minutes=15)
"""A sign of life further ahead was given by a clock that has been set back since, and proves nothing now."""


def record_heartbeat(session: Session, *, name: str, now: datetime) -> None:
    """Note that the worker of that name has just looked after the messages."""
    session.execute(_note_beat(session.get_bind().dialect.name), {"name": name, "beat_at": now})


@cache
def _note_beat(dialect: str) -> Executable:
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(plain_table(WorkerHeartbeat))
    return insert.on_conflict_do_update(index_elements=["name"], set_={"beat_at": insert.excluded.beat_at})


def list_heartbeats(session: Session) -> Sequence[WorkerHeartbeat]:
    """List the last sign of life of every worker that is remembered, the latest first."""
    return session.scalars(select(WorkerHeartbeat).order_by(WorkerHeartbeat.beat_at.desc())).all()


def find_last_beat(session: Session, *, now: datetime) -> datetime | None:
    """Find the last sign of life of any worker; None where there is none that can be believed at `now`."""
    return session.scalar(
        select(func.max(WorkerHeartbeat.beat_at)).where(WorkerHeartbeat.beat_at <= now + MOST_AHEAD)
    )


def forget_old_heartbeats(session: Session, now: datetime) -> None:
    """Forget the workers that stopped long ago, but never the last one of all."""
    newest = select(WorkerHeartbeat.name).order_by(WorkerHeartbeat.beat_at.desc()).limit(1)
    session.execute(
        delete(WorkerHeartbeat).where(
            WorkerHeartbeat.beat_at < now - FORGOTTEN_AFTER,
            WorkerHeartbeat.name.not_in(newest.scalar_subquery()),
        )
    )
