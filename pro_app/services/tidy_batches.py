"""The tidy tables of a study in batches, from what one session sees (best a snapshot)."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from pro_app.exports.frames import Tables
from pro_app.exports.release import Release
from pro_app.exports.tidy.batch import derive_tables
from pro_app.services.tidy_records import load_batch
from pro_app.storage.queries.dataset import list_people
from pro_app.storage.tables.studies import Study

PEOPLE_PER_BATCH = 50
"""A trial's person gives some 1,200 answers; of so many people they take a few dozen megabytes."""


def list_tidy_batches(
    session: Session, study: Study, *, release: Release, people_per_batch: int = PEOPLE_PER_BATCH
) -> Iterator[Tables]:
    """Give every table that is about single people, by site and participant code, batch by batch.

    Everything stands as it does at `release.provenance.made_at`. An empty trial gives no batch. Tables:
    participants, events, visits, assessments, items, scores, deterioration.
    """
    people = list_people(session, study.id)
    now = release.provenance.made_at
    for start in range(0, len(people), people_per_batch):
        rows = people[start : start + people_per_batch]
        batch = load_batch(session, rows, study_code=study.study_code, release=release, now=now)
        yield derive_tables(batch, release)
