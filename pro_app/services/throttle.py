"""Limiting sign-in tries, counted in the database so that every process and every restart agrees.

A try is counted before the secret is looked at, in a short transaction of its own, so that twenty
parallel guesses count as twenty and a refusal cannot roll its count back.
"""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from pro_app.errors import TryLater
from pro_app.storage.database import Database
from pro_app.storage.tables.throttles import Throttle

SOURCE = "source:"
FREE_TRIES = 5
FREE_TRIES_OF_A_SOURCE = 30
"""A ward or a hospital goes out through one address, so a source is allowed more than one account."""
WINDOW = timedelta(minutes=1)
FORGOTTEN_AFTER = timedelta(hours=24)
LONGEST_WAIT = timedelta(minutes=15)
MOST_DOUBLINGS = 4
"""Enough to reach the longest wait; without it the number would outgrow a timedelta."""


def source_key(address: str | None) -> str:
    """Name what tries from one network address are counted under."""
    return f"{SOURCE}{address}"


def count_tries(database: Database, *keys: str, now: datetime) -> None:
    """Count one try under each key (an account, a source) or raise `TryLater`; never locks for good.

    Five tries a minute cost an account nothing (thirty a source); each further one within a day doubles
    the wait, up to 15 minutes.
    """
    for key in keys:
        _count_try(database, key, now=now)


def _count_try(database: Database, key: str, *, now: datetime) -> None:
    free_tries = FREE_TRIES_OF_A_SOURCE if key.startswith(SOURCE) else FREE_TRIES
    with database.writing() as session:
        throttle = session.get(Throttle, _digest(key), with_for_update=True)
        if throttle is None:
            session.add(Throttle(key_sha256=_digest(key), tries=1, window_started_at=now))
            return
        if throttle.blocked_until is not None and now < throttle.blocked_until:
            raise TryLater(seconds=max(1, round((throttle.blocked_until - now).total_seconds())))
        if now - throttle.window_started_at > (FORGOTTEN_AFTER if throttle.blocked_until else WINDOW):
            throttle.tries, throttle.window_started_at, throttle.blocked_until = 0, now, None
        throttle.tries += 1
        if throttle.tries >= free_tries:
            doublings = min(throttle.tries - free_tries, MOST_DOUBLINGS)
            throttle.blocked_until = now + min(WINDOW * 2**doublings, LONGEST_WAIT)


def forget_tries(session: Session, *keys: str) -> None:
    """Forget the tries of an account after a good sign-in, in the transaction of that sign-in.

    Those of the source stand, else who has one good account could try all others without end.
    """
    digests = [_digest(key) for key in keys if not key.startswith(SOURCE)]
    session.execute(delete(Throttle).where(Throttle.key_sha256.in_(digests)))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
