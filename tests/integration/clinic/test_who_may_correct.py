"""Who may ask for a correction, see it and decide: the site's own people, each within their role."""

from dataclasses import replace

import pytest
from clarification_world import INSTRUMENT, Correction, build_correction, wants
from clinic_world import Clinic

from pro_app.errors import NotFound, NotPermitted
from pro_app.services.clarifications.rules import WantedItem
from pro_app.services.clarifications.views import list_clarifications, load_clarification


@pytest.fixture
def correction(clinic: Clinic) -> Correction:
    """Give a form that was sent, and the investigators of both sites."""
    return build_correction(clinic)


@pytest.mark.parametrize(
    "role", ["nurse", "coordinator", "monitor", "statistician", "administrator", "inspector"]
)
@pytest.mark.parametrize("accept", [True, False])
def test_nobody_but_the_investigator_decides(correction: Correction, role: str, *, accept: bool) -> None:
    key = correction.request()
    site = frozenset({correction.clinic.site_id}) if role == "nurse" else None
    person = replace(correction.clinic.coordinator, role=role, site_ids=site)
    with pytest.raises(NotPermitted):
        correction.decide(key, accept=accept, by=person)
    assert correction.row(key).decision is None
    assert len(correction.responses()) == 1


def test_an_investigator_of_another_site_finds_nothing(correction: Correction) -> None:
    key, other = correction.request(), correction.other_investigator
    with pytest.raises(NotFound):
        correction.decide(key, by=other)
    with pytest.raises(NotFound):
        correction.request(by=other)
    with correction.clinic.database.reading() as session:
        with pytest.raises(NotFound):
            load_clarification(session, key, actor=other, language="fr")
        assert list_clarifications(session, actor=other, language="fr") == []


@pytest.mark.parametrize("role", ["coordinator", "monitor", "statistician", "administrator", "inspector"])
def test_those_outside_the_site_neither_ask_nor_see(correction: Correction, role: str) -> None:
    key = correction.request()
    person = replace(correction.clinic.coordinator, role=role)
    with pytest.raises(NotPermitted):
        correction.request(by=person)
    with correction.clinic.database.reading() as session:
        with pytest.raises(NotPermitted):
            load_clarification(session, key, actor=person, language="fr")
        with pytest.raises(NotFound):
            list_clarifications(session, actor=person, language="fr")


def test_the_participant_cannot_ask_past_the_site(correction: Correction) -> None:
    with pytest.raises(NotPermitted):
        correction.request(by=correction.clinic.person(correction.participant_id))


def test_a_nurse_sees_what_she_typed_and_never_what_stands(correction: Correction) -> None:
    key = correction.request(wants(WantedItem(INSTRUMENT, 5, "answered", 4)))
    colleague = replace(correction.nurse, account_id=correction.clinic.monitor.account_id)
    with correction.clinic.database.reading() as session:
        seen = load_clarification(session, key, actor=correction.nurse, language="fr")
        by_colleague = load_clarification(session, key, actor=colleague, language="fr")
        by_investigator = load_clarification(session, key, actor=correction.investigator, language="fr")
    assert [(change.present, change.wanted[0]) for change in seen.changes] == [("", "4")]
    assert by_colleague.changes == ()
    assert by_colleague.line.item_numbers == (5,)
    assert [(c.present[0], c.wanted[0]) for c in by_investigator.changes] == [("2", "4")]
    assert [view.may_decide for view in (seen, by_colleague, by_investigator)] == [False, False, True]
