"""Who enters answers, and the sites; no person has a name here."""

from collections.abc import Iterable

from lxml import etree

from pro_app.exports.odm.elements import element
from pro_app.exports.odm.identifiers import location_oid, metadata_oid, study_oid, user_oid
from pro_app.exports.release import Release

_USERS = {"participant": "Other", "staff": "Investigator", "system": "Other"}
"""Who enters answers -> the type that ODM has for it."""


def make_admin_data(release: Release, sites: Iterable[str]) -> etree._Element:
    """Make the element AdminData: roles that enter answers, no persons, and the sites by their codes."""
    users = [element("User", OID=user_oid(role), UserType=kind) for role, kind in _USERS.items()]
    effective = release.protocol.trial.began_on.isoformat()
    locations = [
        element(
            "Location",
            element(
                "MetaDataVersionRef",
                StudyOID=study_oid(release),
                MetaDataVersionOID=metadata_oid(release),
                EffectiveDate=effective,
            ),
            OID=location_oid(site),
            Name=site,
            LocationType="Site",
        )
        for site in sites
    ]
    return element("AdminData", *users, *locations, StudyOID=study_oid(release))
