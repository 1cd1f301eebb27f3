"""The visits of the protocol as study events, and those that fit none of them."""

from collections.abc import Iterable, Iterator, Mapping

from lxml import etree

from pro_app.exports.odm.elements import element, translated, yes_no
from pro_app.exports.odm.identifiers import OTHER_EVENT, PARTICIPANT_EVENT, form_oid
from pro_app.exports.odm.record_forms import ASSESSMENT, EVENT, PERSON
from pro_app.exports.release import Release
from pro_app.protocol.protocol import UNSCHEDULED, Visit


def _visit_codes(release: Release) -> list[str]:
    return [
        PARTICIPANT_EVENT,
        *(f"SE.{v.code}" for v in release.protocol.visits),
        f"SE.{UNSCHEDULED}",
        OTHER_EVENT,
    ]


def make_protocol(release: Release) -> etree._Element:
    """Make the list of study events in their order."""
    references = [
        element("StudyEventRef", StudyEventOID=oid, OrderNumber=str(place), Mandatory="No")
        for place, oid in enumerate(_visit_codes(release), start=1)
    ]
    return element("Protocol", translated("Description", release.protocol.title.texts), *references)


def make_study_events(release: Release) -> Iterator[etree._Element]:
    """Make a study event for the person, for each visit of the protocol, and for what fits none of them."""
    persons = _refer_to_forms([PERSON.form_oid, EVENT.form_oid])
    yield element(
        "StudyEventDef",
        *persons,
        OID=PARTICIPANT_EVENT,
        Name="PARTICIPANT",
        Repeating="No",
        Type="Common",
    )
    for visit in release.protocol.visits:
        yield _make_visit(release, visit)
    label = release.protocol.unscheduled_label
    yield _make_open_event(release, UNSCHEDULED, label.texts, kind="Unscheduled")
    other = {
        "fr": "Visite d’une autre version du protocole",
        "en": "Visit of another version of the protocol",
    }
    yield _make_open_event(release, "OTHER", other, kind="Scheduled")


def _make_open_event(release: Release, name: str, label: Mapping[str, str], *, kind: str) -> etree._Element:
    """Make an event that may come again and again, with any of the forms."""
    every_form = [form_oid(w.instrument.code, w.instrument.version) for w in release.instruments]
    return element(
        "StudyEventDef",
        translated("Description", label),
        *_refer_to_forms([ASSESSMENT.form_oid, *every_form]),
        OID=f"SE.{name}",
        Name=name,
        Repeating="Yes",
        Type=kind,
    )


def _make_visit(release: Release, visit: Visit) -> etree._Element:
    """Make one visit, or one repeating event for a series of visits (its repeat key is the visit code)."""
    asked = {reference.code for reference in release.protocol.phases_by_code[visit.phase].instruments}
    # Every version that was in use: an amendment may have changed it between two answers to this visit.
    worded = [w.instrument for w in release.instruments if w.instrument.code in asked]
    forms = [form_oid(instrument.code, instrument.version) for instrument in worded]
    return element(
        "StudyEventDef",
        translated("Description", visit.label.texts),
        *_refer_to_forms([ASSESSMENT.form_oid, *forms]),
        OID=f"SE.{visit.code}",
        Name=visit.code,
        Repeating=yes_no(visit.repeats),
        Type="Scheduled",
        Category=visit.phase,
    )


def _refer_to_forms(oids: Iterable[str]) -> list[etree._Element]:
    return [
        element("FormRef", FormOID=oid, OrderNumber=str(place), Mandatory="No")
        for place, oid in enumerate(oids, start=1)
    ]
