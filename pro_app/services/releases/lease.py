"""Who makes a release holds a lease on it; one that is not renewed any more is made anew by somebody else."""

import logging
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.clock import Clock
from pro_app.storage.database import Database
from pro_app.storage.queries.audit_trail import list_entries
from pro_app.storage.queries.releases import lock_due
from pro_app.storage.tables.releases import DataRelease

LEASE = timedelta(seconds=90)
RENEW_EVERY = timedelta(seconds=20)
LOOK_EVERY_SECONDS = 1.0
MOST_STARTS = 3
"""A release whose makers were killed this often would kill the next one too."""
GAVE_UP = "gave_up"
START_ACTION = "release.start"
logger = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Somebody else makes the release by now."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A release that is ours to make, with what was asked for; it holds the data of `cut_off_at`."""

    release_id: int
    token: str
    study_id: int
    number: int
    reason: str
    purpose: str
    demographics: Mapping[str, Mapping[str, Any]]
    requested_by: str
    cut_off_at: datetime


def claim_release(
    session: Session, *, actor: Actor, now: datetime, release_id: int | None = None
) -> Claim | None:
    """Take the release that waits longest, or the one named; None where none waits.

    One that was begun MOST_STARTS times and never came to an end has failed for good.
    """
    while (row := lock_due(session, now, release_id=release_id)) is not None:
        starts = list_entries(
            session, action=START_ACTION, subject_ref=f"release:{row.id}", limit=MOST_STARTS
        )
        if len(starts) < MOST_STARTS:
            return _start(session, row, actor=actor, now=now)
        write_failure(session, row, GAVE_UP, details=[], actor=actor, now=now)
    return None


def write_failure(
    session: Session, row: DataRelease, code: str, *, details: list[str], actor: Actor, now: datetime
) -> None:
    """Put down why a release could not be made; it is never tried again."""
    row.failed_at, row.failure_code, row.failure_details = now, code, details
    row.lease_token = row.lease_until = None
    session.flush()
    items = [{"field": "failure", "before": None, "after": code}]
    change = Change("release.fail", f"release:{row.id}", items)
    record_change(session, change, actor=actor, site_id=None, now=now)


def _start(session: Session, row: DataRelease, *, actor: Actor, now: datetime) -> Claim:
    token = secrets.token_hex(16)
    row.started_at = row.cut_off_at = now
    row.lease_token, row.lease_until = token, now + LEASE
    row.progress_step, row.progress_done, row.progress_total = None, 0, 0
    session.flush()
    change = Change(START_ACTION, f"release:{row.id}")
    record_change(session, change, actor=actor, site_id=None, now=now)
    return Claim(
        release_id=row.id,
        token=token,
        study_id=row.study_id,
        number=row.number,
        reason=row.reason,
        purpose=row.purpose,
        demographics=dict(row.demographics),
        requested_by=row.requested_by,
        cut_off_at=now,
    )


def lock_claimed(session: Session, claim: Claim) -> DataRelease:
    """Give the row, locked, while it is still ours; raises LeaseLost."""
    row = session.get(DataRelease, claim.release_id, with_for_update=True, populate_existing=True)
    if row is None or row.lease_token != claim.token or row.made_at or row.failed_at:
        raise LeaseLost
    return row


class LeaseKeeper:
    """Renews a lease and writes down how far the work is, in a thread of its own, until the block ends."""

    def __init__(
        self,
        database: Database,
        claim: Claim,
        clock: Clock,
        *,
        look_every_seconds: float = LOOK_EVERY_SECONDS,
    ) -> None:
        self._database = database
        self._claim = claim
        self._clock = clock
        self._look_every_seconds = look_every_seconds
        self._progress = ("", 0, 0)
        self._written = ("", 0, 0)
        self._renewed_at = claim.cut_off_at
        self._over = threading.Event()

    def report(self, step: str, done: int, total: int) -> None:
        """Say how far it is; the work itself never waits for the database."""
        self._progress = (step, done, total)

    def keep(self) -> None:
        """Look every moment whether there is something to write, until the work is over or the lease lost."""
        while not self._over.wait(self._look_every_seconds):
            now = self._clock()
            if self._progress == self._written and now - self._renewed_at < RENEW_EVERY:
                continue
            try:
                if not self._write(now):
                    return
            except Exception as error:  # noqa: BLE001 -- a moment without the database must not cost the lease
                logger.warning("a lease could not be renewed: %s", type(error).__name__)

    def stop(self) -> None:
        """Have the thread end."""
        self._over.set()

    def _write(self, now: datetime) -> bool:
        """Write the progress and the new end of the lease; tell whether the lease is still ours."""
        progress = self._progress
        step, done, total = progress
        with self._database.writing() as session:
            renewed = session.execute(
                update(DataRelease)
                .where(
                    DataRelease.id == self._claim.release_id,
                    DataRelease.lease_token == self._claim.token,
                    DataRelease.made_at.is_(None),
                    DataRelease.failed_at.is_(None),
                )
                .values(lease_until=now + LEASE, progress_step=step, progress_done=done, progress_total=total)
                .returning(DataRelease.id)
            ).first()
        self._written, self._renewed_at = progress, now
        return renewed is not None


@contextmanager
def keeping_lease(database: Database, claim: Claim, *, clock: Clock) -> Iterator[LeaseKeeper]:
    """Keep the lease while the block works."""
    keeper = LeaseKeeper(database, claim, clock)
    thread = threading.Thread(target=keeper.keep, daemon=True, name=f"lease-{claim.release_id}")
    thread.start()
    try:
        yield keeper
    finally:
        keeper.stop()
        thread.join()
