"""Which versions a study has, and where each of them holds."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pro_app.services.protocol_versions import AdoptedVersion, find_site_version, list_versions
from pro_app.storage.queries.accounts import find_display_name
from pro_app.storage.queries.audit_trail import list_entries
from pro_app.storage.queries.participants import list_sites
from pro_app.storage.tables.participants import Participant

AMENDED = "study.amend"
"""The action of the audit entry about the study as a whole."""


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version: how many sites work under it, and how many participants are under it."""

    adopted: AdoptedVersion
    sites: int
    participants: int


@dataclass(frozen=True, slots=True)
class SiteLine:
    """One site: the version it works under, and its participants under each version (name, count)."""

    site_id: int
    site_code: str
    name: str
    city: str
    version: str
    participants: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class PastAmendment:
    """An amendment that was applied; `by` is the person's name, or what the app calls itself."""

    at: datetime
    by: str
    version: str
    sites: str
    participants: str
    reason: str


@dataclass(frozen=True, slots=True)
class Overview:
    """The versions in the order in which they were loaded, the sites by code, the newest amendment first."""

    versions: tuple[VersionLine, ...]
    sites: tuple[SiteLine, ...]
    applied: tuple[PastAmendment, ...]


def describe_versions(session: Session, *, study_id: int, limit: int = 20) -> Overview:
    """Count where each version of a study holds; at most `limit` amendments that were applied."""
    versions = list_versions(session, study_id)
    names = {known.sha256: known.version for known in versions}
    counts = _count_participants(session, study_id)
    sites = list_sites(session, study_id=study_id)
    in_use = Counter(find_site_version(session, site) for site in sites)
    return Overview(
        versions=tuple(
            VersionLine(
                known,
                in_use[known.sha256],
                sum(n for (_site, sha256), n in counts.items() if sha256 == known.sha256),
            )
            for known in versions
        ),
        sites=tuple(
            SiteLine(
                site_id=site.id,
                site_code=site.site_code,
                name=site.name,
                city=site.city,
                version=names[find_site_version(session, site)],
                participants=tuple(
                    (known.version, counts[site.id, known.sha256])
                    for known in versions
                    if (site.id, known.sha256) in counts
                ),
            )
            for site in sites
        ),
        applied=tuple(_list_applied(session, study_id, limit)),
    )


def _count_participants(session: Session, study_id: int) -> dict[tuple[int, str], int]:
    """Count the participants by site and version."""
    rows = session.execute(
        select(Participant.site_id, Participant.protocol_sha256, func.count())
        .where(Participant.study_id == study_id)
        .group_by(Participant.site_id, Participant.protocol_sha256)
    )
    return {(row[0], row[1]): row[2] for row in rows}


def _list_applied(session: Session, study_id: int, limit: int) -> list[PastAmendment]:
    entries = list_entries(session, action=AMENDED, subject_ref=f"study:{study_id}", limit=limit)
    return [
        PastAmendment(
            at=entry.at,
            by=find_display_name(session, entry.actor) or entry.role,
            version=entry.after("protocol_version"),
            sites=entry.after("sites"),
            participants=entry.after("participants"),
            reason=entry.reason or "",
        )
        for entry in entries
    ]
