"""Which version of the protocol holds where: for a site, for new participants, for the study as a whole."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pro_app.errors import NotFound
from pro_app.protocol.protocol import Protocol
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sites import Site
from pro_app.storage.tables.studies import StudyProtocol


@dataclass(frozen=True, slots=True)
class AdoptedVersion:
    """One version of the protocol that a study has: its name, its SHA-256, and since when."""

    version: str
    sha256: str
    adopted_at: datetime


def list_versions(session: Session, study_id: int) -> list[AdoptedVersion]:
    """List the versions that a study has, in the order in which they were loaded."""
    rows = session.scalars(
        select(StudyProtocol)
        .where(StudyProtocol.study_id == study_id)
        .order_by(StudyProtocol.adopted_at, StudyProtocol.id)
    )
    return [AdoptedVersion(row.version, row.protocol_sha256, row.adopted_at) for row in rows]


def find_version(session: Session, study_id: int, version: str) -> AdoptedVersion | None:
    """Find a version of a study by its name."""
    return next((known for known in list_versions(session, study_id) if known.version == version), None)


def load_site_protocol(session: Session, site: Site, *, lock: bool = False) -> Protocol:
    """Give the version that a site works under, which is that of its new participants.

    With `lock` the site keeps it until the transaction ends, so that nobody is enrolled under a version
    that an amendment takes from the site at the same moment.
    """
    if lock:
        locked = select(Site).where(Site.id == site.id).with_for_update(read=True)
        site = session.scalars(locked.execution_options(populate_existing=True)).one()
    return load_protocol(session, find_site_version(session, site))


def find_site_version(session: Session, site: Site) -> str:
    """Find the SHA-256 of the version that a site works under: its own, or the study's first one."""
    return site.protocol_sha256 or _load_versions(session, site.study_id)[0].sha256


def find_version_in_force(session: Session, study_id: int) -> AdoptedVersion:
    """Find the latest version that a site works under; of a study without any site the latest there is.

    It is the one that a new site begins with, and whose words stand where the study is looked at as a whole.
    Raises NotFound for an unknown study.
    """
    versions = _load_versions(session, study_id)
    own = session.scalars(select(Site.protocol_sha256).where(Site.study_id == study_id).distinct()).all()
    in_force = {sha256 or versions[0].sha256 for sha256 in own}
    return next((known for known in reversed(versions) if known.sha256 in in_force), versions[-1])


def find_opening_version(session: Session, study_id: int) -> AdoptedVersion | None:
    """Find the version that a new site is put under; None where that is the first one, which none names."""
    in_force = find_version_in_force(session, study_id)
    return None if in_force == list_versions(session, study_id)[0] else in_force


def follow_latest_version(session: Session, study_id: int) -> list[tuple[Site, str]]:
    """Put every site of a study that nobody was enrolled in under the latest version, and list those moved.

    Each comes with the SHA-256 it had before. A study with participants stays as it is: there a new
    version is an amendment, which somebody applies after having seen what it does.
    """
    enrolled = session.scalar(select(func.count()).where(Participant.study_id == study_id))
    if enrolled:
        return []
    latest = _load_versions(session, study_id)[-1].sha256
    sites = session.scalars(select(Site).where(Site.study_id == study_id).order_by(Site.id).with_for_update())
    moved = [(site, find_site_version(session, site)) for site in sites]
    moved = [(site, before) for site, before in moved if before != latest]
    for site, _before in moved:
        site.protocol_sha256 = latest
    return moved


def _load_versions(session: Session, study_id: int) -> list[AdoptedVersion]:
    versions = list_versions(session, study_id)
    if not versions:
        raise NotFound("study")
    return versions


def find_visit_label(session: Session, study_id: int, visit_code: str, *, language: str) -> str:
    """Find the words for a visit: those of the version in force, else of the latest one that has it.

    The code itself where no version knows it.
    """
    in_force = find_version_in_force(session, study_id)
    others = reversed(list_versions(session, study_id))
    known = (load_protocol(session, version.sha256) for version in (in_force, *others))
    having = next((protocol for protocol in known if protocol.find_visit(visit_code)), None)
    return having.visit_label(visit_code, language) if having else visit_code
