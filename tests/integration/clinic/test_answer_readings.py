"""The investigator of the site reads answers with a reason, for half an hour, and says what was done."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from clarification_world import INSTRUMENT, LATER, Correction, build_correction
from clinic_world import Clinic
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from pro_app.audit.actor import Actor
from pro_app.errors import InputRejected, NotFound, NotPermitted
from pro_app.services.answer_readings import (
    AnswerReading,
    FollowUp,
    ReadForm,
    find_own_reading,
    list_read_forms,
    load_reachable,
    open_reading,
    record_follow_up,
)
from pro_app.services.clarifications.matters import list_matters
from pro_app.storage.queries.site_tasks import TaskScope
from pro_app.storage.tables.audit_trail import AuditEntry

REASON = "Pain, said on the telephone."


@pytest.fixture
def correction(clinic: Clinic) -> Correction:
    """Give a form that was sent, and the investigators of both sites."""
    return build_correction(clinic)


def read(correction: Correction, *, by: Actor | None = None, reason: str = REASON) -> AnswerReading:
    actor = by or correction.investigator
    with correction.clinic.writing() as session:
        return open_reading(session, correction.participant_id, reason=reason, actor=actor, now=LATER)


def look(correction: Correction, reading: AnswerReading, *, minutes: int, by: Actor) -> list[ReadForm]:
    with correction.clinic.database.reading() as session:
        now = LATER + timedelta(minutes=minutes)
        return list_read_forms(session, reading, actor=by, language="fr", now=now)


def follow_up(
    correction: Correction, reading: AnswerReading, said: FollowUp, *, by: Actor | None = None
) -> None:
    with correction.clinic.writing() as session:
        record_follow_up(session, reading.id, said, actor=by or correction.investigator, now=LATER)


def list_waiting(correction: Correction) -> list[str]:
    with correction.clinic.database.reading() as session:
        scope = TaskScope(correction.clinic.study_id, frozenset({correction.clinic.site_id}))
        return [f"{m.kind}:{m.about}" for m in list_matters(session, scope, now=LATER)]


def test_what_was_answered_is_read_while_the_reading_is_open_and_not_a_minute_longer(
    correction: Correction,
) -> None:
    reading = read(correction)
    for minutes in (0, 29):
        (form,) = look(correction, reading, minutes=minutes, by=correction.investigator)
        assert form.sheets[0].instrument_code == INSTRUMENT
        assert form.sheets[0].items_by_number[5].versions[-1].value == 2
    with pytest.raises(NotPermitted):
        look(correction, reading, minutes=30, by=correction.investigator)
    with correction.clinic.database.reading() as session:
        person = load_reachable(session, correction.participant_id, actor=correction.investigator)
        later = LATER + timedelta(minutes=30)
        assert find_own_reading(session, person, actor=correction.investigator, now=later) is None


def test_a_reading_is_its_readers_own(correction: Correction) -> None:
    reading = read(correction)
    colleague = replace(correction.investigator, account_id=correction.nurse.account_id)
    with pytest.raises(NotPermitted):
        look(correction, reading, minutes=1, by=colleague)


@pytest.mark.parametrize(
    "role", ["nurse", "coordinator", "monitor", "statistician", "administrator", "inspector"]
)
def test_nobody_but_the_investigator_of_the_site_reads(correction: Correction, role: str) -> None:
    site = frozenset({correction.clinic.site_id}) if role == "nurse" else None
    with pytest.raises(NotPermitted):
        read(correction, by=replace(correction.clinic.coordinator, role=role, site_ids=site))
    with pytest.raises(NotFound):
        read(correction, by=correction.other_investigator)
    with correction.clinic.database.reading() as session:
        assert session.scalars(select(AnswerReading)).all() == []


def test_a_reading_needs_a_reason(correction: Correction) -> None:
    for reason in ("  ", "x" * 501):
        with pytest.raises(InputRejected) as rejected:
            read(correction, reason=reason)
        assert [problem.place for problem in rejected.value.problems] == ["reason"]


def test_two_clicks_open_one_reading(correction: Correction) -> None:
    with ThreadPoolExecutor(2) as clicks:
        first, second = (done.id for done in clicks.map(lambda _: read(correction), range(2)))
    assert first == second
    with correction.clinic.database.reading() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "answers.read")).all()
    assert [(entry.actor, entry.reason) for entry in entries] == [
        (f"account:{correction.investigator.account_id}", REASON)
    ]


def test_what_was_done_waits_on_the_list_until_it_is_said(correction: Correction) -> None:
    reading = read(correction)
    request = correction.request()
    assert list_waiting(correction) == [f"clarification:{request}", f"reading_follow_up:{reading.id}"]
    follow_up(correction, reading, FollowUp("called"))
    correction.decide(request, accept=False)
    assert list_waiting(correction) == []


def test_what_was_done_is_said_once(correction: Correction) -> None:
    reading = read(correction)
    for said, place in ((FollowUp("other", " "), "text"), (FollowUp("shrugged"), "follow_up")):
        with pytest.raises(InputRejected) as rejected:
            follow_up(correction, reading, said)
        assert [problem.place for problem in rejected.value.problems] == [place]
    for _ in range(2):
        follow_up(correction, reading, FollowUp("other", "Seen by the dietician."))
    with pytest.raises(InputRejected, match="recorded already"):
        follow_up(correction, reading, FollowUp("called"))
    with pytest.raises(NotPermitted):
        follow_up(correction, reading, FollowUp("called"), by=correction.nurse)
    with pytest.raises(NotFound):
        follow_up(correction, reading, FollowUp("called"), by=correction.other_investigator)


@pytest.mark.parametrize(
    "statement", ["UPDATE answer_readings SET reason = 'another'", "DELETE FROM answer_readings"]
)
def test_the_database_itself_keeps_the_reason(correction: Correction, statement: str) -> None:
    read(correction)
    with pytest.raises(DBAPIError), correction.clinic.writing() as session:
        session.execute(text(statement))


def test_a_form_that_can_still_change_is_not_read(clinic: Clinic) -> None:
    correction = build_correction(clinic)
    clinic.record(correction.participant_id, "randomised", LATER.date(), arm="LUTATHERA")
    reading = read(correction)
    forms = look(correction, reading, minutes=1, by=correction.investigator)
    assert [form.assessment_id for form in forms] == [correction.assessment_id]


def test_a_corrected_answer_shows_what_stood_before(correction: Correction) -> None:
    correction.decide(correction.request())
    (form,) = look(correction, read(correction), minutes=1, by=correction.investigator)
    item = form.sheets[0].items_by_number[5]
    assert [version.value for version in item.versions] == [2, 4]
    assert item.is_corrected
