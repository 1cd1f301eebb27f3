"""Freezing: one snapshot of the database as Parquet tables and a description, the source of a release."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

from sqlalchemy.orm import Session

from pro_app.audit.actor import system_actor
from pro_app.errors import NotFound
from pro_app.exports.formats.parquet import write_parquet
from pro_app.exports.frames import make_frame
from pro_app.exports.making.frozen_tables import FOLDER
from pro_app.exports.making.release_file import KeptDefinition, write_release_file
from pro_app.exports.making.workplace import Progress
from pro_app.exports.release import Demographics, Release
from pro_app.exports.remarks import Remark
from pro_app.exports.spool import Spool
from pro_app.exports.tables.catalogue import TABLES
from pro_app.exports.tables.remarks import REMARKS
from pro_app.scoring.agreement import ScoreDifference
from pro_app.services.dataset import open_snapshot
from pro_app.services.dataset_provenance import describe_release
from pro_app.services.releases.lease import Claim
from pro_app.services.tidy_batches import PEOPLE_PER_BATCH
from pro_app.services.tidy_spool import spool_tables
from pro_app.storage.database import Database
from pro_app.storage.queries.dataset import count_participants, list_adopted_protocols
from pro_app.storage.queries.releases import list_definitions
from pro_app.storage.tables.studies import Study

READING, FREEZING = "read", "freeze"


@dataclass(frozen=True, slots=True)
class Frozen:
    """What was frozen: the release, how many remarks are about the data, and the rows of each table."""

    release: Release
    remarks_of_data: int
    row_counts: Mapping[str, int]


class ScoresDisagree(Exception):
    """The two implementations and the stored scores do not agree; `lines` name the first differences."""

    def __init__(self, lines: list[str], count: int) -> None:
        super().__init__(f"{count} differences")
        self.lines = [*lines, f"and {count - len(lines)} more"] if count > len(lines) else lines


def freeze_source(database: Database, claim: Claim, *, folder: Path, progress: Progress) -> Frozen:
    """Write the frozen source of a release into `folder`, from one snapshot of the database.

    Raises ScoresDisagree with the differences; NotFound for a study that is not there.
    """
    spooled = folder / "spool"
    spooled.mkdir()
    spool = Spool(spooled)
    with open_snapshot(database) as session:
        study = session.get(Study, claim.study_id)
        if study is None:
            raise NotFound("study")
        release = _describe(session, study, claim)
        remarks = _spool_tables(session, study, spool, release=release, progress=progress)
        kept = [
            KeptDefinition(stored.kind, stored.code, stored.version, stored.text)
            for stored in list_definitions(session, _list_hashes(session, release, claim.study_id))
        ]
    progress(FREEZING, 1, 1)
    (folder / FOLDER).mkdir(parents=True)
    for table in TABLES:
        path = folder / FOLDER / f"{table.name}.parquet"
        write_parquet(path, table, spool.frames(table.name), release=release)
    shutil.rmtree(spooled)
    write_release_file(folder, release, definitions=kept, remarks_of_data=remarks)
    return Frozen(release, remarks, {table.name: spool.rows(table.name) for table in TABLES})


def _describe(session: Session, study: Study, claim: Claim) -> Release:
    """Gather what stands behind the release; it is by the one who asked for it, whoever makes it."""
    release = describe_release(
        session,
        study,
        purpose=claim.purpose,
        actor=system_actor("worker", "release"),
        now=claim.cut_off_at,
        number=claim.number,
        reason=claim.reason,
        demographics={code: Demographics(**said) for code, said in claim.demographics.items()},
    )
    return replace(release, provenance=replace(release.provenance, made_by=claim.requested_by))


def _spool_tables(
    session: Session, study: Study, spool: Spool, *, release: Release, progress: Progress
) -> int:
    """Read every table batch by batch; gives the number of remarks."""
    batches = -(-count_participants(session, study.id) // PEOPLE_PER_BATCH)
    done = count(1)
    progress(READING, 0, batches)
    seen = spool_tables(
        session,
        study,
        spool,
        release=release,
        on_batch=lambda _tables: progress(READING, next(done), batches),
    )
    if seen.difference_count:
        raise ScoresDisagree([_say(difference) for difference in seen.differences], seen.difference_count)
    found = [*seen.remarks, *_list_undescribed(release, spool)]
    spool.add(REMARKS, make_frame(REMARKS, (remark.as_row(study.study_code) for remark in found)))
    return len(found)


def _list_undescribed(release: Release, spool: Spool) -> list[Remark]:
    """Remark every participant whom the file of the main database does not name, if there was a file."""
    if not release.demographics:
        return []
    people = chain.from_iterable(
        frame.select("site", "participant_code").iter_rows() for frame in spool.frames("participants")
    )
    return [
        Remark(
            code="not_in_demographics",
            fr="Âge et sexe absents du fichier fourni.",
            en="Age and sex are not in the file that was given.",
            table="participants",
            site=site,
            participant_code=code,
        )
        for site, code in people
        if code not in release.demographics
    ]


def _list_hashes(session: Session, release: Release, study_id: int) -> set[str]:
    """List the definitions that go with the release; of wording packs only the hashes do."""
    instruments = {worded.instrument.sha256 for worded in release.instruments}
    return instruments | {release.protocol.sha256} | set(list_adopted_protocols(session, study_id))


def _say(difference: ScoreDifference) -> str:
    """Write one difference in a line."""
    key = " ".join("" if part is None else str(part) for part in difference.key)
    values = f"stored {difference.stored}, exact {difference.exact}, vectorised {difference.vectorised}"
    return f"{key} {difference.scale} {difference.detail}: {values}"
