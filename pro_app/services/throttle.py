"""Limiting sign-in tries, counted in the database so that every process and every restart agrees.

A try is counted before the secret is looked at, in a short transaction of its own, so that twenty
parallel guesses count as twenty and a refusal cannot roll its count back.
"""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
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


def program_key(address: str | None) -> str:
    """Name what programs try from one network address; apart, so that none of them keeps people out."""
    return f"{SOURCE}api:{address}"


def count_tries(database: Database, *keys: str, now: datetime) -> None:
    """Count one try under each key (an account, a source) or raise `TryLater`; never locks for good.

    An account has five tries in a minute; each further one within a day doubles the wait, up to 15 minutes.
    A source has thirty in a minute and nothing is held against it afterwards: many people may share it.
    Sources come first, so that a blocked one does not use up the tries of the account.
    """
    for key in sorted(keys, key=lambda key: not key.startswith(SOURCE)):
        _count_try(database, key, now=now)


def _count_try(database: Database, key: str, *, now: datetime) -> None:
    with database.writing() as session:
        throttle = _lock_throttle(session, key, now=now)
        if throttle.blocked_until is not None and now < throttle.blocked_until:
            raise TryLater(seconds=max(1, round((throttle.blocked_until - now).total_seconds())))
        is_source = key.startswith(SOURCE)
        forgiving = is_source or throttle.blocked_until is None
        if now - throttle.window_started_at >= (WINDOW if forgiving else FORGOTTEN_AFTER):
            throttle.tries, throttle.window_started_at, throttle.blocked_until = 0, now, None
        throttle.tries += 1
        if is_source and throttle.tries >= FREE_TRIES_OF_A_SOURCE:
            throttle.blocked_until = throttle.window_started_at + WINDOW
        elif not is_source and throttle.tries >= FREE_TRIES:
            doublings = min(throttle.tries - FREE_TRIES, MOST_DOUBLINGS)
            throttle.blocked_until = now + min(WINDOW * 2**doublings, LONGEST_WAIT)


def _lock_throttle(session: Session, key: str, *, now: datetime) -> Throttle:
    """Give the row of `key`, made if absent, locked until the transaction ends."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(
        insert(Throttle)
        .values(key_sha256=_digest(key), tries=0, window_started_at=now)
        .on_conflict_do_nothing(index_elements=["key_sha256"])
    )
    return session.get_one(Throttle, _digest(key), with_for_update=True)


def forget_tries(session: Session, *keys: str) -> None:
    """Forget the tries of an account after a good sign-in, in the transaction of that sign-in.

    Those of the source stand, else who has one good account could try all others without end.
    """
    digests = [_digest(key) for key in keys if not key.startswith(SOURCE)]
    session.execute(delete(Throttle).where(Throttle.key_sha256.in_(digests)))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
