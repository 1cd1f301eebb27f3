"""Every tidy table of a study on disk, from one snapshot, with what has to be known about the data."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from pro_app.exports.frames import Tables
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark
from pro_app.exports.spool import Spool
from pro_app.exports.tables.audit_trail import AUDIT_TRAIL
from pro_app.exports.tables.completion import COMPLETION
from pro_app.exports.tidy.agreement import check_agreement
from pro_app.exports.tidy.batch import PEOPLES_TABLES
from pro_app.exports.tidy.completion import CompletionCount
from pro_app.exports.tidy.remarks import RemarkCollector
from pro_app.scoring.agreement import ScoreDifference
from pro_app.services.audit_batches import list_audit_batches
from pro_app.services.tidy_batches import list_tidy_batches
from pro_app.storage.tables.studies import Study

MOST_DIFFERENCES = 200
"""Nobody reads more of them; a wrong definition would make every score of a trial one."""


@dataclass(frozen=True, slots=True)
class SpooledTables:
    """What was seen while tables were spooled; the table of remarks itself is still to be made.

    `differences` are the first MOST_DIFFERENCES of `difference_count`.
    """

    remarks: list[Remark]
    differences: list[ScoreDifference]
    difference_count: int


def spool_tables(
    session: Session,
    study: Study,
    spool: Spool,
    *,
    release: Release,
    on_batch: Callable[[Tables], None] | None = None,
) -> SpooledTables:
    """Put every table but the remarks into the spool; `on_batch` is called with each batch of people."""
    completion, remarks = CompletionCount(release.protocol), RemarkCollector(release)
    differences: list[ScoreDifference] = []
    difference_count = 0
    for tables in list_tidy_batches(session, study, release=release):
        found = check_agreement(tables, release)
        difference_count += len(found)
        differences += found[: MOST_DIFFERENCES - len(differences)]
        completion.add(tables)
        remarks.add(tables)
        for table in PEOPLES_TABLES:
            spool.add(table, tables[table.name])
        if on_batch:
            on_batch(tables)
    spool.add(COMPLETION, completion.make_frame(release))
    for frame in list_audit_batches(session, study):
        spool.add(AUDIT_TRAIL, frame)
    return SpooledTables(remarks.finish(), differences, difference_count)
