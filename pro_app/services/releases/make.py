"""Making a release: freeze a snapshot of the database, derive every file from it, put the ZIP in place."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.clock import Clock
from pro_app.errors import NotFound
from pro_app.exports.making.make_archive import make_archive
from pro_app.exports.making.workplace import Progress, report_nothing
from pro_app.services.releases.files import archive_path, open_workshop, publish_archive, sync_file
from pro_app.services.releases.freeze import Frozen, ScoresDisagree, freeze_source
from pro_app.services.releases.lease import Claim, LeaseLost, claim_release, keeping_lease, lock_claimed
from pro_app.services.releases.records import ReleaseRecord, read_release
from pro_app.services.releases.steps import READING_SHARE, WHOLE
from pro_app.storage.database import Database
from pro_app.storage.queries.releases import is_any_due
from pro_app.storage.tables.releases import DataRelease

APP_VERSION = version("pro-app")
SCORES_DISAGREE = "scores_disagree"
ERROR = "error"
MOST_DETAILS = 200
"""Nobody reads more lines of what is wrong; their number is said in the last one."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A finished ZIP that has no name yet."""

    path: Path
    study_code: str
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
    leaves nothing half done: the lease runs out, and the release is made anew.
    """
    try:
        with keeping_lease(database, claim, clock=clock) as keeper, open_workshop(folder, claim) as workshop:

            def report(step: str, done: int, total: int) -> None:
                keeper.report(step, done, total)
                progress(step, done, total)

            made = _make(database, claim, workshop=workshop, report=report)
            return _publish(database, claim, made, folder=folder, actor=actor, clock=clock)
    except ScoresDisagree as disagreement:
        return _record_failure(
            database, claim, SCORES_DISAGREE, details=disagreement.lines, actor=actor, clock=clock
        )
    except LeaseLost:
        return _load(database, claim)
    except (Exception, KeyboardInterrupt) as error:
        _record_failure(database, claim, ERROR, details=[_say(error)], actor=actor, clock=clock)
        raise


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
    study_code = frozen.release.provenance.study
    return _Made(path, study_code, sha256, path.stat().st_size, source_sha256, frozen.row_counts)


def _within(report: Progress, start: int, end: int) -> Progress:
    """Tell of a part of the work as percents of the whole."""

    def tell(step: str, done: int, total: int) -> None:
        report(step, start + (end - start) * done // max(total, 1), WHOLE)

    return tell


def _publish(
    database: Database, claim: Claim, made: _Made, *, folder: Path, actor: Actor, clock: Clock
) -> ReleaseRecord:
    """Give the ZIP its name and say so, unless somebody else makes it by now (LeaseLost)."""
    with database.writing() as session:
        row = lock_claimed(session, claim)
        # Between the name and the commit a kill leaves a file that no release owns; the next maker,
        # who finds the release unmade, puts another one in its place.
        place = archive_path(folder, study_code=made.study_code, number=claim.number)
        publish_archive(made.path, place)
        now = clock()
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
        record_change(session, change, actor=actor, site_id=None, now=now)
        return read_release(session, row)


def _say(error: BaseException) -> str:
    """Name an error; only the operating system is quoted, since other words may hold data."""
    why = error.strerror if isinstance(error, OSError) else None
    return f"{type(error).__name__}: {why}" if why else type(error).__name__


def _record_failure(
    database: Database,
    claim: Claim,
    code: str,
    *,
    details: Sequence[str],
    actor: Actor,
    clock: Clock,
) -> ReleaseRecord:
    """Put down why the release could not be made, unless somebody else makes it by now."""
    kept = list(details[:MOST_DETAILS])
    if len(details) > MOST_DETAILS:
        kept.append(f"and {len(details) - MOST_DETAILS} more")
    try:
        with database.writing() as session:
            row = lock_claimed(session, claim)
            now = clock()
            row.failed_at, row.failure_code, row.failure_details = now, code, kept
            row.lease_token = row.lease_until = None
            session.flush()
            items = [{"field": "failure", "before": None, "after": code}]
            change = Change("release.fail", f"release:{row.id}", items)
            record_change(session, change, actor=actor, site_id=None, now=now)
    except LeaseLost:
        pass
    return _load(database, claim)


def _load(database: Database, claim: Claim) -> ReleaseRecord:
    with database.reading() as session:
        row = session.get(DataRelease, claim.release_id)
        if row is None:
            raise NotFound("release")
        return read_release(session, row)
