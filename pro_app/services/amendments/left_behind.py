"""Participants who are under another version than their site, although something is still to come for them.

An amendment leaves alone whoever has died, left or finished. Where that is taken back or corrected later, the
participant goes on under the old version until the amendment is applied once more.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.language import LANGUAGES
from pro_app.services.amendments.model import PersonAmendment
from pro_app.services.amendments.preview import preview_for_participant
from pro_app.services.protocol_versions import find_site_version
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.participants import list_participants, list_sites
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sites import Site


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """One participant, the version (by name) that holds for them, and the one that their site works under."""

    participant_id: int
    participant_code: str
    site_id: int
    site_code: str
    version: str
    site_version: str


def list_left_behind(
    session: Session, *, study_id: int, now: datetime, language: str = LANGUAGES[0]
) -> tuple[LeftBehind, ...]:
    """List whom applying the version of their own site once more would concern, by site and code."""
    sites = {site.id: site for site in list_sites(session, study_id=study_id)}
    targets = {site.id: find_site_version(session, site) for site in sites.values()}
    found = [
        _look(session, person, sites[person.site_id], now=now, language=language)
        for person in list_participants(session, study_id=study_id)
        if person.protocol_sha256 != targets[person.site_id]
    ]
    return tuple(
        sorted(
            (left for left in found if left is not None),
            key=lambda left: (left.site_code, left.participant_code),
        )
    )


def find_left_behind(
    session: Session, participant: Participant, *, now: datetime, language: str = LANGUAGES[0]
) -> LeftBehind | None:
    """Find whether applying the version of the site once more would concern a participant."""
    return _look(session, participant, session.get_one(Site, participant.site_id), now=now, language=language)


def _look(
    session: Session, participant: Participant, site: Site, *, now: datetime, language: str
) -> LeftBehind | None:
    target = find_site_version(session, site)
    if participant.protocol_sha256 == target:
        return None
    protocol = load_protocol(session, target)
    found = preview_for_participant(session, participant, protocol, now=now, language=language)
    if not isinstance(found, PersonAmendment):
        return None
    return LeftBehind(
        participant_id=participant.id,
        participant_code=participant.participant_code,
        site_id=site.id,
        site_code=site.site_code,
        version=found.left.version,
        site_version=protocol.version,
    )
