"""Whether the installation lives: the database answers, workers give signs of life, and messages go out."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from pro_app.services.heartbeats import find_last_beat
from pro_app.services.leadership import find_leader
from pro_app.services.sending_overview import count_late, is_silent


@dataclass(frozen=True, slots=True)
class Health:
    """`database` is `ok` or `unreachable`; the heartbeat is None where no worker ever ran.

    `worker` is `ok`, or `silent` where none gave a sign of life for longer than 15 minutes; `leader_term`
    is None where no worker leads; `late_messages` should have gone more than 15 minutes ago (200 at most).
    """

    database: str
    worker: str
    worker_heartbeat_at: datetime | None
    leader_term: int | None
    late_messages: int


UNREACHABLE = Health("unreachable", "silent", worker_heartbeat_at=None, leader_term=None, late_messages=0)


def check_health(session: Session, *, now: datetime) -> Health:
    """Ask the database for the workers' last sign of life, who leads, and what is late."""
    try:
        beat_at = find_last_beat(session, now=now)
        leader = find_leader(session, now=now)
        return Health(
            database="ok",
            worker="silent" if is_silent(beat_at, now=now) else "ok",
            worker_heartbeat_at=beat_at,
            leader_term=leader.term if leader else None,
            late_messages=count_late(session, now=now),
        )
    except SQLAlchemyError:
        session.rollback()
        return UNREACHABLE
