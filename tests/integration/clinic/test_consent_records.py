"""What becomes of a consent after enrolment: recorded once, corrected by the next record, never changed."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from clinic_world import Clinic, noon
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DatabaseError

from pro_app.errors import InputRejected, NotFound, NotPermitted
from pro_app.services.consent_records import (
    ConsentSaid,
    correct_consent,
    list_consent_lines,
    record_consent,
)
from pro_app.services.participant_information import load_own_information
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload
from pro_app.storage.tables.consent_records import ConsentRecord

ENROLLED = date(2026, 1, 5)
LATER = noon(date(2026, 2, 10))
SIGNED = ConsentSaid("notice_signed", date(2026, 2, 9), "3.0")


@pytest.fixture
def person(clinic: Clinic) -> int:
    """Give a participant of the first site."""
    return clinic.enrol(ENROLLED)


def record(clinic: Clinic, person: int, said: ConsentSaid = SIGNED) -> int:
    with clinic.writing() as session:
        return record_consent(session, person, said, actor=clinic.nurse, now=LATER)


def correct(clinic: Clinic, person: int, key: int, *, said: ConsentSaid | None) -> int:
    with clinic.writing() as session:
        return correct_consent(
            session, key, said, participant_id=person, reason="Wrong page.", actor=clinic.nurse, now=LATER
        )


def own_notice(clinic: Clinic, person: int) -> tuple[str, date]:
    with clinic.database.reading() as session:
        said = load_own_information(session, actor=clinic.person(person))
        return said.notice_version, said.signed_on


def test_the_patient_reads_which_notice_was_signed_last(clinic: Clinic, person: int) -> None:
    assert own_notice(clinic, person) == ("2.1", ENROLLED)
    key = record(clinic, person)
    record(clinic, person, replace(SIGNED, kind="copy_given", notice_version="9.9"))
    assert own_notice(clinic, person) == ("3.0", date(2026, 2, 9))
    following = correct(clinic, person, key, said=replace(SIGNED, notice_version="3.1"))
    assert own_notice(clinic, person) == ("3.1", date(2026, 2, 9))
    correct(clinic, person, following, said=None)
    assert own_notice(clinic, person) == ("2.1", ENROLLED)


def test_the_same_form_sent_twice_is_one_record(clinic: Clinic, person: int) -> None:
    key = record(clinic, person)
    assert record(clinic, person) == key
    wanted = replace(SIGNED, notice_version="3.1")
    following = correct(clinic, person, key, said=wanted)
    assert correct(clinic, person, key, said=wanted) == following
    with pytest.raises(InputRejected, match="corrected meanwhile"):
        correct(clinic, person, key, said=replace(SIGNED, notice_version="3.2"))


def test_the_history_shows_each_entry_with_what_took_its_place(clinic: Clinic, person: int) -> None:
    key = record(clinic, person)
    following = correct(clinic, person, key, said=replace(SIGNED, notice_version="3.1"))
    with clinic.database.reading() as session:
        lines = list_consent_lines(session, person, actor=clinic.monitor)
    shown = [(line.record_id, line.notice_version, line.superseded_by, line.holds) for line in lines]
    assert shown == [(following, "3.1", None, True), (key, "3.0", following, False)]


def test_the_trail_says_what_it_was_and_what_it_became_and_why(clinic: Clinic, person: int) -> None:
    key = record(clinic, person)
    correct(clinic, person, key, said=replace(SIGNED, notice_version="3.1"))
    with clinic.database.reading() as session:
        rows = session.execute(
            select(AuditEntry.reason, AuditEntry.chain, AuditPayload.items)
            .join(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
            .where(AuditEntry.action == "consent.record")
            .order_by(AuditEntry.id)
        ).all()
    assert [row[0] for row in rows] == [None, "Wrong page."]
    assert {row[1] for row in rows} == {f"site:{clinic.site_id}"}
    assert {"field": "notice_version", "before": "3.0", "after": "3.1"} in rows[1][2]


@pytest.mark.parametrize(
    ("said", "place"),
    [
        (replace(SIGNED, occurred_on=date(2026, 2, 11)), "occurred_on"),
        (replace(SIGNED, occurred_on=ENROLLED - timedelta(days=1)), "occurred_on"),
        (replace(SIGNED, notice_version=" "), "notice_version"),
        (replace(SIGNED, notice_version="x" * 41), "notice_version"),
        (replace(SIGNED, kind="partly_withdrawn"), "remark"),
        (replace(SIGNED, kind="something"), "kind"),
        (replace(SIGNED, remark="x" * 301), "remark"),
    ],
)
def test_what_is_wrong_is_named(clinic: Clinic, person: int, said: ConsentSaid, *, place: str) -> None:
    with pytest.raises(InputRejected) as rejected:
        record(clinic, person, said)
    assert [problem.place for problem in rejected.value.problems] == [place]


def test_only_the_site_records(clinic: Clinic, person: int) -> None:
    for actor, error in (
        (clinic.other_nurse, NotFound),
        (clinic.coordinator, NotPermitted),
        (clinic.monitor, NotPermitted),
    ):
        with clinic.writing() as session, pytest.raises(error):
            record_consent(session, person, SIGNED, actor=actor, now=LATER)


def test_the_database_refuses_to_change_or_delete_a_record(clinic: Clinic, person: int) -> None:
    record(clinic, person)
    for statement in (update(ConsentRecord).values(notice_version="4"), delete(ConsentRecord)):
        # Where the application has a role of its own, that one is not even allowed to ask.
        refused = r"never changes|permission denied"
        with pytest.raises(DatabaseError, match=refused), clinic.writing() as session:
            session.execute(statement)
