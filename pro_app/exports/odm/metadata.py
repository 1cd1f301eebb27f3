"""The metadata of an ODM file: what is asked at which visit, in the words of the packs."""

from lxml import etree

from pro_app.exports.odm.code_lists import make_code_lists
from pro_app.exports.odm.elements import clean_text, element
from pro_app.exports.odm.forms import make_forms, make_groups, make_items
from pro_app.exports.odm.identifiers import metadata_oid, study_oid
from pro_app.exports.odm.study_events import make_protocol, make_study_events
from pro_app.exports.release import Release


def make_study(release: Release) -> etree._Element:
    """Make the element Study with one version of the metadata."""
    protocol = release.protocol
    names = element(
        "GlobalVariables",
        element("StudyName", clean_text(release.provenance.study)),
        element("StudyDescription", clean_text(protocol.title.text("en"))),
        element("ProtocolName", clean_text(protocol.trial.sponsor_number or protocol.code)),
    )
    metadata = element(
        "MetaDataVersion",
        make_protocol(release),
        *make_study_events(release),
        *make_forms(release),
        *make_groups(release),
        *make_items(release),
        *make_code_lists(release),
        OID=metadata_oid(release),
        Name=f"{protocol.code} {protocol.version}",
        Description=f"SHA-256 {protocol.sha256}",
    )
    return element("Study", names, element("BasicDefinitions"), metadata, OID=study_oid(release))
