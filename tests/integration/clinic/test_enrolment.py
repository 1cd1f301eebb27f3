from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from clinic_world import Clinic, noon
from sqlalchemy import event, func, select

from pro_app.contacts.vault import Contact
from pro_app.errors import InputRejected, NotFound
from pro_app.services.contact_changes import (
    ContactChange,
    SharedContact,
    change_contact,
    find_shared_change,
    find_shared_contact,
)
from pro_app.services.contact_details import parse_contact, written_telephone
from pro_app.services.contact_sweep import sweep_contacts
from pro_app.services.enrolment import Enrolment, enrol_participant
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.participants import Participant

TODAY = date(2026, 3, 2)
CHANGE = ContactChange("b.durand@example.fr", None, "fr", "Europe/Paris", 18)


def enrol(clinic: Clinic, said: Enrolment, minutes: int = 0) -> int:
    with clinic.writing() as session:
        now = noon(TODAY) + timedelta(minutes=minutes)
        return enrol_participant(session, said, vault=clinic.vault, actor=clinic.nurse, now=now).id


def refused_places(clinic: Clinic, said: Enrolment) -> list[str]:
    with pytest.raises(InputRejected) as rejected:
        enrol(clinic, said)
    with clinic.database.reading() as session:
        assert session.scalar(select(func.count(Participant.id))) == 0
    return [problem.place for problem in rejected.value.problems]


def test_enrolling_keeps_contacts_in_the_vault_and_out_of_the_audit_trail(clinic: Clinic) -> None:
    participant_id = enrol(clinic, clinic.enrolment())
    with clinic.database.reading() as session:
        participant = session.get_one(Participant, participant_id)
        events = session.scalars(select(ParticipantEvent)).all()
        payloads = str([payload.items for payload in session.scalars(select(AuditPayload))])
    assert clinic.vault.find(participant.contact_ref) == Contact("a.dupont@example.fr", "+33612345678")
    assert [(event.kind, event.occurred_on) for event in events] == [("enrolled", date(2026, 1, 5))]
    assert "participant_code" in payloads
    assert "'email'" in payloads
    assert "dupont" not in payloads
    assert "612345678" not in payloads


def test_both_contacts_may_be_absent(clinic: Clinic) -> None:
    participant_id = enrol(clinic, clinic.enrolment(email="", telephone=None))
    with clinic.database.reading() as session:
        reference = session.get_one(Participant, participant_id).contact_ref
    assert clinic.vault.find(reference) == Contact(None, None)


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        ({"participant_code": "  "}, ["participant_code"]),
        ({"participant_code": "15 ; drop"}, ["participant_code"]),
        ({"participant_code": "É-1"}, ["participant_code"]),
        ({"participant_code": "9" * 41}, ["participant_code"]),
        ({"consented_on": date(2021, 10, 17)}, ["consented_on"]),
        ({"consented_on": TODAY + timedelta(days=1)}, ["consented_on"]),
        ({"notice_version": " "}, ["notice_version"]),
        ({"notice_version": "x" * 41}, ["notice_version"]),
        ({"email": "a.dupont@"}, ["email"]),
        ({"email": "a@b.fr\nBcc: x@y.fr"}, ["email"]),
        ({"email": "rené@example.fr"}, ["email"]),
        ({"telephone": "06 12"}, ["telephone"]),
        ({"telephone": "call me"}, ["telephone"]),
        ({"language": "de"}, ["language"]),
        ({"zone": "Mars/Olympus"}, ["zone"]),
        ({"reminder_hour": 7}, ["reminder_hour"]),
        ({"reminder_hour": 20}, ["reminder_hour"]),
        (
            {"participant_code": "", "email": "x", "telephone": "y"},
            ["participant_code", "email", "telephone"],
        ),
    ],
)
def test_every_bad_field_is_named_and_nobody_is_enrolled(
    clinic: Clinic, changes: dict[str, object], places: list[str]
) -> None:
    assert refused_places(clinic, clinic.enrolment(**changes)) == places


def test_a_code_used_before_is_refused_at_its_field(clinic: Clinic) -> None:
    enrol(clinic, clinic.enrolment())
    with pytest.raises(InputRejected) as rejected:
        enrol(clinic, clinic.enrolment(participant_code=" 15-001 ", notice_version="3"))
    assert [problem.place for problem in rejected.value.problems] == ["participant_code"]


def test_the_same_form_sent_twice_enrols_once(clinic: Clinic) -> None:
    first = enrol(clinic, clinic.enrolment())
    second = enrol(clinic, clinic.enrolment(), minutes=1)
    with clinic.database.reading() as session:
        entries = session.scalar(
            select(func.count(AuditEntry.id)).where(AuditEntry.action == "participant.enrol")
        )
    assert (first, entries) == (second, 1)


def test_the_same_form_an_hour_later_is_a_code_used_before(clinic: Clinic) -> None:
    enrol(clinic, clinic.enrolment())
    with pytest.raises(InputRejected):
        enrol(clinic, clinic.enrolment(), minutes=60)


def test_the_same_form_sent_eight_times_at_once_enrols_once(clinic: Clinic) -> None:
    with ThreadPoolExecutor(8) as pool:
        enrolled = set(pool.map(lambda _: enrol(clinic, clinic.enrolment()), range(8)))
    assert len(enrolled) == 1


def test_a_site_out_of_reach_does_not_exist(clinic: Clinic) -> None:
    with pytest.raises(NotFound):
        enrol(clinic, clinic.enrolment(site_id=clinic.other_site_id))


def test_a_shared_contact_is_told_by_code_at_the_own_site_and_by_number_elsewhere(clinic: Clinic) -> None:
    enrol(clinic, clinic.enrolment())
    elsewhere = clinic.enrolment(site_id=clinic.other_site_id, participant_code="16-001", telephone=None)
    with clinic.writing() as session:
        enrol_participant(session, elsewhere, vault=clinic.vault, actor=clinic.other_nurse, now=noon(TODAY))
    third = clinic.enrolment(participant_code="15-002")
    with clinic.database.reading() as session:
        shared = find_shared_contact(session, third, vault=clinic.vault, actor=clinic.nurse)
        alone = find_shared_contact(
            session,
            clinic.enrolment(participant_code="15-002", email=None, telephone=None),
            vault=clinic.vault,
            actor=clinic.nurse,
        )
    assert shared == SharedContact(codes=("15-001",), elsewhere=1)
    assert alone is None


def test_changing_the_contact_is_audited_by_field_and_not_by_value(clinic: Clinic) -> None:
    participant_id = enrol(clinic, clinic.enrolment())
    for _ in range(2):
        with clinic.writing() as session:
            changed = change_contact(
                session, participant_id, CHANGE, vault=clinic.vault, actor=clinic.nurse, now=noon(TODAY)
            )
            reference, hour = changed.contact_ref, changed.reminder_hour
    with clinic.database.reading() as session:
        entries = session.execute(
            select(AuditPayload.items)
            .join(AuditEntry, AuditEntry.id == AuditPayload.entry_id)
            .where(AuditEntry.action == "contact.change")
        ).all()
    assert (hour, clinic.vault.find(reference)) == (18, Contact("b.durand@example.fr", None))
    assert [{item["field"] for item in items} for (items,) in entries] == [
        {"reminder_hour", "email", "telephone"}
    ]
    assert "durand" not in str(entries)


def test_an_own_contact_is_not_shared_with_oneself(clinic: Clinic) -> None:
    participant_id = enrol(clinic, clinic.enrolment())
    same = ContactChange("a.dupont@example.fr", "+33612345678", "fr", "Europe/Paris", 10)
    with clinic.database.reading() as session:
        shared = find_shared_change(session, participant_id, same, vault=clinic.vault, actor=clinic.nurse)
    assert shared is None


def test_a_contact_out_of_reach_cannot_be_changed(clinic: Clinic) -> None:
    participant_id = enrol(clinic, clinic.enrolment())
    with pytest.raises(NotFound), clinic.writing() as session:
        change_contact(
            session, participant_id, CHANGE, vault=clinic.vault, actor=clinic.other_nurse, now=noon(TODAY)
        )


@pytest.mark.parametrize(
    ("typed", "zone", "kept"),
    [
        ("06.12.34.56.78", "Europe/Paris", "+33612345678"),
        ("+33 6 12 34 56 78", "Europe/Paris", "+33612345678"),
        ("0692 12 34 56", "Indian/Reunion", "+262692123456"),
        ("0690 00 11 22", "America/Guadeloupe", "+590690001122"),
        ("75 12 34", "Pacific/Noumea", "+687751234"),
        ("+41 79 123 45 67", "Europe/Paris", "+41791234567"),
    ],
)
def test_telephones_of_france_and_overseas_are_understood(typed: str, zone: str, kept: str) -> None:
    assert parse_contact(email=None, telephone=typed, zone=zone).telephone == kept


@pytest.mark.parametrize(
    "typed",
    ["++33612345678", "+ +33 6 12 34 56 78", "\uff0b\uff0b33612345678", "0612ABC678", "06 12 34 56 7", "+33"],
)
def test_what_is_no_telephone_is_refused_with_a_word_on_how_to_type_one(typed: str) -> None:
    with pytest.raises(InputRejected) as rejected:
        parse_contact(email=None, telephone=typed, zone="Europe/Paris")
    (problem,) = rejected.value.problems
    assert (problem.place, "Type 10 digits" in problem.message) == ("telephone", True)


def test_a_domain_with_accents_is_an_address_and_a_name_with_accents_is_refused_in_its_own_words() -> None:
    contact = parse_contact(email=" a.dupont@Société.fr", telephone=None, zone="Europe/Paris")
    assert contact.email == "a.dupont@société.fr"
    with pytest.raises(InputRejected) as rejected:
        parse_contact(email="rené@example.fr", telephone=None, zone="Europe/Paris")
    (problem,) = rejected.value.problems
    assert (problem.place, "before the @" in problem.message) == ("email", True)


def test_a_french_telephone_is_written_in_pairs() -> None:
    assert written_telephone("+33612345678") == "06 12 34 56 78"


class DiskFullError(Exception):
    """What the tests let happen while the audit trail is written."""


@contextmanager
def no_room_for_the_trail(clinic: Clinic) -> Iterator[None]:
    """Let every transaction fail that writes an audit entry."""

    def fail(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO audit_entries"):
            raise DiskFullError

    event.listen(clinic.database.engine, "before_cursor_execute", fail)
    yield
    event.remove(clinic.database.engine, "before_cursor_execute", fail)


def test_a_contact_never_changes_without_its_audit_entry(clinic: Clinic) -> None:
    participant_id = enrol(clinic, clinic.enrolment())
    with no_room_for_the_trail(clinic), pytest.raises(DiskFullError), clinic.writing() as session:
        change_contact(
            session, participant_id, CHANGE, vault=clinic.vault, actor=clinic.nurse, now=noon(TODAY)
        )
    with clinic.database.reading() as session:
        reference = session.get_one(Participant, participant_id).contact_ref
    assert clinic.vault.find(reference).email == "a.dupont@example.fr"


def test_an_enrolment_that_fails_leaves_no_contact(clinic: Clinic) -> None:
    with no_room_for_the_trail(clinic), pytest.raises(DiskFullError):
        enrol(clinic, clinic.enrolment())
    assert clinic.vault.list_refs_saved_before(noon(TODAY) + timedelta(days=1)) == frozenset()


def abandon_enrolment(clinic: Clinic) -> None:
    """Enrol, and let the transaction come to nothing after everything was written."""
    with clinic.writing() as session:
        said = clinic.enrolment(participant_code="15-099")
        enrol_participant(session, said, vault=clinic.vault, actor=clinic.nurse, now=noon(TODAY))
        session.rollback()


def test_nobody_is_warned_of_a_contact_that_belongs_to_nobody(clinic: Clinic) -> None:
    abandon_enrolment(clinic)
    with clinic.database.reading() as session:
        shared = find_shared_contact(session, clinic.enrolment(), vault=clinic.vault, actor=clinic.nurse)
    assert shared is None


def test_the_sweep_deletes_only_contacts_of_nobody_that_are_an_hour_old(clinic: Clinic) -> None:
    participant_id = enrol(clinic, clinic.enrolment(email="b.durand@example.fr"))
    abandon_enrolment(clinic)
    later = noon(TODAY) + timedelta(hours=1)
    swept = [
        sweep_contacts(clinic.database, clinic.vault, now=now)
        for now in (later, later + timedelta(seconds=1), later + timedelta(seconds=2))
    ]
    with clinic.database.reading() as session:
        reference = session.get_one(Participant, participant_id).contact_ref
    assert swept == [0, 1, 0]
    assert clinic.vault.list_refs_saved_before(later) == {reference}


def test_nothing_is_swept_beside_a_database_that_knows_none_of_the_contacts(clinic: Clinic) -> None:
    abandon_enrolment(clinic)
    assert sweep_contacts(clinic.database, clinic.vault, now=noon(TODAY) + timedelta(days=1)) == 0
