"""Making a release: freeze a snapshot of the database, derive every file from it, put the ZIP in place."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.clock import Clock
from pro_app.errors import NotFound
from pro_app.exports.making.make_archive import make_archive
from pro_app.exports.making.workplace import Progress, report_nothing
from pro_app.services.releases.files import archive_path, open_workshop, publish_archive, sync_file
from pro_app.services.releases.freeze import Frozen, ScoresDisagree, freeze_source
from pro_app.services.releases.lease import (
    Claim,
    LeaseLost,
    claim_release,
    keeping_lease,
    lock_claimed,
    write_failure,
)
from pro_app.services.releases.records import ReleaseRecord, read_release
from pro_app.services.releases.steps import READING_SHARE, WHOLE
from pro_app.services.tidy_spool import MOST_DIFFERENCES
from pro_app.storage.database import Database
from pro_app.storage.queries.releases import is_any_due
from pro_app.storage.tables.releases import DataRelease
from pro_app.storage.tables.studies import Study

APP_VERSION = version("pro-app")
SCORES_DISAGREE = "scores_disagree"
ERROR = "error"
MOST_DETAILS = MOST_DIFFERENCES
"""How many lines say what is wrong; where there is more, one line after them says how much."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A finished ZIP that has no name yet."""

    path: Path
    sha256: str
    size: int
    source_sha256: str
    row_counts: Mapping[str, int]


def is_release_due(database: Database, *, clock: Clock) -> bool:
    """Tell whether a release waits to be made."""
    with database.reading() as session:
        return is_any_due(session, clock())


def make_due_releases(database: Database, *, folder: Path, actor: Actor, clock: Clock) -> int:
    """Make every release that waits, one after the other; gives how many came to an end."""
    ended = 0
    while True:
        with database.writing() as session:
            claim = claim_release(session, actor=actor, now=clock())
        if claim is None:
            return ended
        make_release(database, claim, folder=folder, actor=actor, clock=clock)
        ended += 1


def make_release(
    database: Database,
    claim: Claim,
    *,
    folder: Path,
    actor: Actor,
    clock: Clock,
    progress: Progress = report_nothing,
) -> ReleaseRecord:
    """Make the release that was claimed, and give it as it stands at the end: made, or failed.

    It fails where the two implementations of scoring and the stored scores do not agree. What goes wrong
    otherwise (a full disk, a defect) is recorded as its failure and raised again. A process that is killed
    leaves nothing half done: the lease runs out, and the release is made anew. Whoever lost the lease meets
    all kinds of errors, since the winner sweeps the workshop away: none of them is recorded or raised.
    """
    ending = _Ending(database, claim, folder, actor, clock)
    try:
        with keeping_lease(database, claim, clock=clock) as keeper, open_workshop(folder, claim) as workshop:

            def report(step: str, done: int, total: int) -> None:
                keeper.report(step, done, total)
                progress(step, done, total)

            made = _make(database, claim, workshop=workshop, report=report)
            return ending.publish(made)
    except ScoresDisagree as disagreement:
        ending.fail(SCORES_DISAGREE, disagreement.lines)
    except LeaseLost:
        pass
    except (Exception, KeyboardInterrupt) as error:
        if ending.fail(ERROR, [_say(error)]) or isinstance(error, KeyboardInterrupt):
            raise
    return _load(database, claim)


def _make(database: Database, claim: Claim, *, workshop: Path, report: Progress) -> _Made:
    source = workshop / "source"
    source.mkdir()
    frozen: Frozen = freeze_source(database, claim, folder=source, progress=_within(report, 0, READING_SHARE))
    path = workshop / "release.zip"
    with path.open("xb") as stream:
        source_sha256 = make_archive(
            source,
            stream,
            release=frozen.release,
            remarks_of_data=frozen.remarks_of_data,
            progress=_within(report, READING_SHARE, WHOLE),
        )
    sync_file(path)
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return _Made(path, sha256, path.stat().st_size, source_sha256, frozen.row_counts)


def _within(report: Progress, start: int, end: int) -> Progress:
    """Tell of a part of the work as percents of the whole."""

    def tell(step: str, done: int, total: int) -> None:
        report(step, start + (end - start) * done // max(total, 1), WHOLE)

    return tell


@dataclass(frozen=True, slots=True)
class _Ending:
    """How a release that is being made comes to its end: published or failed."""

    database: Database
    claim: Claim
    folder: Path
    actor: Actor
    clock: Clock

    def publish(self, made: _Made) -> ReleaseRecord:
        """Give the ZIP its name and say so, unless somebody else makes it by now (LeaseLost)."""
        with self.database.writing() as session:
            row = lock_claimed(session, self.claim)
            # Between the name and the commit a kill leaves a file that no release owns; the next maker,
            # who finds the release unmade, puts another one in its place.
            publish_archive(made.path, self._place(session))
            now = self.clock()
            row.made_at, row.app_version = now, APP_VERSION
            row.archive_sha256, row.archive_size = made.sha256, made.size
            row.source_sha256, row.row_counts = made.source_sha256, dict(made.row_counts)
            row.lease_token = row.lease_until = row.progress_step = None
            row.progress_done = row.progress_total = WHOLE
            session.flush()
            said = {"sha256": made.sha256, "source_sha256": made.source_sha256, "size": str(made.size)}
            said |= {f"rows:{name}": str(count) for name, count in made.row_counts.items()}
            items = [{"field": name, "before": None, "after": value} for name, value in said.items()]
            change = Change("release.make", f"release:{row.id}", items)
            record_change(session, change, actor=self.actor, site_id=None, now=now)
            return read_release(session, row)

    def fail(self, code: str, details: list[str]) -> bool:
        """Put down why the release could not be made; tells whether it was still ours."""
        try:
            with self.database.writing() as session:
                row = lock_claimed(session, self.claim)
                write_failure(session, row, code, details=details, actor=self.actor, now=self.clock())
                # What went wrong may be the saying so, after the file had its name.
                with suppress(OSError):
                    self._place(session).unlink(missing_ok=True)
        except LeaseLost:
            return False
        return True

    def _place(self, session: Session) -> Path:
        """Give the place of the ZIP; raises NotFound for a study that is not there."""
        study = session.get(Study, self.claim.study_id)
        if study is None:
            raise NotFound("study")
        return archive_path(self.folder, study_code=study.study_code, number=self.claim.number)


def _say(error: BaseException) -> str:
    """Name an error; only the operating system is quoted, since other words may hold data."""
    why = error.strerror if isinstance(error, OSError) else None
    return f"{type(error).__name__}: {why}" if why else type(error).__name__


def _load(database: Database, claim: Claim) -> ReleaseRecord:
    with database.reading() as session:
        row = session.get(DataRelease, claim.release_id)
        if row is None:
            raise NotFound("release")
        return read_release(session, row)
