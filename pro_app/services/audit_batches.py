"""The audit trail of a study as a tidy table, in batches of entries."""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl
from sqlalchemy.orm import Session

from pro_app.audit.trail import site_chain
from pro_app.exports.tidy.audit_entries import EntryRecord, make_audit_frame
from pro_app.storage.queries.audit_trail import stream_entries
from pro_app.storage.queries.dataset import list_assessment_owners, list_people
from pro_app.storage.queries.participants import list_sites
from pro_app.storage.queries.releases import list_releases_of
from pro_app.storage.tables.studies import Study

Owner = tuple[str | None, str | None]
"""The site and the participant code that an entry is about."""


def list_audit_batches(session: Session, study: Study) -> Iterator[pl.DataFrame]:
    """Give the table `audit_trail`: the chains of the study's sites by site code, then its own entries.

    Of the central chain only what is about the study and its releases comes: accounts are no part of
    its data.
    """
    participants: dict[int, Owner] = {row[0]: (row[1], row[2]) for row in list_people(session, study.id)}
    for site in sorted(list_sites(session, study_id=study.id), key=lambda site: (site.site_code, site.id)):
        for rows in stream_entries(session, site_chain(site.id)):
            entries = [EntryRecord._make(row) for row in rows]
            owners = _find_owners(session, entries, participants)
            named = ((*owners.get(entry.subject, (site.site_code, None)), entry) for entry in entries)
            yield make_audit_frame(study.study_code, named)
    releases = (f"release:{release.id}" for release in list_releases_of(session, study.id))
    for rows in stream_entries(session, site_chain(None), subject_refs=[f"study:{study.id}", *releases]):
        yield make_audit_frame(study.study_code, ((None, None, EntryRecord._make(row)) for row in rows))


def _find_owners(
    session: Session, entries: Sequence[EntryRecord], participants: Mapping[int, Owner]
) -> Mapping[str, Owner]:
    """Find whom the subjects of some entries are about, by subject."""
    keys: dict[str, set[int]] = {"participant": set(), "assessment": set()}
    for entry in entries:
        kind, _, key = entry.subject.partition(":")
        if kind in keys and key.isdigit():
            keys[kind].add(int(key))
    owners = {f"participant:{key}": participants[key] for key in keys["participant"] if key in participants}
    for assessment_id, participant_id in list_assessment_owners(session, keys["assessment"]):
        if participant_id in participants:
            owners[f"assessment:{assessment_id}"] = participants[participant_id]
    return owners
