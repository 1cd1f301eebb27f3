"""The OIDs of an ODM file: readable, and the same for the same content."""

import uuid

from pro_app.exports.release import Release
from pro_app.exports.times import render_time
from pro_app.protocol.protocol import UNSCHEDULED, Protocol

PARTICIPANT_EVENT = "SE.PARTICIPANT"
"""The study event that holds what is known of the person and not of a visit."""

OTHER_EVENT = "SE.OTHER"
"""The study event of visits that only an earlier version of the protocol knows."""


def study_oid(release: Release) -> str:
    """Give the OID of the study."""
    return f"ST.{release.provenance.study}"


def metadata_oid(release: Release) -> str:
    """Give the OID of the version of the metadata."""
    return f"MDV.{release.protocol.version}"


def file_oid(release: Release) -> str:
    """Give the OID of the file: a name-based UUID of the study, the protocol and the time of making."""
    made = release.provenance
    parts = (made.study, str(release.number), made.protocol_sha256, render_time(made.made_at))
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, '|'.join(parts))}"


def visit_event(protocol: Protocol, visit_code: str, ordinal: int) -> tuple[str, str | None]:
    """Give the study event of a visit and, where that event repeats, its repeat key."""
    if visit_code == UNSCHEDULED:
        return f"SE.{UNSCHEDULED}", str(ordinal)
    visit = protocol.find_visit(visit_code)
    if visit is None:
        return OTHER_EVENT, visit_code
    return f"SE.{visit.code}", visit_code if visit.repeats else None


def location_oid(site: str) -> str:
    """Give the OID of a site."""
    return f"LOC.{site}"


def user_oid(entered_by: str) -> str:
    """Give the OID of who entered an answer: a role, never a person."""
    return f"USER.{entered_by}"


def form_oid(instrument: str, version: str) -> str:
    """Give the OID of an instrument's form."""
    return f"F.{instrument}.{version}"


def group_oid(instrument: str, version: str, block: str) -> str:
    """Give the OID of the items under one instruction."""
    return f"IG.{instrument}.{version}.{block}"


def item_oid(instrument: str, version: str, number: int) -> str:
    """Give the OID of an item."""
    return f"IT.{instrument}.{version}.{number:02}"


def options_oid(instrument: str, version: str, options: str) -> str:
    """Give the OID of the code list of a set of response options."""
    return f"CL.{instrument}.{version}.{options}"
